//! Requests of any kind, decided by the policies of `tests/vectors`.
//!
//! The input's first line is the policy's number; each further one is of the request: `name: value`
//! for a header (`:method`, `:path` and `:authority` among them), or for `source_ip`, `claims` (JSON),
//! `now`, `random` and `inbound`.

use std::sync::LazyLock;

use graylane::{HeaderEffect, Moment, Node, Policy, Rules, effects};
use serde_json::Value;

use crate::asked::lines;
use crate::sound::{decided, told};
use crate::support::{self, Bytes, Sent};

/// The vectors' folder, from this package's.
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors");

/// Each policy compiled twice, with whether it is an edge that believes nobody.
static POLICIES: LazyLock<Vec<([Rules; 2], bool)>> = LazyLock::new(|| {
    let files = std::fs::read_dir(VECTORS).expect("the vectors are there");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let mut policies = Vec::new();
    for file in files {
        let text = std::fs::read(&file).expect("it is read");
        // Two of the files are no lists of policies.
        let Ok(Value::Array(vectors)) = serde_json::from_slice(&text) else {
            continue;
        };
        for vector in vectors {
            let Some(policy) = vector.get("policy") else {
                continue;
            };
            let node = Node {
                id: vector["node"].as_str().unwrap_or_default().to_owned(),
                ..Node::default()
            };
            let compile = || {
                let policy = Policy::parse(&support::json(policy)).expect("a vector's is right");
                Rules::compile(policy, &node).expect("a vector's is right")
            };
            let role = policy["role"].as_str().unwrap_or("edge");
            // With other names, a header called `x-gray-version` is like any other.
            let edge = role == "edge"
                && ["trust", "headers"]
                    .iter()
                    .all(|field| policy.get(field).is_none());
            policies.push(([compile(), compile()], edge));
        }
    }
    assert!(policies.len() > 50, "{} policies", policies.len());
    policies
});

pub(crate) fn run(data: &[u8]) {
    let mut lines = lines(data);
    let number = str::from_utf8(lines.next().unwrap_or_default()).ok();
    let number: usize = number
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    let (rules, edge) = &POLICIES[number % POLICIES.len()];
    let (request, now) = read(lines);
    let moment = Moment::at(now);
    let decision = decided(&rules[0], &request, moment);
    let other = decided(&rules[1], &request, moment);
    assert_eq!(
        told(&rules[0], &decision),
        told(&rules[1], &other),
        "by the same policy"
    );
    if *edge {
        drops_what_a_client_says(&rules[0], &request, moment);
    }
}

/// At an edge that believes nobody, what only proxies may write changes nothing.
pub(crate) fn drops_what_a_client_says(rules: &Rules, request: &Sent, moment: Moment<'_>) {
    let decision = decided(rules, request, moment);
    let mut forged = request.clone();
    for (name, value) in [
        ("x-gray-version", "v2"),
        ("x-gray-cluster", "checkout-v2"),
        ("x-gray-mirror", "checkout-v2"),
        ("baggage", "x-gray-version=v2"),
    ] {
        forged = forged.with(name, value);
    }
    let other = decided(rules, &forged, moment);
    assert_eq!(
        told(rules, &decision),
        told(rules, &other),
        "a client is believed"
    );
    // Nor does it come through: what goes on has the tag of the decision, or none.
    let after = forged.after(effects(rules, &other));
    let honest = request.clone().after(effects(rules, &decision));
    for effect in effects(rules, &other) {
        match effect {
            HeaderEffect::Set(name, _) | HeaderEffect::Remove(name) => {
                assert_eq!(
                    after.values(name),
                    honest.values(name),
                    "{name} comes through"
                );
            }
            HeaderEffect::Entry("x-gray-version", _) => {
                assert_eq!(members(&after), members(&honest), "an entry comes through");
            }
            // Another name's entry is not ours.
            HeaderEffect::Entry(..) | HeaderEffect::AddCookie(..) => {}
        }
    }
}

/// The members of `baggage`, in any order. Empty ones are none.
fn members(request: &Sent) -> Vec<Vec<u8>> {
    let all = request.values("baggage").join(&b","[..]);
    let members = all.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let members = members.filter(|member| !member.is_empty());
    let mut members: Vec<_> = members.map(<[u8]>::to_vec).collect();
    members.sort_unstable();
    members
}

fn read<'d>(lines: impl Iterator<Item = &'d [u8]>) -> (Sent, u64) {
    let (mut request, mut now) = (Sent::default(), 0);
    for line in lines {
        let colon = line.iter().skip(1).position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.map_or(line.len(), |at| at + 1));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = String::from_utf8_lossy(value);
        let Ok(name) = str::from_utf8(name) else {
            continue;
        };
        match name {
            ":method" => request.method = text.into_owned(),
            ":path" => request.path = text.into_owned(),
            ":authority" => request.host = text.into_owned(),
            "source_ip" => request.source_ip = text.parse().ok(),
            "claims" => request.claims = serde_json::from_slice(value).unwrap_or_default(),
            "now" => now = text.parse().unwrap_or_default(),
            "random" => request.random = text.parse().ok(),
            "inbound" => request.inbound = true,
            _ => request
                .headers
                .push((name.to_ascii_lowercase(), Bytes::Raw(value.to_vec()))),
        }
    }
    (request, now)
}
