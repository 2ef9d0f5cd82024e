//! The document as a whole: its size, and how deep it nests.

use graylane::Policy;
use graylane::limits::{MAX_CONDITION_DEPTH, MAX_NESTING, MAX_POLICY_BYTES};
use serde_json::json;

use crate::support::{self, accept, load, wire};
use crate::{policy, service, when};

#[test]
fn bytes_of_a_policy() {
    let policy = policy(vec![service("checkout", vec![])]);
    let mut text = support::json(&policy);
    text.resize(MAX_POLICY_BYTES, b' ');
    load(&text).unwrap();
    text.push(b' ');
    let sentence = "policy: has 4194305 bytes, above 4194304; split it among several filters";
    assert_eq!(load(&text).unwrap_err().to_string(), sentence);

    let padded = |padding: usize| {
        let set = [format!("u{padding}"), "x".repeat(padding)];
        wire(&when(
            &json!({ "header": { "name": "x-user-id", "in": set } }),
        ))
    };
    // Near the bound, lengths and the padding's number have as many digits as at it.
    let overhead = padded(MAX_POLICY_BYTES - 1_000).len() - (MAX_POLICY_BYTES - 1_000);
    let within = padded(MAX_POLICY_BYTES - overhead);
    assert_eq!(within.len(), MAX_POLICY_BYTES);
    load(&within).unwrap();
    let above = padded(MAX_POLICY_BYTES - overhead + 1);
    assert_eq!(load(&above).unwrap_err().to_string(), sentence);
}

#[test]
fn levels_of_the_document() {
    // The conditions stand below five levels: policy, services, service, rules, rule.
    let nested = |levels: usize| {
        let mut condition = json!({ "path": { "equals": "/" } });
        for _ in 0..levels - 5 - 2 {
            condition = json!({ "not": condition });
        }
        when(&condition)
    };
    let sentence = "policy: nests deeper than 48 levels; flatten its conditions";
    for form in [support::json, wire] {
        Policy::parse(&form(&nested(MAX_NESTING))).expect("readable, if too deep to be compiled");
        let error = Policy::parse(&form(&nested(MAX_NESTING + 1))).unwrap_err();
        assert_eq!(error.to_string(), sentence);
    }
    let hostile = "[".repeat(1_000_000);
    assert_eq!(load(hostile.as_bytes()).unwrap_err().to_string(), sentence);
}

#[test]
fn the_language_fits_into_the_levels() {
    let mut condition = json!({ "header": { "name": "x-a", "in": ["b"] } });
    for _ in 1..MAX_CONDITION_DEPTH {
        condition = json!({ "all": [condition] });
    }
    accept(&when(&condition));
}
