//! Requests without sense or manners: none may end the VM, and the module answers each as the
//! native core does.

use graylane::{Moment, decide, effects};
use serde_json::{Value, json};

use crate::host::{Noise, Vm};
use crate::support::{self, Bytes, Sent};

/// Reads whatever a policy can read, and follows a tag.
fn policy() -> Value {
    let split = |by: Value| json!({ "by": [by], "to": [{ "version": "v2", "percent": 50 }], "missing": "next" });
    json!({
        "schema": "graylane/v1",
        "role": "mesh",
        "services": [{
            "name": "checkout",
            "hosts": ["checkout.example.com", "*.example.org"],
            "baseline": "v1",
            "versions": [{ "name": "v1" }, { "name": "v2", "cluster": "checkout-v2" }],
            "rules": [
                { "name": "pattern", "when": { "header": { "name": "x-a", "matches": ".*é?[0-9]{2}.*" } }, "use": "v2" },
                { "name": "set", "when": { "cookie": { "name": "b", "in": ["1", "2"], "ignore_case": true } }, "use": "v2" },
                { "name": "network", "when": { "source_ip": ["128.0.0.0/2", "8000::/2"] }, "split": split(json!({ "source_ip": true })) },
                { "name": "query", "when": { "path": { "contains": "7" } }, "split": split(json!({ "query": "u" })) },
                { "name": "cookie", "split": split(json!({ "cookie": "b" })) },
                { "name": "key", "split": split(json!({ "header": "x-a" })) },
            ],
        }],
    })
}

const NAMES: [&str; 5] = [
    "x-a",
    "cookie",
    "x-gray-version",
    "x-gray-cluster",
    "x-other",
];
/// What has a meaning somewhere, so that noise gets behind the first test.
const PIECES: [&[u8]; 10] = [
    b"b=",
    b"1",
    b";",
    b"v2",
    b"v1",
    b"42",
    b"?u=",
    b"&",
    "é".as_bytes(),
    b"\xff",
];

fn value(noise: &mut Noise) -> Vec<u8> {
    if noise.below(3) == 0 {
        let length = noise.below(40);
        return noise.bytes(length);
    }
    let pieces = (0..noise.below(6)).map(|_| PIECES[noise.below(PIECES.len())]);
    pieces.collect::<Vec<_>>().concat()
}

fn text(noise: &mut Noise) -> String {
    String::from_utf8_lossy(&value(noise)).into_owned()
}

fn request(noise: &mut Noise) -> Sent {
    let host = match noise.below(4) {
        0 => text(noise),
        1 => format!("{}.example.org:8080", text(noise)),
        _ => "checkout.example.com".to_owned(),
    };
    let source = u32::try_from(noise.next() >> 32).expect("32 bits");
    let headers = (0..noise.below(8)).map(|_| {
        let name = NAMES[noise.below(NAMES.len())];
        (name.to_owned(), Bytes::Raw(value(noise)))
    });
    let headers = headers.collect();
    Sent {
        method: text(noise),
        path: format!("/{}", text(noise)),
        host,
        headers,
        claims: Value::Null,
        random: None,
        inbound: false,
        source_ip: (noise.below(4) > 0).then(|| std::net::Ipv4Addr::from_bits(source).into()),
    }
}

#[test]
fn noise_is_answered_as_natively() {
    let bytes = support::json(&policy());
    let rules = support::load(&bytes).unwrap();
    let mut vm = Vm::start();
    let root = vm.accept(&bytes);
    let mut noise = Noise(2026);
    let mut reasons = std::collections::BTreeMap::<_, u32>::new();
    for number in 0..5_000 {
        let sent = request(&mut noise);
        let decision = decide(&rules, &sent, Moment::default());
        *reasons.entry(decision.reason().name()).or_default() += 1;
        let expected = sent.clone().after(effects(&rules, &decision));
        let served = vm.serve(root, &sent);
        for name in NAMES {
            let (ours, theirs) = (expected.values(name), served.after.values(name));
            assert_eq!(ours, theirs, "{name}, request {number}: {sent:?}");
        }
        assert!(served.log.is_empty(), "{:?}", served.log);
    }
    println!("noise: {reasons:?}");
    let seen: Vec<_> = reasons.into_keys().collect();
    let all = ["followed", "foreign_tag", "no_rule", "no_service", "rule"];
    assert_eq!(seen, all, "reasons that noise has come to");
}
