//! Each bound of a policy: what is just within it is accepted, and one more is refused.

mod support;

use graylane::limits::{
    MAX_CLAIM_DEPTH, MAX_CLUSTER_BYTES, MAX_COMPILED_PATTERN_BYTES, MAX_CONDITION_DEPTH,
    MAX_CONDITIONS, MAX_HOSTS, MAX_KEY_NAME_BYTES, MAX_KEYS, MAX_MATCHED_BYTES, MAX_NAME_BYTES,
    MAX_NESTING, MAX_PATTERN_BYTES, MAX_POLICY_BYTES, MAX_RULES, MAX_SALT_BYTES, MAX_SERVICES,
    MAX_VERSIONS,
};
use graylane::{Moment, Policy, decide};
use serde_json::{Value, json};
use support::{Sent, accept, load, refusal, wire};

fn policy(services: impl Into<Value>) -> Value {
    json!({ "schema": "graylane/v1", "services": services.into() })
}

/// A service with versions `v1` (the baseline) and `v2`.
fn service(name: &str, rules: Vec<Value>) -> Value {
    let versions = json!([{ "name": "v1" }, { "name": "v2" }]);
    let mut service = json!({ "name": name, "baseline": "v1", "versions": versions });
    if !rules.is_empty() {
        service["rules"] = Value::Array(rules);
    }
    service
}

/// A policy of one rule, with the given condition.
fn when(condition: &Value) -> Value {
    let rule = json!({ "name": "it", "when": condition, "use": "v2" });
    policy(vec![service("checkout", vec![rule])])
}

/// A policy of one split by the given keys.
fn split(by: &Value, salt: &str) -> Value {
    let to = json!([{ "version": "v2", "percent": 10 }]);
    let split = json!({ "by": by, "salt": salt, "to": to });
    let rule = json!({ "name": "it", "split": split });
    policy(vec![service("checkout", vec![rule])])
}

fn numbered<T>(count: usize, make: impl FnMut(usize) -> T) -> Vec<T> {
    (0..count).map(make).collect()
}

/// Asserts that a bound is held exactly: `make` of it is accepted, and one more refused so.
fn bound(bound: usize, make: impl Fn(usize) -> Value, sentence: &str) {
    accept(&make(bound));
    assert_eq!(refusal(&make(bound + 1)), sentence);
}

#[test]
fn bytes_of_a_policy() {
    let policy = policy(vec![service("checkout", vec![])]);
    let mut text = support::json(&policy);
    text.resize(MAX_POLICY_BYTES, b' ');
    load(&text).unwrap();
    text.push(b' ');
    let sentence = "policy: has 4194305 bytes, above 4194304; split it among several filters";
    assert_eq!(load(&text).unwrap_err().to_string(), sentence);

    let padded = |padding: usize| {
        let set = [format!("u{padding}"), "x".repeat(padding)];
        wire(&when(
            &json!({ "header": { "name": "x-user-id", "in": set } }),
        ))
    };
    // Near the bound, lengths and the padding's number have as many digits as at it.
    let overhead = padded(MAX_POLICY_BYTES - 1_000).len() - (MAX_POLICY_BYTES - 1_000);
    let within = padded(MAX_POLICY_BYTES - overhead);
    assert_eq!(within.len(), MAX_POLICY_BYTES);
    load(&within).unwrap();
    let above = padded(MAX_POLICY_BYTES - overhead + 1);
    assert_eq!(load(&above).unwrap_err().to_string(), sentence);
}

#[test]
fn levels_of_the_document() {
    // The conditions stand below five levels: policy, services, service, rules, rule.
    let nested = |levels: usize| {
        let mut condition = json!({ "path": { "equals": "/" } });
        for _ in 0..levels - 5 - 2 {
            condition = json!({ "not": condition });
        }
        when(&condition)
    };
    let sentence = "policy: nests deeper than 48 levels; flatten its conditions";
    for form in [support::json, wire] {
        Policy::parse(&form(&nested(MAX_NESTING))).expect("readable, if too deep to be compiled");
        let error = Policy::parse(&form(&nested(MAX_NESTING + 1))).unwrap_err();
        assert_eq!(error.to_string(), sentence);
    }
    let hostile = "[".repeat(1_000_000);
    assert_eq!(load(hostile.as_bytes()).unwrap_err().to_string(), sentence);
}

#[test]
fn the_language_fits_into_the_levels() {
    let mut condition = json!({ "header": { "name": "x-a", "in": ["b"] } });
    for _ in 1..MAX_CONDITION_DEPTH {
        condition = json!({ "all": [condition] });
    }
    accept(&when(&condition));
}

#[test]
fn services() {
    let named = |count| policy(numbered(count, |at| service(&format!("s{at}"), vec![])));
    bound(
        MAX_SERVICES,
        named,
        "services: has 1001, above 1000 services; split the policy among several filters",
    );
}

#[test]
fn hosts() {
    let hosts = |count| {
        let mut service = service("checkout", vec![]);
        service["hosts"] = numbered(count, |at| format!("h{at}.example.com")).into();
        policy(vec![service])
    };
    bound(
        MAX_HOSTS,
        hosts,
        "services[0].hosts: has 1001, above 1000 hosts; join some by a `*.`",
    );
}

#[test]
fn versions() {
    let versions = |count| {
        let mut service = service("checkout", vec![]);
        service["versions"] = numbered(count, |at| json!({ "name": format!("v{at}") })).into();
        policy(vec![service])
    };
    bound(
        MAX_VERSIONS,
        versions,
        "services[0].versions: has 65, above 64 versions; leave out those that nobody gets",
    );
}

#[test]
fn rules_of_all_services() {
    let rule = |at: usize| json!({ "name": format!("r{at}"), "use": "v2" });
    let rules = |count: usize| {
        let first = service("a", numbered(count / 2, rule));
        let second = service("b", numbered(count - count / 2, rule));
        policy(vec![first, second])
    };
    bound(
        MAX_RULES,
        rules,
        "services[1].rules[5000]: is one rule above 10000 in this policy; join rules with `any` \
         or `in`",
    );
}

#[test]
fn depth_of_conditions() {
    for (wrap, step) in [
        (
            (|inner| json!({ "not": inner })) as fn(Value) -> Value,
            ".not",
        ),
        (|inner| json!({ "all": [inner] }), ".all[0]"),
        (|inner| json!({ "any": [inner] }), ".any[0]"),
    ] {
        let nested = |depth: usize| {
            let innermost = json!({ "path": { "equals": "/" } });
            when(&(1..depth).fold(innermost, |inner, _| wrap(inner)))
        };
        let place = step.repeat(MAX_CONDITION_DEPTH);
        bound(
            MAX_CONDITION_DEPTH,
            nested,
            &format!(
                "services[0].rules[0].when{place}: nests deeper than 16 conditions; flatten it"
            ),
        );
    }
}

#[test]
fn conditions_of_a_rule() {
    // One of them is the `any` itself.
    let listed = |count: usize| {
        let each = |at| json!({ "path": { "equals": format!("/{at}") } });
        when(&json!({ "any": numbered(count - 1, each) }))
    };
    bound(
        MAX_CONDITIONS,
        listed,
        "services[0].rules[0].when.any[999]: is one condition above 1000 in this rule; make it \
         several rules, or a set with `in`",
    );
    let set = numbered(100_000, |at| format!("u{at}"));
    accept(&when(&json!({ "header": { "name": "x-a", "in": set } })));
}

#[test]
fn keys_of_a_split() {
    let keys = |count| {
        let keys = numbered(count, |at| json!({ "header": format!("x-{at}") }));
        split(&keys.into(), "s")
    };
    bound(
        MAX_KEYS,
        keys,
        "services[0].rules[0].split.by: has 9 keys, above 8; leave some out",
    );
}

#[test]
fn bytes_of_names() {
    let remedy = "is not a name; use 1 to 63 of A-Z a-z 0-9 _ . -";
    let long = "x".repeat(MAX_NAME_BYTES + 1);
    let of_service = |bytes| policy(vec![service(&"x".repeat(bytes), vec![])]);
    bound(
        MAX_NAME_BYTES,
        of_service,
        &format!("services[0].name: \"{long}\" {remedy}"),
    );
    let of_version = |bytes: usize| {
        let mut service = service("checkout", vec![]);
        service["versions"][1]["name"] = "x".repeat(bytes).into();
        policy(vec![service])
    };
    bound(
        MAX_NAME_BYTES,
        of_version,
        &format!("services[0].versions[1].name: \"{long}\" {remedy}"),
    );
    let of_rule = |bytes: usize| {
        let rule = json!({ "name": "x".repeat(bytes), "use": "v2" });
        policy(vec![service("checkout", vec![rule])])
    };
    bound(
        MAX_NAME_BYTES,
        of_rule,
        &format!("services[0].rules[0].name: \"{long}\" {remedy}"),
    );
}

#[test]
fn bytes_of_a_cluster() {
    let named = |bytes: usize| {
        let mut service = service("checkout", vec![]);
        service["versions"][1]["cluster"] = "x".repeat(bytes).into();
        policy(vec![service])
    };
    let quoted = format!("\"{}\"…", "x".repeat(80));
    bound(
        MAX_CLUSTER_BYTES,
        named,
        &format!(
            "services[0].versions[1].cluster: {quoted} cannot be a cluster's name; \
             use 1 to 512 visible ASCII characters"
        ),
    );
}

#[test]
fn bytes_of_the_names_of_headers_cookies_and_parameters() {
    let long = format!("\"{}\"…", "x".repeat(80));
    let header = "is not the name of a header; use 1 to 128 letters, digits and -";
    let other = "is not the name of a cookie or query parameter; use 1 to 128 visible ASCII \
                 characters other than = ; & #";
    for (kind, remedy) in [("header", header), ("cookie", other), ("query", other)] {
        let named = |bytes: usize| {
            let test = json!({ "name": "x".repeat(bytes), "present": true });
            let mut condition = json!({});
            condition[kind] = test;
            when(&condition)
        };
        bound(
            MAX_KEY_NAME_BYTES,
            named,
            &format!("services[0].rules[0].when.{kind}.name: {long} {remedy}"),
        );
        let key = |bytes: usize| {
            let mut key = json!({});
            key[kind] = "x".repeat(bytes).into();
            split(&json!([key]), "s")
        };
        bound(
            MAX_KEY_NAME_BYTES,
            key,
            &format!("services[0].rules[0].split.by[0].{kind}: {long} {remedy}"),
        );
    }
    let own = |bytes: usize| {
        let mut policy = policy(vec![service("checkout", vec![])]);
        policy["headers"] = json!({ "version": "x".repeat(bytes) });
        policy
    };
    bound(
        MAX_KEY_NAME_BYTES,
        own,
        &format!("headers.version: {long} {header}"),
    );
}

#[test]
fn names_on_the_way_to_a_claim() {
    let way = |names| json!(numbered(names, |at| format!("n{at}")));
    let sentence = |place: &str| format!("{place}: has 9 names, above 8; no token nests so deep");
    bound(
        MAX_CLAIM_DEPTH,
        |names| when(&json!({ "claim": { "name": way(names), "present": true } })),
        &sentence("services[0].rules[0].when.claim.name"),
    );
    bound(
        MAX_CLAIM_DEPTH,
        |names| split(&json!([{ "claim": way(names) }]), "s"),
        &sentence("services[0].rules[0].split.by[0].claim"),
    );
}

#[test]
fn bytes_of_the_names_of_claims_and_labels() {
    let long = format!("\"{}\"…", "x".repeat(80));
    let remedy = "is not the name of a claim or label; use 1 to 128 bytes, none of them NUL";
    bound(
        MAX_KEY_NAME_BYTES,
        |bytes| when(&json!({ "claim": { "name": "x".repeat(bytes), "present": true } })),
        &format!("services[0].rules[0].when.claim.name: {long} {remedy}"),
    );
    bound(
        MAX_KEY_NAME_BYTES,
        |bytes| {
            let label = json!({ "name": "x".repeat(bytes), "present": true });
            when(&json!({ "proxy": { "label": label } }))
        },
        &format!("services[0].rules[0].when.proxy.label.name: {long} {remedy}"),
    );
}

#[test]
fn bytes_of_a_salt() {
    bound(
        MAX_SALT_BYTES,
        |bytes| split(&json!([{ "header": "x-user-id" }]), &"x".repeat(bytes)),
        "services[0].rules[0].split.salt: has 257 bytes; use 1 to 256, or leave it out",
    );
}

#[test]
fn bytes_of_a_pattern() {
    for operator in ["prefix", "suffix", "contains", "matches"] {
        let pattern = |bytes: usize| {
            let mut test = json!({});
            test[operator] = "x".repeat(bytes).into();
            when(&json!({ "path": test }))
        };
        bound(
            MAX_PATTERN_BYTES,
            pattern,
            &format!(
                "services[0].rules[0].when.path.{operator}: has 1025 bytes, above 1024; shorten it"
            ),
        );
    }
}

#[test]
fn bytes_of_a_compiled_pattern() {
    let pattern = |times: usize| format!("(?:[a-cx-z]{{{times}}})");
    let accepted = |times: usize| {
        let document = when(&json!({ "path": { "matches": pattern(times) } }));
        refusal(&document) == "(accepted)"
    };
    let (mut within, mut above) = (1, 100_000);
    while above - within > 1 {
        let middle = usize::midpoint(within, above);
        if accepted(middle) {
            within = middle;
        } else {
            above = middle;
        }
    }
    // The crate's own measure of what is accepted is just below the bound: one repetition more,
    // of some tens of bytes, passes it.
    let built = |times: usize, bytes: usize| {
        regex_lite::RegexBuilder::new(&format!("^(?:{})$", pattern(times)))
            .size_limit(bytes)
            .build()
            .is_ok()
    };
    assert!(built(within, MAX_COMPILED_PATTERN_BYTES));
    assert!(!built(within, MAX_COMPILED_PATTERN_BYTES - 200));
    assert!(!built(above, MAX_COMPILED_PATTERN_BYTES));
    assert_eq!(
        refusal(&when(&json!({ "path": { "matches": pattern(above) } }))),
        format!(
            "services[0].rules[0].when.path.matches: {:?} is not a regular expression: compiled \
             regex exceeded size limit",
            pattern(above)
        )
    );
}

#[test]
fn bytes_of_a_matched_value() {
    let rules = load(&support::json(&when(
        &json!({ "header": { "name": "x-a", "matches": "a*" } }),
    )))
    .unwrap();
    for (bytes, version) in [(MAX_MATCHED_BYTES, "v2"), (MAX_MATCHED_BYTES + 1, "v1")] {
        let request = Sent::default().with("x-a", &"a".repeat(bytes));
        let decision = decide(&rules, &request, Moment::default());
        assert_eq!(decision.version(), Some(version), "{bytes} bytes");
    }
}

#[test]
fn the_largest_policies_are_read_and_compiled() {
    let rule = |at: usize| {
        let set = numbered(20, |each| format!("user-{at}-{each}"));
        let test = json!({ "name": "x-user-id", "in": set });
        json!({ "name": format!("r{at}"), "when": { "header": test }, "use": "v2" })
    };
    let services = numbered(1_000, |at| {
        let mut service = service(&format!("s{at}"), numbered(10, rule));
        service["hosts"] = json!([format!("s{at}.example.com")]);
        service
    });
    let policy = policy(services);
    for bytes in [support::json(&policy), wire(&policy)] {
        assert!(bytes.len() > MAX_POLICY_BYTES / 2, "{}", bytes.len());
        let rules = load(&bytes).unwrap();
        let request = Sent {
            host: "s999.example.com".to_owned(),
            ..Sent::default()
        };
        let request = request.with("x-user-id", "user-9-19");
        let decision = decide(&rules, &request, Moment::default());
        assert_eq!(decision.service(), Some("s999"));
        assert_eq!(decision.rule(), Some("r9"));
    }
}
