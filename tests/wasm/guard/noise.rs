//! Shared data that is not what this release writes: any bytes, and bytes that nearly are.

use serde_json::json;

use super::{Workers, policy, user};
use crate::host::{Ended, Noise};

const KEYS: [&[u8]; 4] = [
    b"graylane/1/workers",
    b"graylane/1/verdicts",
    b"graylane/1/worker/0",
    b"graylane/1/worker/1",
];

fn workers() -> Workers {
    let guard = json!({
        "max_error_percent": 5,
        "max_slow": { "over": "800ms", "percent": 10 },
        "above_baseline": { "error_percent": 5 },
        "consecutive_failures": 50,
        "retry_after": "1s",
    });
    Workers::start(2, &policy(&guard))
}

/// Requests are answered, and ticks come and go.
fn go_on(workers: &mut Workers) {
    for worker in [0, 1] {
        for id in 0..4 {
            let version = workers.serve(worker, &user(id), &Ended::with(500));
            assert!(["v1", "v2"].contains(&&*version), "{version:?}");
        }
    }
    workers.pass(250);
}

#[test]
fn any_bytes_do_no_harm() {
    let mut noise = Noise(2026);
    for _ in 0..40 {
        let mut workers = workers();
        for _ in 0..5 {
            for key in KEYS {
                let length = noise.below(200);
                let bytes = noise.bytes(length);
                workers.vms[0].0.share(key, &bytes);
            }
            go_on(&mut workers);
        }
        workers.pass(500);
        workers.told();
        // The guard is none the worse for it.
        workers.serve_many(0, 60, &Ended::with(500));
        workers.serve_many(1, 60, &Ended::with(500));
        workers.pass(500);
        assert_eq!(workers.gauge("guard_state"), 4);
        assert_eq!(workers.versions(), ["v1"; 2]);
    }
}

/// Of bytes that nearly are what is written the worst that can come is a wrong verdict.
#[test]
fn bytes_that_are_bent_end_no_worker() {
    let mut noise = Noise(2027);
    let mut workers = workers();
    for _ in 0..500 {
        go_on(&mut workers);
        for (key, mut value) in workers.vms[0].0.shared() {
            for _ in 0..noise.below(3) {
                let at = noise.below(value.len() + 1);
                match noise.below(3) {
                    0 => value.truncate(at),
                    1 => value.insert(at, noise.bytes(1)[0]),
                    _ => {
                        if let Some(byte) = value.get_mut(at) {
                            *byte = noise.bytes(1)[0];
                        }
                    }
                }
            }
            workers.vms[0].0.share(&key, &value);
        }
    }
}
