//! Rules that are found by the values that they wait for: the same as if each were looked at.

use graylane::{Moment, decide};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::support::{self, Sent, load};

const VALUES: [&str; 6] = ["", "1", "on", "ON", "/a", "é"];

fn value() -> impl Strategy<Value = &'static str> {
    select(&VALUES[..])
}

/// Requests with these values, some several times.
fn asked() -> impl Strategy<Value = Sent> {
    let header = (select(vec!["x-a", "x-b"]), value());
    let headers = prop::collection::vec(header, 0..4);
    let cookie = prop::option::of(value());
    let path = select(vec!["/", "/a", "/a?uid=on", "/A?uid=1&uid=ON"]);
    let host = select(vec!["on", "ON:80", "checkout.example.com"]);
    (headers, cookie, path, host).prop_map(|(headers, cookie, path, host)| {
        let mut sent = Sent {
            path: path.to_owned(),
            host: host.to_owned(),
            ..Sent::default()
        };
        for (name, value) in headers {
            sent = sent.with(name, value);
        }
        match cookie {
            Some(value) => sent.with("cookie", &format!("uid={value}; uid=1")),
            None => sent,
        }
    })
}

/// Nearly all on whole values, of few places and few values, so that several rules in a row wait
/// for the same.
fn when() -> impl Strategy<Value = Value> {
    let values = prop_oneof![
        20 => value().prop_map(|value| json!({ "equals": value })),
        5 => prop::collection::vec(value(), 1..4).prop_map(|set| json!({ "in": set })),
        1 => value().prop_filter("some", |value| !value.is_empty())
            .prop_map(|value| json!({ "prefix": value })),
    ];
    let place = select(vec![
        ("header", Some("x-a")),
        ("header", Some("x-b")),
        ("cookie", Some("uid")),
        ("query", Some("uid")),
        ("path", None),
        ("host", None),
    ]);
    let leaf = (place, values, any::<bool>()).prop_map(|((kind, name), mut test, ignore_case)| {
        if let Some(name) = name {
            test["name"] = json!(name);
        }
        test["ignore_case"] = json!(ignore_case);
        json!({ kind: test })
    });
    prop_oneof![
        20 => leaf.clone(),
        5 => prop::collection::vec(leaf.clone(), 1..3).prop_map(|all| json!({ "all": all })),
        1 => prop::collection::vec(leaf.clone(), 1..3).prop_map(|any| json!({ "any": any })),
        1 => leaf.prop_map(|leaf| json!({ "not": leaf })),
    ]
}

fn policy(rules: &[(Option<Value>, &str)], plain: bool) -> Value {
    let rules = rules.iter().enumerate().map(|(at, (when, version))| {
        let mut rule = json!({ "name": format!("r{at}"), "use": version });
        if let Some(when) = when {
            // Turned around twice it says the same, and waits for no value.
            rule["when"] = if plain {
                json!({ "not": { "not": when } })
            } else {
                when.clone()
            };
        }
        // Most are only counted, so that those after them are asked as well.
        rule["dry_run"] = json!(at % 4 != 1);
        rule
    });
    json!({ "schema": "graylane/v1", "services": [{
        "name": "s",
        "baseline": "v1",
        "versions": [{ "name": "v1" }, { "name": "v2" }, { "name": "v3" }],
        "rules": rules.collect::<Vec<_>>(),
    }]})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_rule_that_is_not_looked_at_could_not_have_mattered(
        rules in prop::collection::vec(
            (prop::option::weighted(0.97, when()), select(vec!["v1", "v2", "v3"])),
            1..40,
        ),
        requests in prop::collection::vec(asked(), 20),
    ) {
        let found = load(&support::json(&policy(&rules, false))).unwrap();
        let walked = load(&support::json(&policy(&rules, true))).unwrap();
        for request in requests {
            let answers = [&found, &walked].map(|rules| {
                let decision = decide(rules, &request, Moment::default());
                let dry_runs = decision.dry_runs().iter();
                let dry_runs = dry_runs.map(|dry| dry.reason.rule().unwrap().name().to_owned());
                (
                    decision.rule().map(str::to_owned),
                    decision.version().map(str::to_owned),
                    dry_runs.collect::<Vec<_>>(),
                )
            });
            prop_assert_eq!(&answers[0], &answers[1]);
        }
    }
}
