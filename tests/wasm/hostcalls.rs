//! What a request costs, in hostcalls: each is several times dearer than the decision itself. The
//! promise is that nothing is read that the answer does not need, and nothing twice.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::host::Vm;
use crate::support::{self, Sent};

pub(crate) const HOST: &str = "get_header_map_value :authority";
const DIRECTION: &str = "get_property xds.listener_direction";
pub(crate) const TAG: &str = "get_header_map_value x-gray-version";
pub(crate) const ALL: &str = "get_header_map_pairs";
pub(crate) const SET_TAG: &str = "replace_header_map_value x-gray-version";
pub(crate) const SET_CLUSTER: &str = "replace_header_map_value x-gray-cluster";
/// What is not there need not be removed.
pub(crate) const DROP_TAG: &str = TAG;
pub(crate) const DROP_CLUSTER: &str = "get_header_map_value x-gray-cluster";

/// What is sent under a policy, and all the calls that it makes, whatever their order.
pub(crate) type Cost<'a> = (&'a str, Sent, &'a [&'a str]);

pub(crate) fn check(policy: &Value, costs: Vec<Cost<'_>>) {
    for (what, sent, expected) in costs {
        // A request is told by none before it how its headers are best fetched.
        let mut vm = Vm::start();
        // 2026-11-21, in the afternoon.
        vm.clock(1_795_269_600_000);
        let root = vm.accept(&support::json(policy));
        let calls = vm.serve(root, &sent).calls;
        assert_eq!(calls, once(expected), "{what}");
    }
}

/// Each of these calls, made once.
pub(crate) fn once<'c>(calls: impl IntoIterator<Item = &'c &'c str>) -> BTreeMap<String, u32> {
    let calls = calls.into_iter();
    calls.map(|&call| (call.to_owned(), 1)).collect()
}

/// A policy with one service and these rules. Without hosts, so that none is read.
pub(crate) fn policy(rules: &Value) -> Value {
    json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [{ "name": "v1" }, { "name": "v2", "cluster": "checkout-v2" }],
            "rules": rules,
        }],
    })
}

fn testers() -> Value {
    json!([{
        "name": "testers",
        "when": { "header": { "name": "x-qa", "equals": "on" } },
        "use": "v2",
    }])
}

fn with(mut policy: Value, pointer: &str, field: &str, value: Value) -> Value {
    policy.pointer_mut(pointer).unwrap()[field] = value;
    policy
}

pub(crate) fn sent(headers: &[(&str, &str)]) -> Sent {
    let add = |sent: Sent, (name, value): &(&str, &str)| sent.with(name, value);
    headers.iter().fold(Sent::default(), add)
}

#[test]
fn a_sticky_split_reads_its_key() {
    let key = "get_header_map_value x-user-id";
    let rules = json!([{
        "name": "half",
        "split": {
            "by": [{ "header": "x-user-id" }, { "cookie": "uid" }],
            "salt": "s",
            "to": [{ "version": "v2", "percent": 100 }],
        },
    }]);
    let cookie = "get_header_map_value cookie";
    check(
        &policy(&rules),
        vec![
            (
                "the first key",
                sent(&[("x-user-id", "7"), ("cookie", "uid=8")]),
                &[key, SET_TAG, SET_CLUSTER],
            ),
            (
                "the second key",
                sent(&[("cookie", "uid=8")]),
                &[key, cookie, SET_TAG, SET_CLUSTER],
            ),
            ("no key", sent(&[]), &[key, cookie, SET_TAG, DROP_CLUSTER]),
        ],
    );
}

#[test]
fn where_no_service_matches_the_host_alone_is_read() {
    let hosts = json!(["checkout.example.com"]);
    let policy = with(policy(&testers()), "/services/0", "hosts", hosts);
    let mut elsewhere = sent(&[("x-qa", "on")]);
    elsewhere.host = "other.example.com".to_owned();
    check(
        &policy,
        vec![
            (
                "at the edge",
                elsewhere.clone(),
                &[HOST, DROP_TAG, DROP_CLUSTER],
            ),
            (
                "the service's own host",
                sent(&[("x-qa", "on")]),
                &[HOST, "get_header_map_value x-qa", SET_TAG, SET_CLUSTER],
            ),
        ],
    );
    let policy = with(policy, "", "role", json!("mesh"));
    check(
        &policy,
        vec![("in the mesh", elsewhere, &[HOST, DROP_CLUSTER])],
    );
}

#[test]
fn in_the_mesh_a_followed_tag_ends_the_reading() {
    let policy = with(policy(&testers()), "", "role", json!("mesh"));
    let qa = "get_header_map_value x-qa";
    check(
        &policy,
        vec![
            (
                "a canary's tag",
                sent(&[("x-gray-version", "v2"), ("x-qa", "on")]),
                &[TAG, SET_TAG, SET_CLUSTER],
            ),
            (
                "a foreign tag",
                sent(&[("x-gray-version", "v9")]),
                &[TAG, DROP_CLUSTER],
            ),
            (
                "no tag",
                sent(&[("x-qa", "on")]),
                &[TAG, qa, DIRECTION, SET_TAG, SET_CLUSTER],
            ),
            (
                "no tag, and the baseline: which way it goes would change nothing",
                sent(&[]),
                &[TAG, qa, SET_TAG, DROP_CLUSTER],
            ),
        ],
    );
}

#[test]
fn baggage_is_read_once_and_written_only_where_it_changes() {
    let policy = with(policy(&testers()), "", "role", json!("mesh"));
    let policy = with(policy, "", "carrier", json!("baggage"));
    let qa = "get_header_map_value x-qa";
    let read = "get_property request.headers.baggage";
    let written = "replace_header_map_value baggage";
    check(
        &policy,
        vec![
            (
                "a canary's tag, as it would be written",
                sent(&[("baggage", "a=1,x-gray-version=v2")]),
                &[read, SET_CLUSTER],
            ),
            (
                "a foreign tag",
                sent(&[("baggage", "x-gray-version=v9")]),
                &[read, DROP_CLUSTER],
            ),
            (
                "no tag",
                sent(&[("baggage", "a=1")]),
                &[read, qa, written, DROP_CLUSTER],
            ),
            ("no baggage", sent(&[]), &[read, qa, written, DROP_CLUSTER]),
        ],
    );
}

#[test]
fn conditions_stop_at_the_first_that_fails_and_share_what_was_read() {
    let [a, b, c] = ["x-a", "x-b", "x-c"].map(|name| format!("get_header_map_value {name}"));
    let [all_a, all_b] = ["x-a", "x-b"].map(|name| format!("get_property request.headers.{name}"));
    let [a, b, c] = [&*a, &b, &c];
    let header = |name: &str| json!({ "header": { "name": name, "equals": "1" } });
    let rules = json!([
        { "name": "all", "when": { "all": [header("x-a"), header("x-b"), header("x-c")] }, "use": "v2" },
        { "name": "again", "when": { "any": [header("x-a"), header("x-b")] }, "use": "v1" },
    ]);
    check(
        &policy(&rules),
        vec![
            (
                "all three",
                sent(&[("x-a", "1"), ("x-b", "1"), ("x-c", "1")]),
                &[a, b, c, SET_TAG, SET_CLUSTER],
            ),
            (
                "the first is absent, and known to be where it is asked again",
                sent(&[("x-b", "1")]),
                &[a, b, SET_TAG, DROP_CLUSTER],
            ),
            (
                "a value does not match: there may be a second, which is looked up once",
                sent(&[("x-a", "0"), ("x-b", "0")]),
                &[a, &all_a, b, &all_b, SET_TAG, DROP_CLUSTER],
            ),
        ],
    );
}

#[test]
fn what_is_no_header_is_read_once_too() {
    let rules = json!([
        {
            "name": "office",
            "when": { "all": [{ "source_ip": ["203.0.113.0/24"] }, { "path": { "prefix": "/a" } }] },
            "use": "v2",
        },
        {
            "name": "elsewhere",
            "when": { "all": [{ "source_ip": ["198.51.100.0/24"] }, { "path": { "prefix": "/b" } }] },
            "use": "v2",
        },
    ]);
    let address = "get_property source.address";
    let path = "get_header_map_value :path";
    let mut from = sent(&[]);
    from.source_ip = Some("198.51.100.7".parse().unwrap());
    from.path = "/b".to_owned();
    check(
        &policy(&rules),
        vec![("two networks", from, &[address, path, SET_TAG, SET_CLUSTER])],
    );
}

#[test]
fn a_claim_is_read_once_and_the_clock_once() {
    let tier = |tier: &str| json!({ "claim": { "name": "tier", "equals": tier } });
    let rules = json!([
        { "name": "staff", "when": tier("staff"), "use": "v2" },
        { "name": "premium", "when": tier("premium"), "use": "v2" },
    ]);
    let claim = "get_property metadata";
    let mut premium = sent(&[]);
    premium.claims = json!({ "tier": "premium" });
    check(
        &policy(&rules),
        vec![("two claims", premium, &[claim, SET_TAG, SET_CLUSTER])],
    );
    let before = |until: &str| json!({ "time": { "until": until } });
    let rules = json!([
        { "name": "early", "when": before("2026-01-01T00:00:00Z"), "use": "v1" },
        { "name": "late", "when": before("2027-01-01T00:00:00Z"), "use": "v2" },
    ]);
    let clock = "get_current_time_nanoseconds";
    check(
        &policy(&rules),
        vec![("two times", sent(&[]), &[clock, SET_TAG, SET_CLUSTER])],
    );
}

#[test]
fn what_asks_no_rule_only_writes() {
    let off = with(policy(&testers()), "", "enabled", json!(false));
    let calls = [SET_TAG, DROP_CLUSTER];
    let forged = [
        DROP_CLUSTER,
        "remove_header_map_value x-gray-cluster",
        SET_TAG,
    ];
    check(
        &off,
        vec![
            ("off", sent(&[("x-qa", "on")]), &calls),
            ("a forged header", sent(&[("x-gray-cluster", "a")]), &forged),
            ("an empty one", sent(&[("x-gray-cluster", "")]), &forged),
        ],
    );
    // Where no version names a cluster, that header is not the filter's.
    let bare = json!({
        "schema": "graylane/v1",
        "services": [{ "name": "a", "baseline": "v1", "versions": [{ "name": "v1" }] }],
    });
    check(&bare, vec![("no rule", sent(&[]), &[SET_TAG])]);
}

#[test]
fn a_refused_policy_makes_no_call() {
    let mut vm = Vm::start();
    let (root, accepted, _) = vm.configure(b"{}");
    assert!(!accepted);
    let served = vm.serve(root, &sent(&[("x-gray-version", "v2")]));
    assert!(served.calls.is_empty(), "{:?}", served.calls);
    assert_eq!(served.after, served.before);
}

#[test]
fn a_dry_run_costs_a_counter_and_a_line() {
    let mut rules = testers();
    rules[0]["dry_run"] = json!(true);
    let policy = policy(&rules);
    let key = "get_header_map_value x-qa";
    let define = "define_metric gray_service=.=checkout;.;gray_rule=.=testers;.;gray_version=.=v2;.;graylane_dry_run_total";
    let mut vm = Vm::start();
    let root = vm.accept(&support::json(&policy));
    let usual = ["increment_metric", "log", SET_TAG, DROP_CLUSTER];
    for (headers, expected) in [
        (&[][..], &[SET_TAG, DROP_CLUSTER][..]),
        (&[("x-qa", "on")], &[&[define], &usual[..]].concat()),
        // The host's number of the counter is known by now.
        (&[("x-qa", "on")], &usual),
    ] {
        let calls = vm.serve(root, &sent(headers)).calls;
        let expected = expected.iter().chain([&key]);
        assert_eq!(calls, once(expected), "{headers:?}");
    }
}
