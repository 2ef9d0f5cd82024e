//! A version that is not is taken out of traffic, and comes back when it is.

use graylane::guard::{Because, State};
use serde_json::{Value, json};

use crate::proxy::{HEALTHY, Ills, Proxy, failing};

fn strict() -> Value {
    json!({ "max_error_percent": 5, "max_slow": { "over": "800ms", "percent": 10 } })
}

/// A proxy whose version has been well for as long as a window.
fn after_a_window(guard: &Value, rate: f64, seed: u64) -> Proxy {
    let mut proxy = Proxy::new(guard, seed);
    proxy.run(40_000, rate, HEALTHY);
    assert_eq!(proxy.changes, []);
    proxy
}

/// How long until the window is over the limit, were there no guard.
fn crossing(before: u32, rate: u32, failed: u32) -> u64 {
    // Until failed × new ones are 5 % × all of the window, of which the newer push out the older.
    u64::from(5 * before) * 1_000 / u64::from(rate * failed)
}

#[test]
fn it_is_closed_within_two_seconds_of_crossing_the_limit() {
    for rate in [40, 100, 400] {
        for failed in [20, 50, 100] {
            for seed in 0..5 {
                let mut proxy = after_a_window(&strict(), rate.into(), seed);
                let crossing = crossing(proxy.window.answers, rate, failed);
                let ill = failing(failed.into());
                let took = proxy.run_until(State::Closed, 60_000, rate.into(), ill);
                let took = took.expect("closed");
                let at = format!("{failed} % of {rate} a second, seed {seed}: {took}, {crossing}");
                assert!(took <= crossing + 2_000, "{at}");
                let changes = proxy.changes.as_slice();
                assert!(
                    matches!(changes, [(_, State::Closed, Because::MaxError)]),
                    "{at}: {changes:?}"
                );
            }
        }
    }
}

#[test]
fn slow_answers_close_it_as_well() {
    let mut proxy = after_a_window(&strict(), 100.0, 0);
    let slow = Ills {
        slow: 60.0,
        ..HEALTHY
    };
    let took = proxy.run_until(State::Closed, 10_000, 100.0, slow);
    assert!(took.is_some_and(|took| took <= 3_000), "{took:?}");
    assert!(matches!(
        proxy.changes[..],
        [(_, State::Closed, Because::MaxSlow)]
    ));
}

#[test]
fn a_hang_is_seen_while_it_lasts() {
    let mut proxy = after_a_window(&strict(), 40.0, 0);
    let hangs = proxy.since_begin();
    while proxy.standing.state != State::Closed {
        assert!(proxy.since_begin() < hangs + 10_000, "never closed");
        // Ten a second for each of the four workers.
        proxy.hang(3);
        proxy.run(250, 0.0, HEALTHY);
    }
    let took = proxy.since_begin() - hangs;
    // 800 ms to be late, and then a tenth of the window's 1,200.
    assert!(took <= 5_500, "{took}");
}

#[test]
fn worse_than_the_baseline_is_too_bad_even_where_both_are_bad() {
    let guard = json!({ "above_baseline": { "error_percent": 5 } });
    let mut proxy = Proxy::new(&guard, 0);
    let both = |failed, beside| Ills {
        failed,
        slow: 0.0,
        beside,
    };
    proxy.run(60_000, 100.0, both(30.0, 30.0));
    assert_eq!(proxy.changes, []);
    let took = proxy.run_until(State::Closed, 60_000, 100.0, both(50.0, 30.0));
    assert!(took.is_some_and(|took| took <= 10_000), "{took:?}");
    assert_eq!(proxy.changes[0].2, Because::ErrorAbove);
}

#[test]
fn thin_traffic_is_closed_by_failures_in_a_row() {
    let guard = json!({ "consecutive_failures": 5 });
    let mut proxy = Proxy::new(&guard, 0);
    // One in ten seconds, on four workers in turn.
    proxy.run(600_000, 0.1, failing(0.0));
    let took = proxy.run_until(State::Closed, 600_000, 0.1, failing(100.0));
    assert_eq!(took, Some(50_000));
    let mut proxy = Proxy::new(&guard, 0);
    proxy.run(3_600_000, 0.1, failing(20.0));
    assert_eq!(proxy.changes, []);
}

#[test]
fn failures_in_a_row_are_not_hidden_by_what_comes_right_after() {
    let guard = json!({ "consecutive_failures": 5 });
    for (failures, state) in [(4, State::Open), (5, State::Closed)] {
        let mut proxy = Proxy::new(&guard, 0);
        proxy.run(1_000, 10.0, failing(0.0));
        proxy.burst(failures);
        proxy.run(1_000, 0.0, failing(0.0));
        assert_eq!(proxy.standing.state, state, "{failures}");
    }
}

#[test]
fn it_comes_back_when_it_has_recovered_and_not_before() {
    let mut guard = strict();
    guard["retry_after"] = json!("1m");
    let mut proxy = after_a_window(&guard, 100.0, 0);
    proxy.run_until(State::Closed, 10_000, 100.0, failing(50.0));
    assert_eq!(
        proxy.run_until(State::Probing, 70_000, 100.0, failing(50.0)),
        Some(60_000)
    );
    // A tenth of its users.
    let again = proxy.run_until(State::Closed, 30_000, 10.0, failing(50.0));
    assert!(again.is_some_and(|took| took <= 8_000), "{again:?}");
    proxy.run_until(State::Probing, 70_000, 100.0, HEALTHY);
    let open = proxy.run_until(State::Open, 30_000, 10.0, failing(0.0));
    assert!(open.is_some_and(|took| took <= 8_000), "{open:?}");
    let states: Vec<_> = proxy.changes.iter().map(|(_, state, _)| *state).collect();
    let expected = [
        State::Closed,
        State::Probing,
        State::Closed,
        State::Probing,
        State::Open,
    ];
    assert_eq!(states, expected);
}

#[test]
fn without_a_retry_it_stays_closed() {
    let mut proxy = after_a_window(&strict(), 100.0, 0);
    proxy.run_until(State::Closed, 10_000, 100.0, failing(50.0));
    proxy.run(24 * 3_600_000, 1.0, failing(0.0));
    assert_eq!(proxy.standing.state, State::Closed);
}

#[test]
fn pause_and_observe_say_so_and_end_with_the_trouble() {
    for (then, state) in [("pause", State::Paused), ("observe", State::Observed)] {
        let mut guard = strict();
        guard["then"] = json!(then);
        guard["retry_after"] = json!("1m");
        let mut proxy = after_a_window(&guard, 100.0, 0);
        let took = proxy.run_until(state, 10_000, 100.0, failing(50.0));
        assert!(took.is_some(), "{then}");
        proxy.run(300_000, 100.0, failing(50.0));
        assert_eq!(proxy.standing.state, state, "still ill: {then}");
        proxy.run(60_000, 100.0, failing(1.0));
        assert_eq!(proxy.standing.state, State::Open, "well again: {then}");
        assert_eq!(proxy.changes.len(), 2, "{then}: {:?}", proxy.changes);
    }
}

#[test]
fn nothing_is_counted_twice_or_lost() {
    let guard = json!({ "max_error_percent": 100, "window": "1h" });
    let mut proxy = Proxy::new(&guard, 0);
    proxy.run(60_000, 123.0, failing(50.0));
    assert_eq!(proxy.window.answers, 123 * 60);
    proxy.start_worker();
    proxy.run(60_000, 123.0, failing(50.0));
    assert_eq!(proxy.window.answers, 123 * 120);
    // What a worker has told stays told when it is gone.
    proxy.restart_worker();
    proxy.run(30_000, 123.0, failing(50.0));
    assert_eq!(proxy.window.answers, 123 * 150);
}
