//! What holds for every policy and every request.

mod support;

use std::collections::BTreeSet;

use graylane::rules::Split;
use graylane::{Bucket, HeaderEffect, Moment, Node, Policy, Rules, SCALE, decide, effects};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use support::{Bytes, Sent, load};

/// A policy that splits among these shares, in thousandths of a percent: `v2` has the first.
fn splitting(shares: &[u32]) -> Rules {
    let versions: Vec<_> = (0..=shares.len())
        .map(|at| json!({ "name": format!("v{}", at + 1) }))
        .collect();
    let to: Vec<_> = shares
        .iter()
        .enumerate()
        .map(|(at, share)| {
            json!({ "version": format!("v{}", at + 2), "percent": f64::from(*share) / 1_000.0 })
        })
        .collect();
    let split = json!({ "by": [{ "header": "x-user-id" }], "to": to });
    let service = json!({
        "name": "checkout",
        "baseline": "v1",
        "versions": versions,
        "rules": [{ "name": "ten", "split": split }],
    });
    let policy = json!({ "schema": "graylane/v1", "services": [service] });
    load(&support::json(&policy)).unwrap()
}

fn split(rules: &Rules) -> &Split {
    rules.services()[0].rules()[0].split().unwrap()
}

/// Who has each bucket, by the slices alone; 0 is the baseline.
fn owners(rules: &Rules) -> Vec<usize> {
    let mut owners = vec![0; SCALE as usize];
    for (at, slice) in split(rules).slices_at(0).iter().enumerate() {
        for bucket in slice.buckets() {
            let owner = &mut owners[bucket as usize];
            assert_eq!(*owner, 0, "two versions have bucket {bucket}");
            *owner = at + 1;
        }
    }
    owners
}

/// Up to so many shares that leave something or nothing, often at the ends.
fn shares(most: usize) -> impl Strategy<Value = Vec<u32>> {
    let share = prop_oneof![
        Just(0),
        Just(1),
        Just(SCALE - 1),
        Just(SCALE),
        0..=SCALE,
        0..=SCALE / 10
    ];
    prop::collection::vec(share, 1..=most).prop_map(|mut shares| {
        let mut left = SCALE;
        for share in &mut shares {
            *share = (*share).min(left);
            left -= *share;
        }
        shares
    })
}

/// Shares, and the same with one of them larger.
fn growth(most: usize) -> impl Strategy<Value = (Vec<u32>, Vec<u32>, usize)> {
    let parts = (shares(most), any::<prop::sample::Index>(), 0..=100u32);
    parts.prop_map(|(before, at, part)| {
        let at = at.index(before.len());
        let left = SCALE - before.iter().sum::<u32>();
        let mut after = before.clone();
        after[at] += left * part / 100;
        (before, after, at)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_version_has_its_share_exactly(shares in shares(5)) {
        let owners = owners(&splitting(&shares));
        for (at, share) in shares.iter().enumerate() {
            let has = owners.iter().filter(|&&owner| owner == at + 1).count();
            prop_assert_eq!(has, *share as usize);
        }
    }

    #[test]
    fn growing_a_share_takes_nobody_off_its_version((before, after, at) in growth(5)) {
        let before = owners(&splitting(&before));
        let after = owners(&splitting(&after));
        for (bucket, (before, after)) in before.into_iter().zip(after).enumerate() {
            prop_assert!(before != at + 1 || after == at + 1, "bucket {bucket}");
        }
    }

    #[test]
    fn with_two_canaries_a_change_moves_whom_it_must((before, after, at) in growth(2)) {
        let moved = (after[at] - before[at]) as usize;
        let before = owners(&splitting(&before));
        let after = owners(&splitting(&after));
        let mut count = 0;
        for (before, after) in before.into_iter().zip(after) {
            if before != after {
                prop_assert_eq!((before, after), (0, at + 1), "from the baseline, and to it");
                count += 1;
            }
        }
        prop_assert_eq!(count, moved);
    }

    #[test]
    fn a_key_has_what_its_bucket_has(shares in shares(4), keys in prop::collection::vec("[a-z0-9é]{1,12}", 200)) {
        let rules = splitting(&shares);
        let owners = owners(&rules);
        for key in keys {
            let bucket = Bucket::of(split(&rules).salt(), key.as_bytes()).number();
            let expected = format!("v{}", owners[bucket as usize] + 1);
            let request = Sent::default().with("x-user-id", &key);
            let decision = decide(&rules, &request, Moment::default());
            prop_assert_eq!(decision.version(), Some(&*expected));
        }
    }
}

const HEADERS: [&str; 6] = [
    "x-a",
    "x-b",
    "x-user-id",
    "cookie",
    "x-gray-version",
    "x-gray-cluster",
];
const HOSTS: [&str; 5] = [
    "a.example.com",
    "B.example.com:80",
    "x.b.example.com.",
    "example.com",
    "",
];
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
    let missing = select(vec!["baseline", "next", "random"]);
    prop_oneof![
        select(versions).prop_map(|version| json!({ "use": version })),
        (
            subsequence(keys, 1..=4),
            targets,
            missing,
            algorithm(),
            extents()
        )
            .prop_map(|(by, mut targets, missing, algorithm, extents)| {
                if algorithm != "graylane-v1" {
                    targets.truncate(1);
                }
                let to = targets.iter().zip(extents).map(|(version, mut target)| {
                    target["version"] = (*version).into();
                    target
                });
                let to: Vec<_> = to.collect();
                let mut split = json!({ "by": by, "to": to, "missing": missing });
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
            let rule = (prop::option::of(condition()), action(versions));
            prop::collection::vec(rule, 0..4).prop_map(move |rules| {
                let rules: Vec<_> = rules
                    .into_iter()
                    .enumerate()
                    .map(|(at, (when, mut rule))| {
                        rule["name"] = format!("r{at}").into();
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

fn policy() -> impl Strategy<Value = Value> {
    let role = select(vec!["edge", "mesh", "auto"]);
    let stamp = select(vec!["all", "canary"]);
    (service("a"), prop::option::of(service("b")), role, stamp).prop_map(
        |(first, second, role, stamp)| {
            let services: Vec<_> = [Some(first), second].into_iter().flatten().collect();
            json!({ "schema": "graylane/v1", "role": role, "stamp": stamp, "services": services })
        },
    )
}

fn request() -> impl Strategy<Value = Sent> {
    let value = prop_oneof![
        select(vec![
            "",
            "1",
            "on",
            "v1",
            "v2",
            "v9",
            "V2",
            "uid=1; x-a=on",
            "é"
        ])
        .prop_map(|text| Bytes::Text(text.to_owned())),
        prop::collection::vec(any::<u8>(), 0..6).prop_map(Bytes::Raw),
    ];
    let header = (select(&HEADERS[..]).prop_map(str::to_owned), value);
    (
        select(vec!["GET", "POST"]),
        select(vec!["/", "/a?uid=1&x-a=on", "/a?uid", "*", ""]),
        select(&HOSTS[..]),
        prop::collection::vec(header, 0..6),
        prop::option::of(any::<std::net::IpAddr>()),
    )
        .prop_map(|(method, path, host, headers, source_ip)| Sent {
            method: method.to_owned(),
            path: path.to_owned(),
            host: host.to_owned(),
            headers,
            source_ip,
            claims: Value::Null,
        })
}

/// A moment of the first 49 days of 1970, when plans here are carried out.
fn moment(bits: u32) -> Moment {
    Moment {
        random: bits,
        now: bits.into(),
    }
}

/// What a decision answers and does, in full.
fn answer(rules: &Rules, request: &Sent, moment: Moment) -> String {
    let decision = decide(rules, request, moment);
    let effects: Vec<_> = effects(rules, &decision).collect();
    format!(
        "{:?} {:?} {:?} {:?} {} {effects:?}",
        decision.service(),
        decision.version(),
        decision.cluster(),
        decision.rule(),
        decision.reason().name(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = Policy::parse(&bytes);
        // What begins as a Struct does.
        let _ = Policy::parse(&[b"\x0a", &bytes[..], b"\x12"].concat());
    }

    #[test]
    fn a_damaged_policy_is_read_without_a_panic(
        policy in policy(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        for mut bytes in [support::json(&policy), support::wire(&policy)] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = load(&bytes);
        }
    }

    #[test]
    fn a_decision_is_for_a_version_of_the_service(
        policy in policy(),
        requests in prop::collection::vec((request(), any::<u32>()), 20),
    ) {
        let rules = load(&support::json(&policy)).unwrap();
        for (request, random) in requests {
            let decision = decide(&rules, &request, moment(random));
            prop_assert_eq!(decision.service().is_some(), decision.version().is_some());
            let Some(name) = decision.service() else {
                prop_assert_eq!(decision.cluster(), None);
                continue;
            };
            let service = rules.services().iter().find(|each| each.name() == name).unwrap();
            let version = service.versions().find(|each| Some(each.name()) == decision.version());
            prop_assert_eq!(version.unwrap().cluster(), decision.cluster());
            if let Some(rule) = decision.rule() {
                prop_assert!(service.rules().iter().any(|each| each.name() == rule));
            } else if decision.reason().name() != "followed" {
                prop_assert_eq!(decision.version(), Some(service.baseline().name()));
            }
        }
    }

    #[test]
    fn the_same_input_has_the_same_answer(
        policy in policy(),
        requests in prop::collection::vec((request(), any::<u32>()), 20),
    ) {
        let rules = load(&support::json(&policy)).unwrap();
        let again = load(&support::wire(&policy)).unwrap();
        for (request, random) in requests {
            let first = answer(&rules, &request, moment(random));
            prop_assert_eq!(&first, &answer(&rules, &request, moment(random)));
            prop_assert_eq!(&first, &answer(&again, &request, moment(random)));
            let mut other = moment(random);
            if !rules.needs_random() {
                other.random = !random;
            }
            if !rules.needs_clock() {
                other.now = u64::MAX;
            }
            prop_assert_eq!(&first, &answer(&rules, &request, other));
        }
    }

    #[test]
    fn at_the_edge_a_client_cannot_choose(
        mut policy in policy(),
        requests in prop::collection::vec((request(), any::<u32>()), 20),
    ) {
        policy["role"] = "edge".into();
        let rules = load(&support::json(&policy)).unwrap();
        for (request, random) in requests {
            let mut honest = request.clone();
            honest.headers.retain(|(name, _)| !name.starts_with("x-gray-"));
            prop_assert_eq!(answer(&rules, &request, moment(random)), answer(&rules, &honest, moment(random)));
        }
    }

    #[test]
    fn the_hop_s_header_is_never_believed(
        policy in policy(),
        requests in prop::collection::vec((request(), any::<u32>()), 20),
    ) {
        let node = Node {
            id: "sidecar~x".to_owned(),
            ..Node::default()
        };
        let policy = Policy::parse(&support::json(&policy)).unwrap();
        let rules = Rules::compile(policy, &node).unwrap();
        let mut services = rules.services().iter();
        let names_clusters = services.any(|service| service.versions().any(|each| each.cluster().is_some()));
        for (request, random) in requests {
            let mut honest = request.clone();
            honest.headers.retain(|(name, _)| name != "x-gray-cluster");
            prop_assert_eq!(answer(&rules, &request, moment(random)), answer(&rules, &honest, moment(random)));
            let decision = decide(&rules, &request, moment(random));
            let after = request.after(effects(&rules, &decision));
            let cluster: Vec<_> = decision.cluster().map(str::as_bytes).into_iter().collect();
            prop_assert!(!names_clusters || after.values("x-gray-cluster") == cluster);
        }
    }

    #[test]
    fn effects_name_each_header_once(
        policy in policy(),
        requests in prop::collection::vec((request(), any::<u32>()), 20),
    ) {
        let rules = load(&support::json(&policy)).unwrap();
        for (request, random) in requests {
            let decision = decide(&rules, &request, moment(random));
            let mut names = BTreeSet::new();
            for effect in effects(&rules, &decision) {
                let (HeaderEffect::Set(name, _) | HeaderEffect::Remove(name)) = effect;
                prop_assert!(names.insert(name), "{name} stands twice");
            }
        }
    }
}

/// Not by chance: every bucket, for pairs of percentages before and after.
#[test]
fn a_change_moves_its_difference_and_nobody_else() {
    let pairs: [([u32; 2], [u32; 2]); 9] = [
        ([0, 0], [1, 0]),
        ([0, 0], [0, 1]),
        ([10_000, 5_000], [20_000, 5_000]),
        ([10_000, 5_000], [10_000, 50_000]),
        ([10_000, 5_000], [0, 5_000]),
        ([33_333, 33_333], [66_667, 33_333]),
        ([50_000, 0], [50_000, 50_000]),
        ([99_999, 0], [100_000, 0]),
        ([0, 100_000], [0, 0]),
    ];
    for (before, after) in pairs {
        let changed = usize::from(before[0] == after[0]);
        let difference = before[changed].abs_diff(after[changed]) as usize;
        let olds = owners(&splitting(&before));
        let news = owners(&splitting(&after));
        let moved: Vec<_> = olds
            .iter()
            .zip(&news)
            .filter(|(old, new)| old != new)
            .collect();
        assert_eq!(moved.len(), difference, "{before:?} to {after:?}");
        assert!(
            moved.iter().all(|(old, new)| **old == 0 || **new == 0),
            "{before:?} to {after:?}: from canary to canary"
        );
    }
}
