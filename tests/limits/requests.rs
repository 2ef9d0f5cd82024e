//! What is looked at of a request. It is never refused: what is over a bound is as if it were not
//! there.

use graylane::limits::{
    MAX_COOKIE_BYTES, MAX_COOKIES, MAX_HOST_NAME_BYTES, MAX_PARAMETERS, MAX_VALUE_BYTES,
};
use graylane::{Moment, Rules, decide};
use serde_json::{Value, json};

use crate::support::{self, Sent, load};
use crate::{policy, service, split, when};

fn rules(document: &Value) -> Rules {
    load(&support::json(document)).unwrap()
}

/// Rules that send to v2 whom the condition concerns.
fn concerns(condition: &Value) -> Rules {
    rules(&when(condition))
}

/// A split that has everybody with this key.
fn keyed(by: &Value) -> Rules {
    let mut policy = split(&json!([by]), "s");
    policy["services"][0]["rules"][0]["split"]["to"][0]["percent"] = json!(100);
    rules(&policy)
}

fn version(rules: &Rules, request: &Sent) -> String {
    let decision = decide(rules, request, Moment::default());
    decision.version().unwrap_or("none").to_owned()
}

/// Asserts that a bound is held exactly: a request with as much gets v2, and one with more v1.
fn bound(bound: usize, rules: &Rules, request: impl Fn(usize) -> Sent) {
    assert_eq!(version(rules, &request(bound)), "v2", "{bound}");
    assert_eq!(version(rules, &request(bound + 1)), "v1", "{bound} and one");
}

/// So many bytes.
fn long(bytes: usize) -> String {
    "x".repeat(bytes)
}

fn cookies(line: &str) -> Sent {
    Sent::default().with("cookie", line)
}

fn asking(path: String) -> Sent {
    Sent {
        path,
        ..Sent::default()
    }
}

#[test]
fn bytes_of_a_header() {
    let header = |bytes| Sent::default().with("x-a", &long(bytes));
    for test in [
        json!({ "present": true }),
        json!({ "prefix": "x" }),
        json!({ "suffix": "x" }),
        json!({ "contains": "xx" }),
        json!({ "equals": long(MAX_VALUE_BYTES), "ignore_case": true }),
        json!({ "in": [long(MAX_VALUE_BYTES), long(MAX_VALUE_BYTES + 1)] }),
    ] {
        let mut test = test.clone();
        test["name"] = json!("x-a");
        bound(
            MAX_VALUE_BYTES,
            &concerns(&json!({ "header": test })),
            header,
        );
    }
    let digits = |bytes| Sent::default().with("x-a", &"0".repeat(bytes));
    let zero = json!({ "header": { "name": "x-a", "below": 1 } });
    bound(MAX_VALUE_BYTES, &concerns(&zero), digits);
    bound(MAX_VALUE_BYTES, &keyed(&json!({ "header": "x-a" })), header);
}

#[test]
fn a_header_that_is_too_long_hides_no_other_line() {
    let rules = keyed(&json!({ "header": "x-a" }));
    let hidden = Sent::default().with("x-a", &long(MAX_VALUE_BYTES + 1));
    let alone = Sent::default().with("x-a", "7");
    let bucket = |request: &Sent| decide(&rules, request, Moment::default()).bucket();
    assert!(bucket(&alone).is_some());
    assert_eq!(bucket(&hidden), None);
    assert_eq!(bucket(&hidden.with("x-a", "7")), bucket(&alone));
}

#[test]
fn bytes_of_a_path_a_query_and_a_claim() {
    let path = concerns(&json!({ "path": { "prefix": "/" } }));
    bound(MAX_VALUE_BYTES, &path, |bytes| {
        asking(format!("/{}", long(bytes - 1)))
    });
    // Each of the two has its own bound.
    let both = format!(
        "/{}?{}",
        long(MAX_VALUE_BYTES - 1),
        long(MAX_VALUE_BYTES + 1)
    );
    assert_eq!(version(&path, &asking(both)), "v2");
    let query = concerns(&json!({ "query": { "name": "a", "equals": "1" } }));
    bound(MAX_VALUE_BYTES, &query, |bytes| {
        asking(format!(
            "/{}?a=1&{}",
            long(MAX_VALUE_BYTES),
            long(bytes - 4)
        ))
    });
    let claim = concerns(&json!({ "claim": { "name": "a", "contains": "x" } }));
    bound(MAX_VALUE_BYTES, &claim, |bytes| Sent {
        claims: json!({ "a": long(bytes) }),
        ..Sent::default()
    });
}

#[test]
fn bytes_of_cookies() {
    let uid = concerns(&json!({ "cookie": { "name": "uid", "equals": "7" } }));
    let line = |bytes: usize| format!("uid=7; a={}", long(bytes - 9));
    bound(MAX_COOKIE_BYTES, &uid, |bytes| cookies(&line(bytes)));
    // In several lines, of which the last one goes beyond.
    let first = 1_000;
    bound(MAX_COOKIE_BYTES, &uid, |bytes| {
        cookies(&long(first)).with("cookie", &line(bytes - first))
    });
    // And none that is behind it is looked at, however short.
    let behind = cookies(&long(MAX_COOKIE_BYTES + 1)).with("cookie", "uid=7");
    assert_eq!(version(&uid, &behind), "v1");
    // What is before it is.
    let before = cookies("uid=7").with("cookie", &long(MAX_COOKIE_BYTES));
    assert_eq!(version(&uid, &before), "v2");
    let key = keyed(&json!({ "cookie": "uid" }));
    bound(MAX_COOKIE_BYTES, &key, |bytes| cookies(&line(bytes)));
}

#[test]
fn number_of_cookies() {
    let uid = concerns(&json!({ "cookie": { "name": "uid", "equals": "7" } }));
    let key = keyed(&json!({ "cookie": "uid" }));
    let others = |count: usize| "a=1; ".repeat(count);
    for rules in [&uid, &key] {
        bound(MAX_COOKIES, rules, |count| {
            cookies(&format!("{}uid=7", others(count - 1)))
        });
        // Over all lines, and what is no cookie counts as one.
        bound(MAX_COOKIES, rules, |count| {
            let line = format!("{}uid=7", ";".repeat(count - 101));
            cookies(&others(100)[..498]).with("cookie", &line)
        });
    }
}

#[test]
fn a_cookie_that_keeps_is_within_the_same_bounds() {
    let mut policy = split(&json!([{ "header": "x-user-id" }]), "s");
    policy["services"][0]["rules"][0]["split"]["keep"] = json!(true);
    policy["services"][0]["rules"][0]["split"]["to"][0]["percent"] = json!(100);
    let all = rules(&policy);
    let user = Sent::default().with("x-user-id", "7");
    let decision = decide(&all, &user, Moment::default());
    let [kept] = &decision.new_cookies()[..] else {
        panic!("one cookie");
    };
    let kept = kept.line.split(';').next().unwrap().to_owned();
    policy["services"][0]["rules"][0]["split"]["to"][0]["percent"] = json!(0);
    let none = rules(&policy);
    bound(MAX_COOKIES, &none, |count| {
        cookies(&format!("{}{kept}", "a; ".repeat(count - 1)))
    });
    bound(MAX_COOKIE_BYTES, &none, |bytes| {
        cookies(&format!("{kept}; {}", long(bytes - kept.len() - 2)))
    });
}

#[test]
fn number_of_parameters() {
    let rules = concerns(&json!({ "query": { "name": "a", "equals": "1" } }));
    bound(MAX_PARAMETERS, &rules, |count| {
        asking(format!("/?{}a=1", "&".repeat(count - 1)))
    });
}

#[test]
fn bytes_of_a_host() {
    let name = |bytes: usize| {
        format!(
            "{}.example.com",
            "a.".repeat(bytes)[..bytes - 12].to_owned()
        )
    };
    let mut listed = service("checkout", vec![json!({ "name": "all", "use": "v2" })]);
    for hosts in [json!(["*.example.com"]), json!([name(MAX_HOST_NAME_BYTES)])] {
        listed["hosts"] = hosts;
        let rules = rules(&policy(vec![listed.clone()]));
        for port in ["", ":8080", "."] {
            let host = |bytes| Sent {
                host: name(bytes) + port,
                ..Sent::default()
            };
            assert_eq!(version(&rules, &host(MAX_HOST_NAME_BYTES)), "v2");
            assert_eq!(version(&rules, &host(MAX_HOST_NAME_BYTES + 1)), "none");
        }
    }
    // Who has every host has this one, too.
    let rest = service("rest", vec![]);
    let rules = rules(&policy(vec![listed, rest]));
    let host = Sent {
        host: name(MAX_HOST_NAME_BYTES + 1),
        ..Sent::default()
    };
    assert_eq!(
        decide(&rules, &host, Moment::default()).service(),
        Some("rest")
    );
}

/// Of a value that a request repeats, and for which many rules wait, each rule is due once.
#[test]
fn a_value_that_is_repeated_finds_its_rules_once() {
    let rule = |at: usize| {
        let on = json!({ "cookie": { "name": "a", "in": ["1", "2"] } });
        let own = json!({ "header": { "name": "x-rule", "equals": at.to_string() } });
        json!({ "name": format!("r{at}"), "when": { "all": [on, own] }, "use": "v2" })
    };
    let rules = rules(&policy(vec![service(
        "checkout",
        crate::numbered(1_000, rule),
    )]));
    let request = cookies(&"a=1; a=2; ".repeat(500)).with("x-rule", "999");
    let decision = decide(&rules, &request, Moment::default());
    assert_eq!(decision.rule(), Some("r999"));
}
