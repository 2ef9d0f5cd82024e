//! traffic-tag: the first group that holds writes its tag; then one by weight; then the default.

use serde_json::Value;

use super::{
    Shares, WHOLE, cookie, documents, fits, header, imported, parameter, request, same, shares,
};
use crate::support::Sent;

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// What a group writes into a request, whose keys of percentages hash to this, from 0 to 99.
fn by_groups(config: &Value, sent: &Sent, hash: u64) -> Option<String> {
    for group in config["conditionGroups"].as_array().into_iter().flatten() {
        let any = text(&group["logic"]).eq_ignore_ascii_case("or");
        let tests = group["conditions"].as_array().cloned().unwrap_or_default();
        let mut holds = tests.iter().map(|test| {
            let key = text(&test["key"]);
            let value = match text(&test["conditionType"]).as_str() {
                "header" => header(sent, &key),
                "cookie" => cookie(sent, &key),
                _ => parameter(sent, &key),
            };
            // What is not there holds for nothing, not even for `not_equal`.
            let Some(value) = value else { return false };
            let values: Vec<_> = test["value"].as_array().unwrap().iter().map(text).collect();
            match text(&test["operator"]).as_str() {
                "equal" => value == values[0],
                "not_equal" => value != values[0],
                "prefix" => value.starts_with(&values[0]),
                "regex" => fits(&values[0], value, false),
                "in" => values.iter().any(|each| each == value),
                "not_in" => values.iter().all(|each| each != value),
                "percentage" => hash < values[0].parse().unwrap(),
                other => panic!("{other}"),
            }
        });
        let decided = !tests.is_empty()
            && if any {
                holds.any(|each| each)
            } else {
                holds.all(|each| each)
            };
        if decided {
            return Some(text(&group["headerValue"]));
        }
    }
    None
}

/// What is written where no group holds, by what is drawn, from 0 to 99.
fn by_weight(config: &Value, drawn: u64) -> Option<String> {
    let mut up_to = 0;
    for group in config["weightGroups"].as_array().into_iter().flatten() {
        up_to += group["weight"].as_u64().unwrap();
        if drawn < up_to {
            return Some(text(&group["headerValue"]));
        }
    }
    config["defaultTagVal"].as_str().map(str::to_owned)
}

/// The shares of all hashes and draws.
pub(super) fn expected(config: &Value, sent: &Sent) -> Shares {
    let mut shares = Shares::new();
    for hash in 0..100 {
        let grouped = by_groups(config, sent, hash);
        for drawn in 0..100 {
            let tag = grouped.clone().or_else(|| by_weight(config, drawn));
            let tag = tag.unwrap_or_else(|| "baseline".to_owned());
            *shares.entry(tag).or_default() += WHOLE / 10_000;
        }
    }
    shares
}

const REQUESTS: [&str; 16] = [
    "GET a.example.com/",
    "GET a.example.com/ x-role=tester",
    "GET a.example.com/ x-role=tester cookie:beta=yes-please",
    "GET a.example.com/ x-role=testers cookie:beta=yes-please x-region=us",
    "GET a.example.com/?preview=v1",
    "GET a.example.com/?preview=xv1 x-region=eu",
    "GET a.example.com/ x-user-id=7",
    "GET a.example.com/ x-user-id=7 x-region=us",
    "GET a.example.com/ x-user-id=7 x-region=eu uid=9",
    "GET a.example.com/ role=user",
    "GET a.example.com/ role=admin-1",
    "GET a.example.com/ uid=9 cookie:lang=en",
    "GET a.example.com/ uid=9 cookie:lang=en role=user",
    "GET a.example.com/ uid=9 cookie:lang=de role=admin",
    "GET a.example.com/ uid=9",
    "GET a.example.com/ x-region=us cookie:lang=en",
];

#[test]
fn the_same_requests_get_the_same_tags() {
    for (file, host, at) in [
        ("docs/examples/import/traffic-tag.yaml", "a.example.com", ""),
        (
            "tests/cli/import/higress/plugin.yaml",
            "a.example.com",
            "/spec/defaultConfig",
        ),
        (
            "tests/cli/import/higress/plugin.yaml",
            "pay.example.com",
            "/spec/matchRules/0/config",
        ),
    ] {
        let (text, documents) = documents(file);
        let config = documents[0].pointer(at).unwrap();
        let rules = imported(&text, &[]);
        for line in REQUESTS {
            let mut sent = request(line).with("x-drawn", "7");
            host.clone_into(&mut sent.host);
            let here = shares(&rules, &sent, |name, _| name.to_owned());
            let there = expected(config, &sent);
            assert!(
                same(&here, &there),
                "{file}: {line}: {here:?}, there {there:?}"
            );
        }
    }
}

#[test]
fn who_is_among_the_first_is_so_under_every_rule() {
    let (text, _) = documents("docs/examples/import/traffic-tag.yaml");
    let rules = imported(&text, &[]);
    let mut gray = 0;
    for user in 0..400 {
        let user = user.to_string();
        let with = |line: &str| {
            let sent = request(line).with("x-user-id", &user);
            let decision = graylane::decide(&rules, &sent, graylane::Moment::at(0));
            decision.version().unwrap().to_owned()
        };
        // The rest of one are all blue, and of the other mostly base.
        if with("GET a.example.com/ x-region=us") == "gray" {
            assert_eq!(with("GET a.example.com/"), "gray");
            gray += 1;
        }
    }
    assert!(gray > 0);
}
