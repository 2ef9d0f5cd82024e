//! `baggage`: of its members only ours are read and written, the others are passed on as they came.
//!
//! The input's first line is the tag that is written, where it is a name; each further line is a
//! header's value.

use std::sync::LazyLock;

use graylane::{Moment, Rules, decide, rewritten};
use serde_json::json;

use crate::asked::{Asked, lines};
use crate::support;

const NAME: &str = "gray";

/// A mesh that follows an entry of this name.
static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let versions = ["v1", "v2", "v3"].map(|name| json!({ "name": name }));
    let service = json!({ "name": "s", "baseline": "v1", "versions": versions });
    let policy = json!({
        "schema": "graylane/v1",
        "role": "mesh",
        "carrier": "baggage",
        "headers": { "version": NAME },
        "services": [service],
    });
    support::load(&support::json(&policy)).expect("it is right")
});

pub(crate) fn run(data: &[u8]) {
    let mut lines = lines(data);
    let tag = str::from_utf8(lines.next().unwrap_or_default()).ok();
    let tag = tag.filter(|tag| is_name(tag));
    let values: Vec<_> = lines.collect();
    is_rewritten(&values.join(&b","[..]), tag);
    is_followed(&values);
}

fn is_name(text: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=63).contains(&text.len()) && text.bytes().all(valid)
}

fn is_rewritten(members: &[u8], tag: Option<&str>) {
    let split: Vec<_> = members.split(|byte| *byte == b',').collect();
    let (own, others): (Vec<_>, Vec<_>) = split.into_iter().partition(|member| {
        let name = member
            .split(|byte| *byte == b'=')
            .next()
            .unwrap_or_default();
        member.contains(&b'=') && name.trim_ascii() == NAME.as_bytes()
    });
    let others = others.into_iter().map(<[u8]>::trim_ascii);
    let others: Vec<_> = others.filter(|other| !other.is_empty()).collect();
    let entry = tag.map(|tag| format!("{NAME}={tag}"));
    let is_right = |member: &[u8]| {
        let value = member
            .iter()
            .position(|byte| *byte == b'=')
            .unwrap_or_default()
            + 1;
        tag.is_some_and(|tag| member.trim_ascii_end()[value..] == *tag.as_bytes())
    };
    let as_it_was = match &own[..] {
        [] => tag.is_none(),
        [own] => is_right(own),
        _ => false,
    };
    let first = entry.iter().map(String::as_bytes);
    let expected = first.chain(others).collect::<Vec<_>>().join(&b","[..]);
    let list = rewritten(members, NAME, tag);
    assert_eq!(list.is_none(), as_it_was, "{members:?} {tag:?}");
    if let Some(list) = list {
        assert_eq!(list, expected, "{members:?} {tag:?}");
        assert_eq!(
            rewritten(&list, NAME, tag),
            None,
            "once is enough: {list:?}"
        );
    }
}

fn is_followed(values: &[&[u8]]) {
    let mut request = Asked::of("baggage", values.iter().copied());
    let expected = match tag(values) {
        Some(tag) if tag == b"v2" => ("followed", "v2"),
        Some(tag) if tag == b"v3" => ("followed", "v3"),
        Some(tag) if tag.is_empty() || tag == b"v1" => ("no_rule", "v1"),
        Some(_) => ("foreign_tag", "v1"),
        None => ("no_rule", "v1"),
    };
    // As several headers, and as a host gives them that joins these.
    for joined in [false, true] {
        request.joined = joined;
        let decision = decide(&RULES, &request, Moment::default());
        let answer = (
            decision.reason().name(),
            decision.version().unwrap_or_default(),
        );
        assert_eq!(answer, expected, "{values:?} {joined}");
    }
}

/// The first entry's value, without properties, decoded.
fn tag(values: &[&[u8]]) -> Option<Vec<u8>> {
    for member in values
        .iter()
        .flat_map(|value| value.split(|byte| *byte == b','))
    {
        let Some(equals) = member.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        if member[..equals].trim_ascii() != NAME.as_bytes() {
            continue;
        }
        let value = member[equals + 1..].split(|byte| *byte == b';').next();
        return Some(decoded(value.unwrap_or_default().trim_ascii()));
    }
    None
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    let (mut bytes, mut at) = (Vec::new(), 0);
    while let Some(byte) = text.get(at) {
        let both = digit(at + 1).zip(digit(at + 2));
        if let (b'%', Some((high, low))) = (byte, both) {
            bytes.push(u8::try_from(high * 16 + low).expect("two digits"));
            at += 3;
        } else {
            bytes.push(*byte);
            at += 1;
        }
    }
    bytes
}
