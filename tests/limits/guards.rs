//! A guard's numbers: the window, and how many answers it waits for.

use graylane::limits::{GUARD_WINDOW, MAX_CONSECUTIVE_FAILURES, MAX_GUARD_REQUESTS};
use serde_json::{Value, json};

use crate::support::{accept, refusal};
use crate::{bound, policy, service};

/// A policy with this guard of a version.
fn guarded(guard: &Value) -> Value {
    let mut service = service("checkout", vec![]);
    service["versions"][1]["guard"] = guard.clone();
    policy(vec![service])
}

fn number(bound: u32) -> usize {
    usize::try_from(bound).expect("32 bits")
}

#[test]
fn a_window() {
    let window = |milliseconds: u64| {
        guarded(&json!({ "max_error_percent": 5, "window": format!("{milliseconds}ms") }))
    };
    let (least, most) = GUARD_WINDOW.into_inner();
    accept(&window(least));
    accept(&window(most));
    let at = "services[0].versions[1].guard.window";
    for outside in [least - 1, most + 1] {
        let sentence = format!("{at}: \"{outside}ms\" is not a window; use 1s to 1h");
        assert_eq!(refusal(&window(outside)), sentence);
    }
}

#[test]
fn requests_to_wait_for() {
    bound(
        number(MAX_GUARD_REQUESTS),
        |count| guarded(&json!({ "max_error_percent": 5, "min_requests": count })),
        "services[0].versions[1].guard.min_requests: 1000001 is not a number of requests; use a \
         whole one from 1 to 1000000",
    );
}

#[test]
fn failures_in_a_row() {
    bound(
        number(MAX_CONSECUTIVE_FAILURES),
        |count| guarded(&json!({ "consecutive_failures": count })),
        "services[0].versions[1].guard.consecutive_failures: 101 is not a number of requests; use \
         a whole one from 1 to 100",
    );
}
