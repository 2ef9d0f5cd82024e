//! What a configuration tells others of verdicts, and the log of what goes wrong: no more than is
//! needed.

use serde_json::{Value, json};

use super::{SECRET, Worker, everybody_to, following, path};
use crate::host::Ended;
use crate::support::Sent;

#[test]
fn a_verdict_is_posted_until_it_is_taken() {
    let mut policy = everybody_to("v2");
    policy["services"][0]["versions"][1]["guard"] = json!({ "consecutive_failures": 5 });
    policy["notify"] = json!({ "cluster": "chat", "host": "hooks.example.com", "path": format!("/{SECRET}"), "shape": "slack" });
    let mut worker = Worker::start(&policy);
    for _ in 0..5 {
        worker
            .vm
            .serve_to(worker.root, &Sent::default(), &Ended::with(500));
    }
    let sent = worker.pass(500);
    assert_eq!(sent.len(), 1);
    assert_eq!(path(&sent[0]), format!("/{SECRET}"));
    let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(
        body["text"],
        "graylane: checkout/v2 is closed, and was open: consecutive_failures. Of its last 5 \
         answers, 5 failed and 0 were slow."
    );
    worker.reply(&sent[0], "503", "");
    let again = worker.pass(10_000);
    assert_eq!(again.len(), 1);
    worker.reply(&again[0], "200", "ok");
    assert_eq!(worker.pass(100_000).len(), 0);
    assert!(worker.has_logged("notify: was answered with 503"));
    assert!(!worker.has_logged(SECRET));
}

/// A centre that answers otherwise each second, and wrongly, fills no log.
#[test]
fn what_goes_wrong_all_the_time_is_told_every_few_seconds() {
    let remote = json!({ "every": "1s" });
    let mut worker = Worker::start(&following(&remote));
    let refused = |worker: &Worker| worker.errors().len();
    let mut told = Vec::new();
    for second in 0..200 {
        for own in worker.pass(1_000) {
            match path(&own) {
                "/policy.json" => worker.reply(&own, "200", &format!("bad {second}")),
                _ => worker.reply(&own, "404", ""),
            }
        }
        told.push(refused(&worker));
    }
    assert!(told[15] >= 10, "the first ones are all told: {told:?}");
    // One for every five seconds, and twenty at once.
    assert!((40..=61).contains(&told[199]), "{told:?}");
    assert!(worker.has_logged("(lines left out before it: "));
}
