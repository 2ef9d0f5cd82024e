//! Verdicts of several workers: one for all, told once.

use graylane::Bucket;
use serde_json::json;

use super::{Workers, fail, policy, user};
use crate::host::Ended;
use crate::support::Sent;

#[test]
fn what_two_workers_see_closes_the_version_on_all() {
    let mut workers = Workers::start(3, &policy(&json!({ "max_error_percent": 5 })));
    assert_eq!(workers.versions(), ["v2"; 3]);
    for (worker, trace) in [(0, "4bf92f3577b34da6a3ce929d0e0e4736"), (1, "7b")] {
        let sent = user(1).with("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"));
        workers.serve(worker, &sent, &Ended::with(502));
        workers.serve_many(worker, 29, &Ended::with(500));
    }
    workers.pass(500);
    let [verdict] = &workers.verdicts[..] else {
        panic!("{:?}", workers.verdicts)
    };
    let expected = json!({
        "service": "checkout", "version": "v2", "cluster": "checkout-v2",
        "from": "open", "to": "closed", "because": "max_error_percent", "window_ms": 30_000,
        // One for each worker came before.
        "answers": 62, "failed": 60, "slow": 0, "hanging": 0, "baseline": null,
        "trace_ids": ["4bf92f3577b34da6a3ce929d0e0e4736", "7b"],
    });
    assert_eq!(*verdict, expected);
    assert_eq!(workers.versions(), ["v1"; 3]);
    assert_eq!(workers.gauge("guard_state"), 4);
    workers.verdicts.clear();
    workers.pass(60_000);
    assert_eq!(
        workers.told(),
        [[""; 3]; 0],
        "without `retry_after` it is for good"
    );
    assert_eq!(workers.versions(), ["v1"; 3]);
}

#[test]
fn a_version_at_its_limit_is_left_alone() {
    let mut workers = Workers::start(2, &policy(&json!({ "max_error_percent": 20 })));
    for worker in [0, 1] {
        workers.serve_many(worker, 80, &Ended::with(200));
        workers.serve_many(worker, 20, &Ended::with(500));
    }
    workers.pass(5_000);
    assert_eq!(workers.told(), [[""; 3]; 0]);
    assert_eq!(workers.window(), [200, 40, 0]);
}

#[test]
fn failures_in_a_row_are_those_of_all_workers() {
    let mut workers = Workers::start(2, &policy(&json!({ "consecutive_failures": 4 })));
    for success in [true, false] {
        for worker in [0, 1] {
            workers.serve_many(worker, 1, &Ended::with(503));
            workers.pass(250);
        }
        if success {
            workers.serve_many(0, 1, &Ended::with(200));
            workers.pass(250);
        }
    }
    assert_eq!(workers.told(), [[""; 3]; 0], "two since the success");
    workers.serve_many(0, 2, &Ended::with(503));
    workers.pass(500);
    assert_eq!(workers.told(), [["open", "closed", "consecutive_failures"]]);
}

#[test]
fn it_is_tried_again_by_its_first_users_and_comes_back() {
    let guard = json!({ "max_error_percent": 5, "retry_after": "10s", "retry_percent": 10 });
    let mut workers = Workers::start(2, &policy(&guard));
    fail(&mut workers);
    workers.pass(9_000);
    assert_eq!(workers.told(), [[""; 3]; 0]);
    workers.pass(1_000);
    assert_eq!(workers.told(), [["closed", "probing", "retry_after"]]);
    let is_first = |id: usize| Bucket::of("s", id.to_string().as_bytes()).number() < 10_000;
    // Those who try it find it as bad as it was.
    for id in 0..600 {
        let expected = if is_first(id) { "v2" } else { "v1" };
        let got = workers.serve(id % 2, &user(id), &Ended::with(500));
        assert_eq!(got, expected, "{id}");
    }
    let tried = (0..600).filter(|id| is_first(*id)).count();
    assert!(tried > 50, "{tried}");
    workers.pass(500);
    assert_eq!(workers.told(), [["probing", "closed", "max_error_percent"]]);
    workers.pass(10_000);
    assert_eq!(workers.told(), [["closed", "probing", "retry_after"]]);
    assert_eq!(workers.gauge("guard_state"), 3);
    for id in 0..600 {
        workers.serve(id % 2, &user(id), &Ended::with(200));
    }
    workers.pass(500);
    assert_eq!(workers.told(), [["probing", "open", "recovered"]]);
    assert_eq!(workers.versions(), ["v2"; 2]);
    assert_eq!(workers.gauge("guard_state"), 0);
}

#[test]
fn what_is_paused_or_observed_goes_on() {
    for (then, state, number) in [("pause", "paused", 2), ("observe", "observed", 1)] {
        let mut workers =
            Workers::start(2, &policy(&json!({ "max_error_percent": 5, "then": then })));
        workers.serve_many(1, 60, &Ended::with(500));
        workers.pass(500);
        assert_eq!(workers.told(), [["open", state, "max_error_percent"]]);
        assert_eq!(workers.versions(), ["v2"; 2]);
        assert_eq!(workers.gauge("guard_state"), number);
    }
}

/// What goes wrong with both, as where they share a database, is not the version's fault.
#[test]
fn it_is_held_against_a_sample_of_the_baseline() {
    let guard = json!({ "above_baseline": { "error_percent": 5 } });
    let mut workers = Workers::start(2, &policy(&guard));
    let second = |workers: &mut Workers, own, beside| {
        for id in 0..40 {
            let got = workers.serve(id % 2, &Sent::default(), &Ended::with(beside));
            assert_eq!(got, "v1");
            if id % 5 == 0 {
                workers.serve(id / 5 % 2, &user(id), &Ended::with(own));
            }
        }
        workers.pass(1_000);
    };
    (0..5).for_each(|_| second(&mut workers, 200, 200));
    (0..5).for_each(|_| second(&mut workers, 500, 500));
    assert_eq!(workers.told(), [[""; 3]; 0]);
    let both = [80, 40, 0];
    assert_eq!(workers.window(), both, "the baseline's are not among them");
    (0..40).for_each(|_| second(&mut workers, 200, 200));
    assert_eq!(workers.told(), [[""; 3]; 0]);
    (0..10).for_each(|_| second(&mut workers, 500, 200));
    let verdict = workers.verdicts[0].clone();
    assert_eq!(
        workers.told(),
        [["open", "closed", "above_baseline.error_percent"]]
    );
    // Of the 40 in a second, as many as a share needs, and about as many as the version's.
    let beside = verdict["baseline"]["answers"].as_u64().unwrap();
    assert!((50..600).contains(&beside), "{verdict}");
    assert_eq!(verdict["baseline"]["failed"], json!(0), "{verdict}");
}
