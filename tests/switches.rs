//! Switches over a policy: it decides as if they were written in it, and what they cannot mean is
//! told.

mod support;

use graylane::policy::Switches;
use graylane::{Error, Moment, Node, Policy, Rules, rules};
use serde_json::{Value, json};
use support::Sent;

fn policy() -> Value {
    json!({
        "schema": "graylane/v1",
        "services": [
            {
                "name": "checkout",
                "baseline": "v1",
                "versions": [{ "name": "v1" }, { "name": "v2" }, { "name": "v3" }],
                "rules": [
                    { "name": "testers", "when": { "header": { "name": "x-qa", "equals": "on" } }, "use": "v3" },
                    { "name": "it", "split": { "by": [{ "header": "x-user-id" }], "to": [
                        { "version": "v2", "percent": 30 },
                        { "version": "v3", "ramp": { "start": "2026-11-21T20:00:00Z", "steps": [{ "percent": 5, "for": "1h" }, { "percent": 20 }] } }
                    ] } },
                    { "name": "ranges", "split": { "by": [{ "header": "x-user-id" }], "to": [
                        { "version": "v2", "ranges": [{ "from": 0, "to": 30 }] }
                    ] } }
                ]
            },
            {
                "name": "pay",
                "baseline": "v1",
                "versions": [{ "name": "v1" }, { "name": "v7" }],
                "rules": [{ "name": "it", "split": { "by": [{ "header": "x-user-id" }], "to": [{ "version": "blue", "percent": 10 }] } }]
            }
        ],
        "lanes": [{ "name": "blue", "members": ["pay/v7"] }]
    })
}

fn edited(edits: &[(&str, Value)]) -> Value {
    let mut policy = policy();
    for (place, value) in edits {
        let (parent, field) = place.rsplit_once('/').unwrap();
        policy.pointer_mut(parent).unwrap()[field] = value.clone();
    }
    policy
}

fn parsed(policy: &Value) -> Policy {
    Policy::parse(policy.to_string().as_bytes()).unwrap()
}

fn switched(switches: &str) -> Result<(Rules, Vec<String>), Error> {
    let mut policy = parsed(&policy());
    let left_out = rules::switched(&mut policy, &Switches::parse(switches.as_bytes())?)?;
    Ok((Rules::compile(policy, &Node::default())?, left_out))
}

/// What the rules say, as far as switches reach: Rust's own words for all of it.
fn told(rules: &Rules) -> String {
    format!("{rules:?}")
}

#[test]
fn a_policy_decides_as_if_its_switches_were_written_in_it() {
    let cases = [
        ("", vec![]),
        (" \n", vec![]),
        ("{}", vec![]),
        (
            r#"{"checkout/v2": "closed"}"#,
            vec![("/services/0/versions/1/enabled", json!(false))],
        ),
        (
            r#"{"checkout/v2": 0, "pay/v7": "closed"}"#,
            vec![
                ("/services/0/rules/1/split/to/0/percent", json!(0)),
                ("/services/1/versions/1/enabled", json!(false)),
            ],
        ),
        (
            r#"{"checkout/v3": 12.345}"#,
            vec![(
                "/services/0/rules/1/split/to",
                json!([{ "version": "v2", "percent": 30 }, { "version": "v3", "percent": 12.345 }]),
            )],
        ),
        (
            r#"{"blue": "closed"}"#,
            vec![("/lanes/0/enabled", json!(false))],
        ),
        (
            r#"{"blue": 40}"#,
            vec![("/services/1/rules/0/split/to/0/percent", json!(40))],
        ),
    ];
    for (switches, edits) in cases {
        let (rules, left_out) = switched(switches).unwrap();
        let expected = Rules::compile(parsed(&edited(&edits)), &Node::default()).unwrap();
        assert_eq!(told(&rules), told(&expected), "{switches}");
        assert_eq!(left_out, [""; 0], "{switches}");
    }
}

#[test]
fn closing_holds_whatever_rules_say() {
    let (rules, _) = switched(r#"{"checkout/v3": "closed"}"#).unwrap();
    let slices = rules.services()[0].rules()[1].split().unwrap().slices_at(0);
    assert!(slices.iter().any(|slice| slice.version().name() == "v3"));
    let tester = Sent::default().with("x-qa", "on");
    let decision = graylane::decide(&rules, &tester, Moment::at(0));
    assert_eq!(decision.version(), Some("v1"));
    assert_eq!(decision.reason().name(), "closed");
}

#[test]
fn what_the_policy_has_no_place_for_is_told_and_the_rest_holds() {
    let switches = r#"{"cart/v2": "closed", "checkout/v9": 5, "green": "closed", "pay/v7": 5, "checkout/v1": "closed", "checkout/v2": "closed"}"#;
    let (rules, left_out) = switched(switches).unwrap();
    assert_eq!(
        left_out,
        [
            "switches.cart/v2: is of no service of the policy",
            "switches.checkout/v9: is no version of the service",
            "switches.green: is no lane of the policy; a version is written as <service>/<version>",
            "switches.pay/v7: has no percentage in the policy to set; close it, or change the policy",
            "switches.checkout/v1: is the baseline, behind which there is nothing; close others",
        ]
    );
    let closed = edited(&[("/services/0/versions/1/enabled", json!(false))]);
    let expected = Rules::compile(parsed(&closed), &Node::default()).unwrap();
    assert_eq!(told(&rules), told(&expected));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let large = format!("{{\"a/b\": \"closed\"{}}}", " ".repeat(64 * 1024));
    let cases = [
        ("[]", "switches: are sequence; write an object"),
        (
            "{",
            "switches: is not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            r#"{"checkout/v2": "shut"}"#,
            r#"switches.checkout/v2: is string "shut"; write "closed" or a percentage"#,
        ),
        (
            r#"{"checkout/v2": null}"#,
            r#"switches.checkout/v2: is null; write "closed" or a percentage"#,
        ),
        (
            r#"{"checkout/v2": 5, "checkout/v2": "closed"}"#,
            "switches.checkout/v2: stands twice; keep one",
        ),
        (
            r#"{"checkout/v2": 120}"#,
            "switches.checkout/v2: 120 is above 100",
        ),
        (
            r#"{"blue": 0.0001}"#,
            "switches.blue: 0.0001 has more than three decimals; the smallest step is 0.001",
        ),
        (
            &large,
            "switches: have 65553 bytes, above 65536; take out those that nothing needs",
        ),
    ];
    for (switches, sentence) in cases {
        let error = switched(switches).unwrap_err();
        assert_eq!(error.to_string(), sentence);
    }
}

#[test]
fn closures_are_what_is_left_where_shares_do_not_fit() {
    let switches = r#"{"checkout/v2": 90, "checkout/v3": "closed"}"#;
    let switches = Switches::parse(switches.as_bytes()).unwrap();
    assert_eq!(switches.closures().0.len(), 1);
    let mut policy = parsed(&policy());
    rules::switched(&mut policy, &switches.closures()).unwrap();
    let closed = edited(&[("/services/0/versions/2/enabled", json!(false))]);
    let own = Rules::compile(policy, &Node::default()).unwrap();
    let expected = Rules::compile(parsed(&closed), &Node::default()).unwrap();
    assert_eq!(told(&own), told(&expected));
}
