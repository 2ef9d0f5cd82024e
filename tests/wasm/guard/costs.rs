//! What a guard costs, in hostcalls: nothing where there is none, and of the baseline a sample.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{BEGIN, policy, user};
use crate::host::{Ended, Root, Vm};
use crate::hostcalls::{DROP_CLUSTER, SET_CLUSTER, SET_TAG};
use crate::support::{self, Sent};

const KEY: &str = "get_header_map_value x-user-id";
const CLOCK: &str = "get_current_time_nanoseconds";
const CODE: &str = "get_property response.code";
const FLAGS: &str = "get_property response.flags";
const DETAILS: &str = "get_property response.code_details";
/// In the trailers, and in the headers.
const STATUS: &str = "get_header_map_value grpc-status";
const BY: &str = "get_property xds.upstream_host_metadata.filter_metadata.graylane.version";
const BORROWS: &str = "get_property xds.route_metadata.filter_metadata.graylane.borrow";
const TRACE: &str = "get_header_map_value traceparent";
const REQUEST_ID: &str = "get_header_map_value x-request-id";

const DEFINE: &str =
    "define_metric gray_service=.=checkout;.;gray_version=.=v2;.;graylane_answer_milliseconds";

/// What the first answer of a guarded version costs on its way: how long it took is put into a
/// histogram, whose number the host gives once.
const TIMED: [&str; 4] = [CLOCK, CLOCK, DEFINE, "record_metric"];

/// What each answer that is looked at costs once it is over.
const LOGGED: [&str; 5] = [CODE, FLAGS, STATUS, STATUS, BY];

fn vm(guard: &Value) -> (Vm, Root) {
    let mut vm = Vm::start();
    vm.clock(BEGIN);
    let root = vm.accept(&support::json(&policy(guard)));
    (vm, root)
}

fn count(calls: &[&[&str]]) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for call in calls.concat() {
        *counts.entry(call.to_owned()).or_default() += 1;
    }
    counts
}

const CANARY: [&str; 3] = [KEY, SET_TAG, SET_CLUSTER];
const BASELINE: [&str; 3] = [KEY, SET_TAG, DROP_CLUSTER];

#[test]
fn a_guarded_answer_costs_a_look_at_its_end() {
    let ended = Ended::with(200);
    let failed = Ended::with(500);
    let logged = LOGGED.as_slice();
    let failing: &[&str] = &[CODE, FLAGS, STATUS, STATUS, DETAILS, TRACE, REQUEST_ID];
    let error = json!({ "max_error_percent": 5 });
    let slow = json!({ "max_slow": { "over": "800ms", "percent": 5 } });
    for (what, guard, ended, expected) in [
        ("a good one", &error, &ended, logged),
        ("one that may be slow", &slow, &ended, logged),
        ("a failed one", &error, &failed, failing),
        (
            "of the proxy's own",
            &error,
            &Ended::by_proxy(429, 11, "request_rate_limited"),
            &[CODE, FLAGS, STATUS, STATUS, DETAILS],
        ),
        (
            "by another version",
            &error,
            &Ended::with(200).by("v1").borrowed(),
            &[logged, &[BORROWS]].concat(),
        ),
    ] {
        let (mut vm, root) = vm(guard);
        let calls = vm.serve_to(root, &user(1), ended).calls;
        assert_eq!(calls, count(&[&CANARY, &TIMED, expected]), "{what}");
    }
    let (mut vm, root) = vm(&error);
    let calls = vm.serve_to(root, &user(1), &Ended::left()).calls;
    assert_eq!(calls, count(&[&CANARY, &[CLOCK, CLOCK, CODE]]), "of nobody");
}

#[test]
fn the_baseline_costs_nothing_where_it_is_not_compared() {
    let (mut vm, root) = vm(&json!({ "max_error_percent": 5 }));
    let calls = vm.serve(root, &Sent::default()).calls;
    assert_eq!(calls, count(&[&BASELINE]));
}

#[test]
fn of_a_compared_baseline_a_sample_costs_as_much() {
    let (mut vm, root) =
        vm(&json!({ "above_baseline": { "error_percent": 5 }, "min_requests": 10 }));
    let all = count(&[&BASELINE, &LOGGED]);
    let none = count(&[&BASELINE]);
    for _ in 0..10 {
        assert_eq!(vm.serve(root, &Sent::default()).calls, all);
    }
    // That is enough, while the version has no more.
    for _ in 0..40 {
        assert_eq!(vm.serve(root, &Sent::default()).calls, none);
    }
    for id in 0..40 {
        vm.serve(root, &user(id));
    }
    let looked = (0..40).filter(|_| vm.serve(root, &Sent::default()).calls == all);
    assert_eq!(looked.count(), 10, "one in four");
}

#[test]
fn an_unguarded_version_beside_costs_nothing() {
    let mut policy = policy(&json!({ "max_error_percent": 5 }));
    let service = &mut policy["services"][0];
    let third = json!({ "name": "v3", "cluster": "checkout-v3" });
    service["versions"].as_array_mut().unwrap().push(third);
    service["rules"][0]["split"]["to"][0]["version"] = json!("v3");
    let mut vm = Vm::start();
    let root = vm.accept(&support::json(&policy));
    assert_eq!(vm.serve(root, &user(1)).calls, count(&[&CANARY]));
}

/// What another version's guard says is slow is no reason to look at the clock.
#[test]
fn an_unguarded_version_beside_a_guard_that_has_max_slow_reads_no_clock() {
    let mut policy = policy(&json!({ "max_error_percent": 5 }));
    policy["services"][0]["versions"][1] = json!({ "name": "v2" });
    let third = json!({
        "name": "v3",
        "guard": { "max_slow": { "over": "1s", "percent": 5 } },
    });
    let versions = &mut policy["services"][0]["versions"];
    versions.as_array_mut().unwrap().push(third);
    for (version, reads) in [("v2", false), ("v3", true)] {
        policy["services"][0]["rules"][0]["split"]["to"][0]["version"] = json!(version);
        let mut vm = Vm::start();
        let root = vm.accept(&support::json(&policy));
        let calls = vm.serve(root, &user(1)).calls;
        assert_eq!(calls.contains_key(CLOCK), reads, "{version}: {calls:?}");
    }
}

#[test]
fn a_tick_at_which_nothing_is_new_reads_what_workers_told_and_writes_once() {
    let (mut vm, root) = vm(&json!({ "max_error_percent": 5 }));
    let first = vm.tick(root);
    assert_eq!(first.calls["set_shared_data graylane/1/workers"], 1);
    vm.serve(root, &user(1));
    vm.tick(root);
    let calls = vm.tick(root).calls;
    let get = |name: &str| format!("get_shared_data graylane/1/{name}");
    let expected = [
        (CLOCK.to_owned(), 1),
        (get("verdicts"), 1),
        (get("workers"), 1),
        (get("worker/0"), 1),
        ("set_shared_data graylane/1/worker/0".to_owned(), 1),
        // How the version stands, and the three counts of its window.
        ("record_metric".to_owned(), 4),
    ];
    assert_eq!(calls, BTreeMap::from(expected));
}
