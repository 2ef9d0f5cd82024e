//! Each warning where it is due, and none where it is not.

use std::fs;

use serde_json::{Value, json};

use crate::run::graylane;

/// A moment, in the middle of the times that policies here name.
const NOW: &str = "--at=2026-11-21T12:00:00Z";

/// Findings, each with its place, and the sentences of the same.
pub(crate) fn checked(policy: &Value) -> (Vec<String>, Vec<String>) {
    let ran = graylane(&["check", "-", NOW, "--format=json"], &policy.to_string());
    let checked = ran.json();
    let findings = checked[0]["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found = findings.map(|found| {
        let place = format!("{} {}", text(&found["severity"]), text(&found["place"]));
        (place, text(&found["problem"]))
    });
    found.unzip()
}

fn findings(policy: &Value) -> Vec<String> {
    checked(policy).0
}

fn policy() -> Value {
    json!({ "schema": "graylane/v1", "services": [{
        "name": "s",
        "hosts": ["s.example.com", "*.s.example.com"],
        "baseline": "v1",
        "versions": [{ "name": "v1" }, { "name": "v2", "cluster": "s-v2" }],
        "rules": [
            { "name": "a", "when": { "path": { "prefix": "/a" } }, "use": "v2" },
            { "name": "b", "split": { "by": [{ "header": "x-u" }], "to": [{ "version": "v2", "percent": 0 }] } },
        ],
    }]})
}

/// A second service, whose hosts are these.
fn beside(hosts: Value) -> Value {
    let mut service = policy()["services"][0].clone();
    service["name"] = json!("t");
    service["hosts"] = hosts;
    service
}

/// The policy with one change: what stands at a JSON pointer, where the list's end is `-`.
pub(crate) fn with(pointer: &str, value: Value) -> Value {
    let mut policy = policy();
    let (object, field) = pointer.rsplit_once('/').unwrap();
    match policy.pointer_mut(object).unwrap() {
        Value::Array(list) if field == "-" => list.push(value),
        Value::Array(list) => list[field.parse::<usize>().unwrap()] = value,
        object => object[field] = value,
    }
    policy
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn each_warning_where_it_is_due() {
    let rules = "/services/0/rules/-";
    let versions = "/services/0/versions/-";
    let when = "/services/0/rules/0/when";
    let when_is = |condition: Value| with(when, condition);
    let split = |salt: Option<&str>| {
        let to = json!([{ "version": "v2", "percent": 10 }]);
        let mut split = json!({ "by": [{ "header": "x-u" }], "to": to });
        if let Some(salt) = salt {
            split["salt"] = json!(salt);
        }
        json!({ "name": "c", "when": { "method": { "equals": "GET" } }, "split": split })
    };
    let mut ahead = with(rules, split(Some("s/b")));
    ahead["services"][0]["rules"]
        .as_array_mut()
        .unwrap()
        .swap(1, 2);
    let mut shared = ahead.clone();
    for at in [1, 2] {
        shared["services"][0]["rules"][at]["split"]["salt"] = json!("shared");
    }
    let mut next = with(rules, split(None));
    next["services"][0]["rules"][1]["split"]["missing"] = json!("next");
    let mut same_when = policy();
    same_when["services"][0]["rules"][1]["when"] = json!({ "path": { "prefix": "/a" } });
    let mut mesh = with(versions, json!({ "name": "v3", "cluster": "s-v3" }));
    mesh["role"] = json!("mesh");
    let host = "warning services[1].hosts[0]";
    let value = |rest: &str| format!("warning services[0].rules[0].when.{rest}");
    for (policy, expected) in [
        (policy(), vec![]),
        (
            with(rules, split(None)),
            vec!["warning services[0].rules[2]".to_owned()],
        ),
        (next, vec![]),
        (same_when, vec!["warning services[0].rules[1]".to_owned()]),
        (
            ahead,
            vec!["warning services[0].rules[1].split.salt".to_owned()],
        ),
        (
            shared,
            vec!["note services[0].rules[2].split.salt".to_owned()],
        ),
        (
            with(versions, json!({ "name": "v3", "cluster": "s-v3" })),
            vec!["warning services[0].versions[2]".to_owned()],
        ),
        (mesh, vec![]),
        (
            with("/services/0/versions/1", json!({ "name": "v2" })),
            vec![],
        ),
        (
            with(versions, json!({ "name": "V2", "cluster": "s-v2" })),
            vec![
                "warning services[0].versions[2]".to_owned(),
                "warning services[0].versions[2].cluster".to_owned(),
                "warning services[0].versions[2].name".to_owned(),
            ],
        ),
        (
            with("/services/-", beside(json!(["t.example.com"]))),
            vec![],
        ),
        (
            with(
                "/services/-",
                beside(json!(["S.example.com", "t.example.com"])),
            ),
            vec![host.to_owned()],
        ),
        (
            with("/services/-", beside(json!(["a.s.example.com", "t"]))),
            vec![host.to_owned()],
        ),
        (
            with("/services/-", beside(json!(["*.b.s.example.com", "t"]))),
            vec![host.to_owned()],
        ),
        (
            with("/services/-", beside(json!(["*.example.com"]))),
            vec![],
        ),
        (
            with(
                "/services/-",
                beside(json!(["s.example.com", "a.s.example.com"])),
            ),
            vec!["warning services[1]".to_owned()],
        ),
        (
            when_is(json!({ "path": { "prefix": "a" } })),
            vec![value("path.prefix")],
        ),
        (
            when_is(json!({ "path": { "in": ["/a", "/a?b"] } })),
            vec![value("path.in[1]")],
        ),
        (when_is(json!({ "path": { "suffix": "a" } })), vec![]),
        (
            when_is(json!({ "method": { "equals": "get" } })),
            vec![value("method.equals")],
        ),
        (
            when_is(json!({ "method": { "equals": "get", "ignore_case": true } })),
            vec![],
        ),
        (
            when_is(json!({ "any": [{ "not": { "host": { "equals": "s.example.com:80" } } }] })),
            vec![value("any[0].not.host.equals")],
        ),
        (
            when_is(json!({ "header": { "name": "path", "equals": "a" } })),
            vec![],
        ),
    ] {
        assert_eq!(findings(&policy), expected, "{policy:#}");
    }
}

#[test]
fn each_warning_says_what_to_do() {
    let rule = |index: usize, field: &str, value: Value| {
        with(&format!("/services/0/rules/{index}/{field}"), value)
    };
    let mut salts = rule(1, "when", json!({ "method": { "equals": "GET" } }));
    let mut again = salts["services"][0]["rules"][1].clone();
    again["name"] = json!("c");
    again["when"] = json!({ "method": { "equals": "PUT" } });
    salts["services"][0]["rules"]
        .as_array_mut()
        .unwrap()
        .push(again);
    for at in [1, 2] {
        salts["services"][0]["rules"][at]["split"]["salt"] = json!("shared");
    }
    let twin = json!({ "name": "V2", "cluster": "s-v2" });
    for (policy, expected) in [
        (
            rule(1, "when", json!({ "path": { "prefix": "/a" } })),
            &[
                "b is never asked: a stands before it and has the same `when` and decides; put it \
               before a",
            ][..],
        ),
        (
            with("/services/-", beside(json!(["s.example.com"]))),
            &["t is never reached: s stands before it and has its hosts; put it before s"],
        ),
        (
            with("/services/-", beside(json!(["s.example.com", "t"]))),
            &["s stands before this service and has s.example.com; remove one"],
        ),
        (
            with("/services/0/versions/-", twin),
            &[
                "nobody gets V2: no rule and no mirror names it; name it in one, or leave it out",
                "V2 and v2 differ in case alone; a tag must fit exactly",
                "v2 has this cluster too; give each version its own, or to both none and route by \
                 the tag",
            ],
        ),
        (
            salts,
            &[
                "s/b has this salt too, so the same users come first in both; unless that is \
                 meant, give each rule a salt of its own",
            ],
        ),
        (
            rule(0, "when", json!({ "path": { "equals": "/a?b" } })),
            &["\"/a?b\" fits no request: a path ends before its query; use a `query` condition"],
        ),
        (
            rule(0, "when", json!({ "method": { "equals": "get" } })),
            &[
                "\"get\" fits no request: methods are in capitals; write it so, or set \
                 `ignore_case`",
            ],
        ),
        (
            rule(0, "when", json!({ "host": { "equals": "a:80" } })),
            &["\"a:80\" fits no request: a host is compared without its port; leave the port out"],
        ),
    ] {
        let mut problems = checked(&policy).1;
        problems.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(problems, expected, "{policy:#}");
    }
}

#[test]
fn what_the_core_accepts_is_not_refused() {
    for file in fs::read_dir("tests/vectors").unwrap() {
        let file = fs::read(file.unwrap().path()).unwrap();
        let vectors: Value = serde_json::from_slice(&file).unwrap();
        for vector in vectors.as_array().into_iter().flatten() {
            let ran = graylane(&["check", "-"], &vector["policy"].to_string());
            assert_eq!(ran.code, 0, "{}: {}", vector["name"], ran.out);
        }
    }
}
