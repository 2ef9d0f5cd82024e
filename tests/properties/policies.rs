//! Policies of every kind.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

const VERSIONS: [&str; 4] = ["v1", "v2", "v3", "v4"];

fn test_of_text() -> impl Strategy<Value = Value> {
    let values = || select(vec!["1", "on", "V2", "é", "uid", "/a"]);
    let operators = select(vec!["equals", "prefix", "suffix", "contains", "matches"]);
    let operator = prop_oneof![
        (operators, values()).prop_map(|(operator, value)| json!({ operator: value })),
        prop::collection::vec(values(), 1..4).prop_map(|set| json!({ "in": set })),
        any::<bool>().prop_map(|present| json!({ "present": present })),
    ];
    (operator, any::<bool>()).prop_map(|(mut operator, ignore_case)| {
        operator["ignore_case"] = ignore_case.into();
        operator
    })
}

fn condition() -> impl Strategy<Value = Value> {
    let named = (
        select(vec!["header", "cookie", "query"]),
        select(vec!["x-a", "x-b", "uid"]),
    );
    let leaf = prop_oneof![
        (named, test_of_text()).prop_map(|((kind, name), mut test)| {
            test["name"] = name.into();
            json!({ kind: test })
        }),
        (select(vec!["path", "method", "host"]), test_of_text())
            .prop_map(|(kind, test)| json!({ kind: test })),
        select(vec!["10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32"])
            .prop_map(|network| json!({ "source_ip": [network] })),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            inner.prop_map(|inner| json!({ "not": inner })),
            (select(vec!["all", "any"]), list).prop_map(|(kind, list)| json!({ kind: list })),
        ]
    })
}

fn action(versions: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let keys = vec![
        json!({ "header": "x-user-id" }),
        json!({ "cookie": "uid" }),
        json!({ "query": "uid" }),
        json!({ "source_ip": true }),
    ];
    // The baseline is the first, and is not split to.
    let targets = subsequence(&versions[1..], 1..=versions.len() - 1);
    let missing = select(vec!["baseline", "next", "random", "mint"]);
    prop_oneof![
        select(versions).prop_map(|version| json!({ "use": version })),
        (
            subsequence(keys, 1..=4),
            targets,
            missing,
            algorithm(),
            extents(),
            any::<bool>()
        )
            .prop_map(|(mut by, mut targets, missing, algorithm, extents, keep)| {
                if missing == "mint" {
                    by.push(json!({ "cookie": "uid" }));
                }
                if algorithm != "graylane-v1" {
                    targets.truncate(1);
                }
                let to = targets.iter().zip(extents).map(|(version, mut target)| {
                    target["version"] = (*version).into();
                    target
                });
                let to: Vec<_> = to.collect();
                let keep = keep && missing != "random";
                let mut split = json!({ "by": by, "to": to, "missing": missing, "keep": keep });
                if algorithm != "graylane-v1" {
                    split["algorithm"] = algorithm.into();
                    split["salt"] = "s".into();
                }
                json!({ "split": split })
            }),
    ]
}

fn algorithm() -> impl Strategy<Value = &'static str> {
    select(vec!["graylane-v1", "unleash", "flagd-v2"])
}

/// What three targets have, together at most 99 %: all ranges, or none.
fn extents() -> impl Strategy<Value = [Value; 3]> {
    let percent = || (0..=33u32).prop_map(|percent| json!({ "percent": percent }));
    let ramp = (0..=33u32, 0..=33u32).prop_map(|(first, then)| {
        let steps = json!([{ "percent": first, "for": "20d" }, { "percent": then }]);
        json!({ "ramp": { "start": "1970-01-10T00:00:00Z", "steps": steps } })
    });
    let sizes = prop::array::uniform3(prop_oneof![percent(), ramp]);
    let ranges = prop::array::uniform3(1..=33u32).prop_map(|widths| {
        [0, 1, 2].map(|at| {
            let from = [67, 0, 33][at];
            json!({ "ranges": [{ "from": from, "to": from + widths[at] }] })
        })
    });
    prop_oneof![sizes, ranges]
}

fn service(name: &'static str) -> impl Strategy<Value = Value> {
    let hosts = subsequence(
        vec!["a.example.com", "*.example.com", "b.example.com"],
        0..=3,
    );
    let versions = prop_oneof![
        Just(&VERSIONS[..2]),
        Just(&VERSIONS[..]),
        Just(&VERSIONS[1..])
    ];
    (hosts, versions, any::<bool>(), prop::bool::weighted(0.9)).prop_flat_map(
        move |(hosts, versions, clusters, enabled)| {
            let dry_run = prop::bool::weighted(0.2);
            let rule = (prop::option::of(condition()), action(versions), dry_run);
            prop::collection::vec(rule, 0..4).prop_map(move |rules| {
                let rules: Vec<_> = rules
                    .into_iter()
                    .enumerate()
                    .map(|(at, (when, mut rule, dry_run))| {
                        rule["name"] = format!("r{at}").into();
                        rule["dry_run"] = dry_run.into();
                        if let Some(when) = when {
                            rule["when"] = when;
                        }
                        rule
                    })
                    .collect();
                let versions: Vec<_> = versions
                    .iter()
                    .map(|version| {
                        let mut document = json!({ "name": version });
                        if clusters {
                            document["cluster"] = format!("{name}-{version}").into();
                        }
                        document
                    })
                    .collect();
                let mut service = json!({
                    "name": name,
                    "enabled": enabled,
                    "baseline": versions[0]["name"],
                    "versions": versions,
                });
                if !hosts.is_empty() {
                    service["hosts"] = json!(hosts);
                }
                if !rules.is_empty() {
                    service["rules"] = rules.into();
                }
                service
            })
        },
    )
}

/// A lane of the last version of the first service, and perhaps of the second.
fn lane() -> impl Strategy<Value = (Value, bool)> {
    let mode = select(vec!["permissive", "strict"]);
    let enabled = prop::bool::weighted(0.8);
    (enabled, mode, any::<bool>()).prop_map(|(enabled, mode, both)| {
        let lane = json!({ "name": "blue", "enabled": enabled, "mode": mode });
        (lane, both)
    })
}

/// Puts the lane into a policy: its members, and a rule of each service that names it.
fn with_lane(policy: &mut Value, (mut lane, both): (Value, bool)) {
    let services = policy["services"].as_array_mut().unwrap();
    let members = services
        .iter()
        .take(if both { 2 } else { 1 })
        .map(|service| {
            let last = service["versions"].as_array().unwrap().last().unwrap();
            let names = [&service["name"], &last["name"]].map(|name| name.as_str().unwrap());
            names.join("/")
        });
    lane["members"] = members.collect();
    for service in services {
        let rule = json!({
            "name": "lane",
            "when": { "header": { "name": "x-b", "present": true } },
            "use": "blue",
        });
        match service["rules"].as_array_mut() {
            Some(rules) => rules.insert(0, rule),
            None => service["rules"] = json!([rule]),
        }
    }
    policy["lanes"] = json!([lane]);
}

pub(crate) fn policy() -> impl Strategy<Value = Value> {
    let role = select(vec!["edge", "mesh", "auto"]);
    let stamp = select(vec!["all", "canary"]);
    let carrier = select(vec!["header", "baggage"]);
    let services = (service("a"), prop::option::of(service("b")));
    (services, role, stamp, carrier, prop::option::of(lane())).prop_map(
        |((first, second), role, stamp, carrier, lane)| {
            let services: Vec<_> = [Some(first), second].into_iter().flatten().collect();
            let mut policy = json!({
                "schema": "graylane/v1",
                "role": role,
                "stamp": stamp,
                "carrier": carrier,
                "services": services,
            });
            if let Some(lane) = lane {
                with_lane(&mut policy, lane);
            }
            policy
        },
    )
}
