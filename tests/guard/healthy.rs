//! A version that is well enough is left alone.

use graylane::guard::State;
use serde_json::{Value, json};

use crate::proxy::{Ills, Proxy};

/// Half an hour.
const LONG: u64 = 30 * 60_000;

/// Runs under traffic from next to none to a lot, and tells whether it was ever touched.
fn never_closed(guard: &Value, ills: Ills) {
    for (rate, seeds) in [(0.5, 8), (2.0, 8), (10.0, 4), (40.0, 2), (400.0, 1)] {
        for seed in 0..seeds {
            let mut proxy = Proxy::new(guard, seed);
            proxy.run(LONG, rate, ills);
            assert_eq!(proxy.changes, [], "{rate} a second, seed {seed}");
        }
    }
}

#[test]
fn half_of_the_failures_that_there_may_be() {
    for limit in [1.0, 5.0, 20.0] {
        let guard = json!({ "max_error_percent": limit, "min_requests": 20 });
        let failed = limit / 2.0;
        never_closed(
            &guard,
            Ills {
                failed,
                ..Ills::default()
            },
        );
    }
}

#[test]
fn half_of_the_slow_answers_that_there_may_be() {
    let guard = json!({ "max_slow": { "over": "800ms", "percent": 10 } });
    let ills = Ills {
        slow: 5.0,
        ..Ills::default()
    };
    never_closed(&guard, ills);
}

#[test]
fn half_as_much_above_the_baseline_as_there_may_be() {
    let guard = json!({ "above_baseline": { "error_percent": 4 } });
    let ills = Ills {
        failed: 5.0,
        beside: 3.0,
        ..Ills::default()
    };
    never_closed(&guard, ills);
}

/// What the check above would see if it could: a version that is just over its limits.
#[test]
fn what_is_worse_than_it_may_be_is_closed_some_day() {
    let guard = json!({ "max_error_percent": 5 });
    let mut proxy = Proxy::new(&guard, 0);
    let ills = Ills {
        failed: 7.5,
        ..Ills::default()
    };
    let closed = proxy.run_until(State::Closed, LONG, 40.0, ills);
    assert!(closed.is_some(), "{:?}", proxy.window);
}
