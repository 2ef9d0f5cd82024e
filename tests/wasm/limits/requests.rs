//! What a request may bring: it takes neither a version that it should not have, nor memory.

use graylane::limits::{
    MAX_COOKIE_BYTES, MAX_COOKIES, MAX_HOST_NAME_BYTES, MAX_PARAMETERS, MAX_VALUE_BYTES,
};
use serde_json::{Value, json};

use crate::host::{Root, Vm};
use crate::hostcalls::{policy, sent};
use crate::support::{self, Sent};

fn when(condition: &Value) -> Value {
    policy(&json!([{ "name": "it", "when": condition, "use": "v2" }]))
}

fn started(policy: &Value) -> (Vm, Root) {
    let mut vm = Vm::start();
    let root = vm.accept(&support::json(policy));
    (vm, root)
}

fn version(vm: &mut Vm, root: Root, sent: &Sent) -> String {
    let served = vm.serve(root, sent);
    String::from_utf8(served.after.values("x-gray-version").concat()).unwrap()
}

/// Asserts that a bound is held exactly: a request with as much gets v2, and one with more v1.
fn bound(bound: usize, policy: &Value, request: impl Fn(usize) -> Sent) {
    let (mut vm, root) = started(policy);
    assert_eq!(version(&mut vm, root, &request(bound)), "v2", "{bound}");
    let more = version(&mut vm, root, &request(bound + 1));
    assert_eq!(more, "v1", "{bound} and one");
}

fn long(bytes: usize) -> String {
    "x".repeat(bytes)
}

#[test]
fn what_is_looked_at() {
    let header = when(&json!({ "header": { "name": "x-a", "contains": "xx" } }));
    bound(MAX_VALUE_BYTES, &header, |bytes| {
        sent(&[("x-a", &long(bytes))])
    });
    let key = json!({ "by": [{ "header": "x-a" }], "to": [{ "version": "v2", "percent": 100 }] });
    let split = policy(&json!([{ "name": "it", "split": key }]));
    bound(MAX_VALUE_BYTES, &split, |bytes| {
        sent(&[("x-a", &long(bytes))])
    });
    let claim = when(&json!({ "claim": { "name": "a", "prefix": "x" } }));
    bound(MAX_VALUE_BYTES, &claim, |bytes| Sent {
        claims: json!({ "a": long(bytes) }),
        ..Sent::default()
    });
    let cookie = when(&json!({ "cookie": { "name": "uid", "equals": "7" } }));
    bound(MAX_COOKIE_BYTES, &cookie, |bytes| {
        sent(&[
            ("cookie", "uid=8"),
            ("cookie", &format!("uid=7;{}", long(bytes - 11))),
        ])
    });
    bound(MAX_COOKIES, &cookie, |count| {
        sent(&[
            ("cookie", "uid=8"),
            ("cookie", &format!("{}uid=7", "a=1; ".repeat(count - 2))),
        ])
    });
    let query = when(&json!({ "query": { "name": "a", "equals": "1" } }));
    bound(MAX_PARAMETERS, &query, |count| Sent {
        path: format!("/?{}a=1", "b&".repeat(count - 1)),
        ..Sent::default()
    });
    bound(MAX_VALUE_BYTES, &query, |bytes| Sent {
        path: format!("/?a=1&{}", long(bytes - 4)),
        ..Sent::default()
    });
}

#[test]
fn a_host_that_is_too_long_is_none_of_ours() {
    let mut policy = policy(&json!([{ "name": "all", "use": "v2" }]));
    policy["services"][0]["hosts"] = json!(["*.example.com"]);
    let (mut vm, root) = started(&policy);
    let host = |bytes: usize| Sent {
        host: format!("{}.example.com:80", long(bytes - 12)),
        ..Sent::default()
    };
    assert_eq!(version(&mut vm, root, &host(MAX_HOST_NAME_BYTES)), "v2");
    // The edge drops a tag where it has no service.
    assert_eq!(version(&mut vm, root, &host(MAX_HOST_NAME_BYTES + 1)), "");
}

/// 10,000 rules wait for a value that the request has a thousand times.
#[test]
fn a_value_that_is_repeated_takes_no_memory() {
    let rule = |at: usize| {
        let on = json!({ "cookie": { "name": "a", "equals": "1" } });
        let own = json!({ "header": { "name": "x-rule", "equals": at.to_string() } });
        json!({ "name": format!("r{at}"), "when": { "all": [on, own] }, "use": "v2" })
    };
    let (mut vm, root) = started(&policy(&(0..10_000).map(rule).collect()));
    let request = |times: usize| {
        let cookies = "a=1; ".repeat(times);
        sent(&[("x-rule", "9999"), ("cookie", &cookies)])
    };
    assert_eq!(version(&mut vm, root, &request(1)), "v2");
    let before = vm.pages();
    assert_eq!(version(&mut vm, root, &request(MAX_COOKIES)), "v2");
    assert!(
        vm.pages() - before <= 4,
        "{} pages of 64 KiB",
        vm.pages() - before
    );
}

/// As much as Envoy can be told to take, in every place that is looked at.
#[test]
fn eight_mebibytes_go_through_and_their_memory_is_used_again() {
    let any = json!({ "any": [
        { "header": { "name": "x-a", "equals": "1" } },
        { "cookie": { "name": "a", "contains": "1" } },
        { "query": { "name": "a", "prefix": "1" } },
        { "path": { "matches": "1+" } },
        { "host": { "suffix": "1" } },
    ] });
    let mut policy = when(&any);
    policy["carrier"] = json!("baggage");
    let (mut vm, root) = started(&policy);
    let size = 8 << 20;
    let large: [(&str, String); 5] = [
        ("x-a", "1".repeat(size)),
        ("cookie", "a=1;".repeat(size / 4)),
        ("baggage", "a=1,".repeat(size / 4)),
        (":path", format!("/1?{}", "a=2&".repeat(size / 4))),
        (":authority", "a.".repeat(size / 2)),
    ];
    let requests = large.map(|(name, value)| match name {
        ":path" => Sent {
            path: value,
            ..Sent::default()
        },
        ":authority" => Sent {
            host: value,
            ..Sent::default()
        },
        _ => sent(&[(name, &value)]),
    });
    for request in &requests {
        assert_eq!(
            version_in_baggage(&mut vm, root, request),
            "x-gray-version=v1"
        );
    }
    let before = vm.pages();
    for request in &requests {
        version_in_baggage(&mut vm, root, request);
    }
    assert_eq!(vm.pages(), before, "pages of 64 KiB");
}

/// Of the entries the first, which is the tag.
fn version_in_baggage(vm: &mut Vm, root: Root, sent: &Sent) -> String {
    let served = vm.serve(root, sent);
    let entries = served.after.values("baggage").concat();
    let first = entries.split(|byte| *byte == b',').next().unwrap();
    String::from_utf8(first.to_vec()).unwrap()
}
