//! How many there may be: services, hosts, versions, rules, conditions, keys.

use graylane::limits::{
    MAX_CLAIM_DEPTH, MAX_CONDITION_DEPTH, MAX_CONDITIONS, MAX_GUARDS, MAX_HOSTS, MAX_KEYS,
    MAX_LANES, MAX_RULES, MAX_SERVICES, MAX_VERSIONS,
};
use serde_json::{Value, json};

use crate::support::accept;
use crate::{bound, numbered, policy, service, split, when};

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
fn guards_of_all_services() {
    let guard = json!({ "consecutive_failures": 5 });
    let guarded = |count: usize| {
        let service = |at: usize| {
            let own = numbered(MAX_VERSIONS - 1, |each| {
                let is_guarded = at * (MAX_VERSIONS - 1) + each < count;
                let mut version = json!({ "name": format!("v{}", each + 2) });
                if is_guarded {
                    version["guard"] = guard.clone();
                }
                version
            });
            let mut service = service(&format!("s{at}"), vec![]);
            service["versions"] = json!([{ "name": "v1" }]);
            service["versions"].as_array_mut().unwrap().extend(own);
            service
        };
        policy(numbered(count.div_ceil(MAX_VERSIONS - 1), service))
    };
    bound(
        MAX_GUARDS,
        guarded,
        "services[15].versions: bring the policy to 1001 guards, above 1000; guard those that get \
         users",
    );
}

#[test]
fn lanes() {
    let lanes = |count| {
        let service = |at| {
            let mut service = service(&format!("s{at}"), vec![]);
            service["versions"] = json!([{ "name": "v1" }, { "name": "v2" }]);
            service
        };
        let lane = |at| json!({ "name": format!("l{at}"), "members": [format!("s{at}/v2")] });
        let mut policy = policy(numbered(count, service));
        policy["lanes"] = numbered(count, lane).into();
        policy
    };
    bound(
        MAX_LANES,
        lanes,
        "lanes: has 65, above 64 lanes; remove those that have ended",
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
