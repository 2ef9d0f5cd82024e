//! Cookies: what a split and conditions read of them is what a plain reader does.
//!
//! The input's first line tells the cookie's name, each further one is a header's value.

use std::sync::LazyLock;

use graylane::{Bucket, Moment, Rules, SCALE, decide};
use serde_json::json;

use crate::asked::{Asked, lines, rules};

/// Names that begin with each other, and one with what names seldom hold.
pub(crate) const NAMES: [&str; 4] = ["uid", "ui", "u", "gray~s~r\"1"];

/// Of what `source` reads: who is in a half of all users, and a test of the values.
pub(crate) fn of_each_name(source: &str) -> Vec<[Rules; 2]> {
    let both = NAMES.map(|name| {
        let half = json!([{ "name": "half", "split": {
            "by": [{ source: name }],
            "to": [{ "version": "v2", "percent": 50 }],
            "missing": "next",
        } }]);
        let tests = json!([
            { "name": "on", "when": { source: { "name": name, "equals": "on" } }, "use": "v2" },
            { "name": "a", "when": { source: { "name": name, "prefix": "A", "ignore_case": true } }, "use": "v3" },
            { "name": "any", "when": { source: { "name": name, "present": true } }, "use": "v4" },
        ]);
        [rules(&half), rules(&tests)]
    });
    both.into()
}

static RULES: LazyLock<Vec<[Rules; 2]>> = LazyLock::new(|| of_each_name("cookie"));

/// Which name an input is about: by its first line, or the first of them.
pub(crate) fn named(line: &[u8]) -> usize {
    let named = NAMES.iter().position(|name| name.as_bytes() == line);
    named.unwrap_or_default()
}

pub(crate) fn run(data: &[u8]) {
    let mut lines = lines(data);
    let name = named(lines.next().unwrap_or_default());
    let values: Vec<_> = lines.collect();
    let read = read(&values, NAMES[name].as_bytes());
    let request = Asked::of("cookie", values);
    hold(&RULES[name], &request, &read);
}

/// Holds what the rules say of a request against the values that a plain reader finds in it.
pub(crate) fn hold([half, tests]: &[Rules; 2], request: &Asked<'_>, read: &[Vec<u8>]) {
    let decision = decide(half, request, Moment::default());
    // The first value is the key, and an empty one is none.
    let key = read.first().filter(|key| !key.is_empty());
    let bucket = key.map(|key| Bucket::of("s/half", key));
    assert_eq!(decision.bucket(), bucket, "{read:?}");
    let expected = match bucket {
        Some(bucket) if bucket.number() < SCALE / 2 => "v2",
        _ => "v1",
    };
    assert_eq!(decision.version(), Some(expected), "{read:?}");
    assert_eq!(
        decision.reason().name(),
        if key.is_some() { "rule" } else { "no_rule" }
    );

    let begins = |value: &Vec<u8>| matches!(value.first(), Some(b'a' | b'A'));
    let expected = if read.iter().any(|value| value == b"on") {
        "v2"
    } else if read.iter().any(begins) {
        "v3"
    } else if read.is_empty() {
        "v1"
    } else {
        "v4"
    };
    let decision = decide(tests, request, Moment::default());
    assert_eq!(decision.version(), Some(expected), "{read:?}");
}

/// The values of the cookies of a name, byte by byte.
fn read(headers: &[&[u8]], name: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for header in headers {
        let mut pair = Vec::new();
        for byte in header.iter().chain(b";") {
            if *byte != b';' {
                pair.push(*byte);
                continue;
            }
            if let Some(equals) = pair.iter().position(|byte| *byte == b'=') {
                let value = pair.split_off(equals);
                if trimmed(&pair) == name {
                    found.push(trimmed(&value[1..]).to_vec());
                }
            }
            pair.clear();
        }
    }
    found
}

fn trimmed(mut text: &[u8]) -> &[u8] {
    let space = |byte: u8| [b' ', b'\t', b'\r', b'\n', 0x0c].contains(&byte);
    while let [first, rest @ ..] = text
        && space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && space(*last)
    {
        text = rest;
    }
    text
}
