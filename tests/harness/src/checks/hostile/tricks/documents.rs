//! Documents that are no policy, and no switches.

use serde_json::{Value, json};

use super::super::centre::answer;
use super::super::shape::document;
use super::super::site::policy;
use super::{Trick, trick};
use crate::centre::Kind;

/// Bodies that any web server may send with 200: of a file, no policy.
pub(in super::super) fn bodies() -> Vec<Trick> {
    let ok = |body: Vec<u8>| answer("200 OK", "", body);
    let noise = (0..=u8::MAX).rev().cycle().take(4_096).collect();
    let bodies = [
        ("random bytes", noise, "policy refused: policy: is not JSON"),
        ("nothing", Vec::new(), "policy refused: policy: is empty"),
        (
            "a login page",
            b"<!doctype html>\n<title>Log in</title>".to_vec(),
            "policy refused: policy: is",
        ),
        (
            "JSON of something else",
            br#"{"openapi": "3.1.0", "paths": {}}"#.to_vec(),
            "policy refused: openapi: unknown field `openapi`",
        ),
        (
            "brackets in 100,000 levels",
            "[".repeat(100_000).into_bytes(),
            "policy refused: policy: nests deeper than 48 levels",
        ),
        (
            "its services twice",
            br#"{"schema": "graylane/v1", "services": [], "services": []}"#.to_vec(),
            "policy refused: policy: duplicate field `services`",
        ),
        (
            "a field that would write a line of the log",
            br#"{"a\n[critical] forged": 1}"#.to_vec(),
            r"policy refused: a\n[critical] forged: unknown field",
        ),
    ];
    let mut tricks: Vec<_> = bodies
        .into_iter()
        .map(|(name, body, says)| trick(name, ok(body), says))
        .collect();
    tricks.push(trick(
        "a gzip bomb of 100 MB",
        answer("200 OK", "content-encoding: gzip\r\n", bomb()),
        "policy refused: policy: is not JSON",
    ));
    tricks
}

/// Policies that nobody may have.
pub(in super::super) fn policies() -> Vec<Trick> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut policy = policy(0);
        change(&mut policy);
        document(Kind::Http, 1, policy.to_string().as_bytes())
    };
    vec![
        trick(
            "a schema to come",
            with(&|policy| policy["schema"] = "graylane/v2".into()),
            "policy refused: schema: unknown variant `graylane/v2`",
        ),
        trick(
            "a centre of its own",
            with(&|policy| {
                policy["remote"] = json!({ "cluster": "elsewhere", "http": {}, "policy": "/p" });
            }),
            "policy refused: remote: ",
        ),
        trick(
            "the tag in authorization",
            with(&|policy| policy["headers"] = json!({ "version": "authorization" })),
            r#"policy refused: headers.version: "authorization" has a meaning of its own"#,
        ),
        trick(
            "the cluster in :path",
            with(&|policy| policy["headers"] = json!({ "cluster": ":path" })),
            r#"policy refused: headers.cluster: ":path" is not the name of a header"#,
        ),
        trick(
            "tag and cluster in one header",
            with(&|policy| policy["headers"] = json!({ "version": "x-a", "cluster": "X-A" })),
            r#"policy refused: headers.cluster: "x-a" is the version's header as well"#,
        ),
        trick(
            "a cluster that would write a header",
            with(&|policy| {
                policy["services"][0]["versions"][1]["cluster"] = "a\r\nx-admin: 1".into();
            }),
            r#"policy refused: services[0].versions[1].cluster: "a\r\nx-admin: 1" cannot be"#,
        ),
        trick(
            "a pattern of a million states",
            with(&|policy| {
                let pattern = json!({ "path": { "matches": "(a{1,1000}){1,1000}" } });
                policy["services"][0]["rules"][0]["when"] = pattern;
            }),
            "compiled regex exceeded size limit",
        ),
    ]
}

/// Switches that are none, and those of what is not there.
pub(in super::super) fn switches() -> Vec<Trick> {
    let ok = |body: &str| answer("200 OK", "", body);
    let many: Vec<_> = (0..10_000)
        .map(|number| format!("\"s/v{number}\":1"))
        .collect();
    vec![
        trick(
            "switches of what is not there",
            ok(r#"{"pay/v7": "closed", "blue": 5}"#),
            "is of no service of the policy",
        ),
        trick(
            "switches with a line of the log",
            ok(r#"{"a\n[critical] forged/v2": "closed"}"#),
            r"a\n[critical] forged/v2: is of no",
        ),
        trick(
            "switches above 64 KiB",
            ok(&format!("{{{}}}", many.join(","))),
            "switches refused: switches: have",
        ),
        trick(
            "a switch twice",
            ok(r#"{"checkout/v2": 1, "checkout/v2": 2}"#),
            "stands twice",
        ),
        trick(
            "switches in 100,000 levels",
            ok(&"{\"a\":".repeat(100_000)),
            "switches refused",
        ),
        trick(
            "a switch of 1e999 %",
            ok(r#"{"checkout/v2": 1e999}"#),
            "switches refused",
        ),
        trick(
            "a switch of -5 %",
            ok(r#"{"checkout/v2": -5}"#),
            "switches refused",
        ),
        trick(
            "switches that are a policy",
            ok(&policy(0).to_string()),
            "switches refused",
        ),
    ]
}

/// Zeros, packed: a byte, and then over and over the 258 before it.
fn bomb() -> Vec<u8> {
    const REPEATS: usize = 100_000_000 / 258;
    let mut bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    let (mut byte, mut filled) = (0u8, 0);
    // The last block, by the codes that need no table; a zero; the codes of 258 bytes, one back.
    let head = [1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0];
    let again = [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0];
    let end = [0; 7];
    let body = std::iter::repeat_n(again, REPEATS).flatten();
    for bit in head.into_iter().chain(body).chain(end) {
        byte |= bit << filled;
        filled += 1;
        if filled == 8 {
            bytes.push(byte);
            (byte, filled) = (0, 0);
        }
    }
    bytes.push(byte);
    // Its checksum, which nobody comes to, and its length.
    bytes.extend([0; 4]);
    bytes.extend(
        u32::try_from(1 + REPEATS * 258)
            .unwrap_or_default()
            .to_le_bytes(),
    );
    bytes
}
