//! What outlives what: verdicts and counts, configurations and workers.

use serde_json::{Value, json};

use super::{TAGS, Workers, fail, policy, user};
use crate::host::{Ended, Vm};
use crate::support;

fn strict() -> Value {
    policy(&json!({ "max_error_percent": 5 }))
}

#[test]
fn a_verdict_outlives_a_policy_that_leaves_its_guard() {
    let mut workers = Workers::start(2, &strict());
    fail(&mut workers);
    let mut other = strict();
    other["services"][0]["rules"][0]["name"] = json!("renamed");
    workers.replace(&other);
    workers.pass(250);
    assert_eq!(workers.versions(), ["v1"; 2]);
    for (field, value) in [
        ("guard", json!({ "max_error_percent": 6 })),
        ("cluster", json!("checkout-v2-fixed")),
    ] {
        let mut changed = strict();
        changed["services"][0]["versions"][1][field] = value;
        workers.replace(&changed);
        workers.pass(250);
        assert_eq!(workers.versions(), ["v2"; 2], "{field}");
        // And back: it is the one that was closed.
        workers.replace(&strict());
        workers.pass(250);
        assert_eq!(workers.versions(), ["v1"; 2], "{field}");
    }
    assert_eq!(workers.told(), [[""; 3]; 0]);
}

/// A policy that is replaced leaves no gap in which a closed version has its users again.
#[test]
fn a_verdict_holds_from_the_first_request_of_a_policy() {
    let mut workers = Workers::start(2, &strict());
    fail(&mut workers);
    workers.replace(&strict());
    assert_eq!(workers.versions(), ["v1"; 2]);
    workers.add(&strict());
    assert_eq!(workers.versions(), ["v1"; 3]);
}

#[test]
fn what_was_counted_outlives_a_policy_too() {
    let mut workers = Workers::start(2, &strict());
    workers.serve_many(0, 30, &Ended::with(500));
    workers.replace(&strict());
    workers.serve_many(1, 30, &Ended::with(500));
    workers.pass(500);
    assert_eq!(workers.told(), [["open", "closed", "max_error_percent"]]);
}

#[test]
fn a_worker_that_is_gone_leaves_what_it_saw_and_its_place() {
    let mut workers = Workers::start(2, &strict());
    workers.serve_many(1, 40, &Ended::with(500));
    workers.pass(250);
    drop(workers.vms.pop());
    workers.add(&strict());
    workers.serve_many(1, 20, &Ended::with(500));
    workers.pass(500);
    assert_eq!(workers.told(), [["open", "closed", "max_error_percent"]]);
    let places = |workers: &Workers| {
        let keys = workers.vms[0].0.shared().into_keys();
        keys.filter(|key| key.starts_with(b"graylane/1/worker/"))
            .count()
    };
    assert_eq!(places(&workers), 3);
    for _ in 0..5 {
        workers.pass(61_000);
        drop(workers.vms.pop());
        workers.add(&strict());
        workers.pass(250);
        assert_eq!(workers.versions(), ["v1"; 2]);
    }
    assert!(places(&workers) <= 4, "{}", places(&workers));
}

/// Another module takes the place of this one's VM, in which no tick comes any more.
#[test]
fn a_worker_that_goes_tells_of_the_streams_that_ended_last() {
    let mut vm = Vm::start();
    let root = vm.accept(&support::json(&strict()));
    let open = |vm: &Vm| vm.gauge(&format!("{TAGS}graylane_open_streams"));
    let request = vm.open(root);
    vm.send(request, &user(1));
    vm.tick(root);
    assert_eq!(open(&vm), Some(1));
    vm.close(request);
    assert_eq!(open(&vm), Some(1));
    vm.retire(root);
    assert_eq!(open(&vm), Some(0));
}

#[test]
fn guarded_requests_free_what_they_took() {
    let guard = json!({
        "max_error_percent": 60,
        "max_slow": { "over": "800ms", "percent": 10 },
        "above_baseline": { "error_percent": 50, "slow_percent": 5 },
        "consecutive_failures": 100,
    });
    let mut workers = Workers::start(1, &policy(&guard));
    let turn = |workers: &mut Workers, requests| {
        for id in 0..requests {
            let traced = user(id).with("x-request-id", &format!("request-{id}"));
            let status = if id % 2 == 0 { 200 } else { 500 };
            workers.serve(0, &traced, &Ended::with(status));
            workers.serve(0, &crate::support::Sent::default(), &Ended::with(status));
            if id % 10 == 0 {
                workers.pass(250);
            }
        }
    };
    turn(&mut workers, 2_000);
    let before = workers.vms[0].0.pages();
    turn(&mut workers, 10_000);
    assert_eq!(workers.vms[0].0.pages(), before, "pages of 64 KiB");
    assert_eq!(workers.told(), [[""; 3]; 0]);
}
