//! The vectors in `tests/vectors`, run natively: each policy as JSON and as a protobuf `Struct`.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use graylane::guard::Standing;
use graylane::{
    Annotation, Bucket, Moment, Node, Policy, Rules, decide, drops_tag, effects, settable,
};
use serde_json::json;
use support::guards;
use support::vectors::{Answer, Case, DryRun, Vector, files, vectors, written};
use support::{Bytes, ROOT, Sent};

impl Vector {
    fn rules(&self, bytes: &[u8]) -> Rules {
        let node = Node {
            id: self.node.clone(),
            cluster: self.proxy.cluster.clone(),
            region: self.proxy.region.clone(),
            zone: self.proxy.zone.clone(),
            labels: self.proxy.labels.clone(),
        };
        let compiled = Policy::parse(bytes).and_then(|policy| Rules::compile(policy, &node));
        compiled.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

impl Case {
    /// The answer, with those headers that the expected one tells of.
    fn answer(&self, rules: &Rules, inbound: bool, standings: &[Standing]) -> Answer {
        let sent = Sent {
            inbound,
            ..self.sent()
        };
        let now = self.now;
        let moment = Moment { now, standings };
        let decision = decide(rules, &sent, moment);
        let cookies = decision.new_cookies();
        let answered = Answered(&self.answer);
        let settable = settable(&cookies, &answered);
        let dry_runs = decision.dry_runs().iter().map(|dry| {
            let rule = dry.reason.rule().map(|rule| rule.name().to_owned());
            DryRun(rule, dry.version.to_owned())
        });
        let after = sent.clone().after(effects(rules, &decision));
        let values = |name: &String| written(&after.values(name));
        let names = self.expect.headers.keys();
        Answer {
            service: decision.service().map(str::to_owned),
            version: decision.version().map(str::to_owned),
            cluster: decision.cluster().map(str::to_owned),
            rule: decision.rule().map(str::to_owned),
            reason: decision.reason().name().to_owned(),
            headers: names.map(|name| (name.clone(), values(name))).collect(),
            set_cookies: settable.map(|cookie| cookie.line.clone()).collect(),
            dry_runs: dry_runs.collect(),
            annotation: rules.annotates().then(|| {
                let annotation = Annotation::from(&decision).to_struct();
                annotation.escape_ascii().to_string()
            }),
            drops_tag: rules.annotates() && drops_tag(rules, &sent, moment),
        }
    }
}

/// An answer of these headers.
struct Answered<'c>(&'c [(String, String)]);

impl graylane::Answer for Answered<'_> {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let mut own = self.0.iter().filter(|(own, _)| own == name);
        own.any(|(_, value)| see(value.as_bytes()))
    }
}

#[test]
fn every_vector_holds_in_both_forms() {
    let mut wrong = Vec::new();
    for file in files() {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        for vector in vectors(&file) {
            let forms = [
                ("JSON", support::json(&vector.policy)),
                ("a Struct", support::wire(&vector.policy)),
            ];
            for (form, bytes) in forms {
                let rules = vector.rules(&bytes);
                let standings = guards::standings(&rules, &vector.before);
                for case in &vector.cases {
                    let answer = case.answer(&rules, vector.inbound, &standings);
                    if answer != case.expect {
                        wrong.push(format!(
                            "{name}: {}: {} (as {form})\n  expected {:?}\n  got      {answer:?}",
                            vector.name, case.name, case.expect
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_vector_says_what_becomes_of_both_headers() {
    for file in files() {
        for vector in vectors(&file) {
            let mut names = BTreeSet::new();
            for case in &vector.cases {
                let at = format!("{}: {}: {}", file.display(), vector.name, case.name);
                assert!(names.insert(&case.name), "{at}: the name stands twice");
                for (field, name) in [("version", "x-gray-version"), ("cluster", "x-gray-cluster")]
                {
                    let own = vector.policy["headers"][field].as_str().unwrap_or(name);
                    let told = case.expect.headers.contains_key(&own.to_lowercase());
                    assert!(told, "{at}: nothing of {own}");
                }
            }
        }
    }
}

/// Another implementation's buckets: those of Python's `mmh3`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Buckets {
    #[serde(rename = "about")]
    _about: String,
    keys: Vec<KeyBucket>,
    hashes: Vec<HashBucket>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBucket {
    salt: String,
    key: Bytes,
    bucket: u32,
}

/// The hash of a whole text, without a salt: the ends and the middle of what a hash can be.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct HashBucket {
    text: String,
    hash: u32,
    bucket: u32,
}

#[test]
fn buckets_are_those_of_another_implementation() {
    let file = fs::read(Path::new(ROOT).join("tests/vectors/buckets.json")).unwrap();
    let buckets: Buckets = serde_json::from_slice(&file).unwrap();
    assert!(buckets.keys.len() >= 20);
    assert!(buckets.hashes.len() >= 5);
    for KeyBucket { salt, key, bucket } in buckets.keys {
        let ours = Bucket::of(&salt, key.as_slice()).number();
        assert_eq!(ours, bucket, "{salt}:{key:?}");
    }
    for HashBucket { text, hash, bucket } in buckets.hashes {
        assert_eq!(murmur3::murmur3_32(&mut text.as_bytes(), 0).unwrap(), hash);
        assert_eq!(Bucket::project(hash).number(), bucket, "{text}");
    }
}

/// The runners' own encoder, against bytes that Google's protobuf for Python wrote.
#[test]
fn a_struct_is_encoded_as_protobuf_does() {
    let document = json!({
        "a": { "b": [true, false, null, -1.5, "é"] },
        "n": 10,
        "long": "x".repeat(200),
    });
    let golden = include_str!("support/struct.hex");
    let golden: Vec<_> = golden.trim().as_bytes().chunks(2).collect();
    let golden = golden.iter().map(|pair| str::from_utf8(pair).unwrap());
    let golden: Vec<_> = golden
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect();
    assert_eq!(support::wire(&document), golden);
}
