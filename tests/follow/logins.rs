//! A centre that asks for a login.

use std::rc::Rc;

use graylane::Node;
use graylane::policy::Policy;
use graylane::remote::{Event, Poller, Purpose, Reply, Subject, Tick};
use graylane::rules::Rules;
use serde_json::json;

use crate::memory::Memory;
use crate::site::BEGIN;

/// An etcd that gives tokens, and takes none of them.
#[test]
fn tokens_that_are_refused_as_soon_as_given_are_not_asked_for_again_and_again() {
    let policy = json!({
        "schema": "graylane/v1",
        "remote": {
            "cluster": "etcd",
            "etcd": { "user": "gray", "password": "open-sesame" },
            "announce": { "under": "fleet" },
        },
        "services": [{ "name": "checkout", "baseline": "v1", "versions": [{ "name": "v1" }] }],
    });
    let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
    let mut rules = Rules::compile(policy, &Node::default()).unwrap();
    let remote = Rc::new(*rules.take_remote().unwrap());
    let (shared, mut logins, mut told) = (Memory::default(), 0, Vec::new());
    let mut poller = Poller::new(remote, b"graylane", 1);
    for now in (BEGIN..BEGIN + 600_000).step_by(250) {
        let tick = Tick {
            now,
            draw: u32::MAX / 2,
            proxy: "edge",
            verdict: None,
        };
        for (purpose, call) in poller.due(&shared, tick, || Some("{\"at\":1}".to_owned())) {
            let logs_in = purpose == Purpose::LogIn;
            logins += u32::from(logs_in);
            let (status, body) = if logs_in {
                (200, r#"{"token":"of-today"}"#)
            } else {
                (
                    401,
                    r#"{"error":"etcdserver: invalid auth token","message":"etcdserver: invalid auth token","code":16}"#,
                )
            };
            poller.sent(7, purpose, call.hold, now);
            let asked = poller.take(7).unwrap();
            let reply = Reply {
                status,
                headers: Vec::new(),
                body: body.into(),
            };
            let events = poller.heard(&shared, asked, Ok(reply), tick, |_, _, _| Ok(()));
            told.extend(events);
        }
    }
    // As often as a centre is asked that fails, and once more each time.
    assert!((2..=60).contains(&logins), "{logins}");
    assert!(!told.is_empty());
    let sentence = "refuses the token that it has just given; see what its user may do";
    for event in told {
        assert_eq!(event, Event::Failed(Subject::Fleet, sentence.to_owned()));
    }
}
