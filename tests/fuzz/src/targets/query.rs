//! Query parameters: what a split and conditions read of them is what a plain reader does; and so
//! is the path before them.
//!
//! The input's first line tells the parameter's name, the rest is the request's target.

use std::sync::LazyLock;

use graylane::{Moment, Rules, decide};
use serde_json::json;

use super::cookies::{NAMES, hold, named, of_each_name};
use crate::asked::{Asked, rules};

static RULES: LazyLock<Vec<[Rules; 2]>> = LazyLock::new(|| of_each_name("query"));

static PATHS: LazyLock<Rules> = LazyLock::new(|| {
    rules(&json!([
        { "name": "is", "when": { "path": { "equals": "/admin" } }, "use": "v2" },
        { "name": "ends", "when": { "path": { "suffix": "/" } }, "use": "v3" },
        { "name": "has", "when": { "path": { "contains": "min" } }, "use": "v4" },
    ]))
});

pub(crate) fn run(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (line, target) = data.split_at(end.unwrap_or_default());
    let name = named(line);
    let target = target.strip_prefix(b"\n").unwrap_or(target);
    let request = Asked::of(":path", [target]);
    let (path, values) = read(target, NAMES[name].as_bytes());
    hold(&RULES[name], &request, &values);

    let expected = if path == b"/admin" {
        "v2"
    } else if path.last() == Some(&b'/') {
        "v3"
    } else if path.windows(3).any(|part| part == b"min") {
        "v4"
    } else {
        "v1"
    };
    let decision = decide(&PATHS, &request, Moment::default());
    assert_eq!(decision.version(), Some(expected), "{path:?}");
}

/// The path, and the values of the parameters of a name: byte by byte.
fn read(target: &[u8], name: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut path, mut query, mut in_query) = (Vec::new(), Vec::new(), false);
    for byte in target {
        match byte {
            b'#' => break,
            b'?' if !in_query => in_query = true,
            _ if in_query => query.push(*byte),
            _ => path.push(*byte),
        }
    }
    let mut found = Vec::new();
    if in_query {
        let mut pair = Vec::new();
        for byte in query.iter().chain(b"&") {
            if *byte != b'&' {
                pair.push(*byte);
                continue;
            }
            let equals = pair.iter().position(|byte| *byte == b'=');
            let own = &pair[..equals.unwrap_or(pair.len())];
            if own == name {
                found.push(equals.map_or_else(Vec::new, |at| pair[at + 1..].to_vec()));
            }
            pair.clear();
        }
    }
    (path, found)
}
