//! A plan that stands still, since a guard has paused its version, beside one that goes on.

mod support;

use graylane::guard::{Standing, State};
use graylane::{Bucket, Moment, decide};
use serde_json::json;
use support::{Sent, load};

/// Another's share may grow into it: who had it first keeps it.
#[test]
fn a_plan_that_stands_still_keeps_its_users() {
    let ramp = |from: u32, to: u32| {
        let steps = json!([{ "percent": from, "for": "1s" }, { "percent": to }]);
        json!({ "start": "1970-01-01T00:00:01Z", "steps": steps })
    };
    let policy = json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [
                { "name": "v1" },
                { "name": "v2", "guard": { "max_error_percent": 5, "then": "pause" } },
                { "name": "v3" },
            ],
            "rules": [{ "name": "split", "split": {
                "by": [{ "header": "x-user-id" }],
                "salt": "s",
                "to": [
                    { "version": "v2", "ramp": ramp(50, 0) },
                    { "version": "v3", "ramp": ramp(0, 100) },
                ],
            }}],
        }],
    });
    let rules = load(&support::json(&policy)).unwrap();
    let open = Standing::default();
    let paused = open.becomes(State::Paused, 1_500);
    let again = paused.becomes(State::Open, 5_000);
    for (now, standing, below, above) in [
        (1_500, open, "v2", "v1"),
        (2_500, open, "v3", "v3"),
        (2_500, paused, "v2", "v3"),
        (5_499, again, "v2", "v3"),
        (5_500, again, "v3", "v3"),
    ] {
        let standings = [open, standing, open];
        let moment = Moment {
            now,
            standings: &standings,
        };
        for user in 0..1_000 {
            let user = user.to_string();
            let half = Bucket::of("s", user.as_bytes()).number() < 50_000;
            let sent = Sent::default().with("x-user-id", &user);
            let decision = decide(&rules, &sent, moment);
            let expected = if half { below } else { above };
            assert_eq!(decision.version(), Some(expected), "{user} at {now}");
        }
    }
}
