//! What counts as an answer of a version, and as a bad one.

use serde_json::{Value, json};

use super::{Workers, fail, policy};
use crate::host::Ended;

fn strict() -> Value {
    policy(&json!({ "max_error_percent": 5, "min_requests": 1000 }))
}

/// What one request that ended so makes the window.
fn window(ended: &Ended) -> [u64; 3] {
    let mut workers = Workers::start(1, &strict());
    workers.serve_many(0, 1, ended);
    workers.pass(500);
    workers.window()
}

const GOOD: [u64; 3] = [1, 0, 0];
const FAILED: [u64; 3] = [1, 1, 0];
const NOTHING: [u64; 3] = [0, 0, 0];

#[test]
fn a_grpc_status_counts_in_trailers_and_in_headers() {
    for status in 0..=16 {
        let failed = [2, 4, 12, 13, 14, 15].contains(&status);
        let expected = if failed { FAILED } else { GOOD };
        assert_eq!(window(&Ended::grpc(status)), expected, "{status}");
        assert_eq!(window(&Ended::grpc_at_once(status)), expected, "{status}");
    }
}

#[test]
fn the_proxys_own_rejections_are_not_the_versions() {
    for (status, flag, details) in [
        (429, 11, "request_rate_limited"),
        (403, 12, "ext_authz_denied"),
        (503, 10, "fault_filter_abort"),
        (503, 7, "overflow"),
    ] {
        assert_eq!(
            window(&Ended::by_proxy(status, flag, details)),
            NOTHING,
            "{details}"
        );
    }
    for (status, flag, details) in [
        (503, 1, "no_healthy_upstream"),
        (504, 2, "upstream_response_timeout"),
        (
            503,
            5,
            "upstream_reset_before_response_started{connection_failure}",
        ),
        (503, 24, "cluster_not_found"),
    ] {
        assert_eq!(
            window(&Ended::by_proxy(status, flag, details)),
            FAILED,
            "{details}"
        );
    }
    assert_eq!(window(&Ended::left()), NOTHING);
    assert_eq!(window(&Ended::with(404)), GOOD);
}

#[test]
fn an_answer_by_another_version_is_a_failure_unless_it_is_borrowed() {
    assert_eq!(window(&Ended::with(200).by("v2")), GOOD);
    assert_eq!(window(&Ended::with(200).by("v1")), FAILED);
    assert_eq!(window(&Ended::with(200).by("v1").borrowed()), GOOD);
    assert_eq!(window(&Ended::with(500).by("v1").borrowed()), FAILED);
}

#[test]
fn counts_are_exact_over_workers() {
    let mut workers = Workers::start(3, &strict());
    for round in 1..=4 {
        for (worker, good, failed) in [(0, 7, 1), (1, 0, 3), (2, 11, 0)] {
            workers.serve_many(worker, good, &Ended::with(200));
            workers.serve_many(worker, failed, &Ended::with(500));
        }
        let open = workers.open(1, 2);
        workers.pass(500);
        assert_eq!(workers.window(), [round * 22, round * 4, 0]);
        assert_eq!(workers.gauge("open_streams"), 2);
        let (vm, _) = &mut workers.vms[1];
        for request in open {
            vm.close(request);
        }
    }
    workers.pass(250);
    assert_eq!(workers.gauge("open_streams"), 0);
    assert_eq!(workers.counted("requests_total"), 4 * 24);
    workers.pass(40_000);
    assert_eq!(workers.window(), NOTHING);
}

#[test]
fn requests_that_hang_are_seen_while_they_do() {
    let slow = json!({ "max_slow": { "over": "800ms", "percent": 10 }, "min_requests": 20 });
    let mut workers = Workers::start(2, &policy(&slow));
    let open = [workers.open(0, 10), workers.open(1, 10)];
    workers.pass(750);
    assert_eq!(workers.told(), [[""; 3]; 0]);
    workers.pass(750);
    assert_eq!(workers.verdicts[0]["hanging"], json!(20));
    assert_eq!(workers.verdicts[0]["answers"], json!(0));
    assert_eq!(workers.told(), [["open", "closed", "max_slow"]]);
    assert_eq!(workers.versions(), ["v1"; 2]);
    for (open, (vm, _)) in open.into_iter().zip(&mut workers.vms) {
        for request in open {
            vm.close(request);
        }
    }
    workers.pass(250);
    assert_eq!(workers.counted("guard_slow_total"), 20);
}

#[test]
fn an_answer_is_slow_by_its_headers() {
    let slow = json!({ "max_slow": { "over": "800ms", "percent": 10 }, "min_requests": 1000 });
    let mut workers = Workers::start(1, &policy(&slow));
    for (headers, rest, expected) in [(500, 5_000, 0), (1_000, 0, 1)] {
        let open = workers.open(0, 1)[0];
        workers.pass(headers);
        workers.vms[0].0.answer(open, &Ended::with(200));
        workers.pass(rest);
        workers.vms[0].0.end(open, &Ended::with(200));
        workers.pass(250);
        assert_eq!(
            workers.counted("guard_slow_total"),
            expected,
            "{headers} ms"
        );
    }
}

/// Whoever was sent to a version before it was closed says nothing of it afterwards.
#[test]
fn requests_of_an_earlier_standing_do_not_count() {
    let guard = json!({ "max_error_percent": 5, "retry_after": "10s" });
    let mut workers = Workers::start(2, &policy(&guard));
    let open = workers.open(1, 60);
    fail(&mut workers);
    workers.pass(10_000);
    assert_eq!(workers.told(), [["closed", "probing", "retry_after"]]);
    for request in open {
        workers.vms[1].0.end(request, &Ended::with(500));
    }
    workers.pass(500);
    assert_eq!(workers.told(), [[""; 3]; 0]);
    assert_eq!(workers.window(), NOTHING);
    // They did end, though, and badly.
    assert_eq!(workers.counted("guard_failed_total"), 120);
}
