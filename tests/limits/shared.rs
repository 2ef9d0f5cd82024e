//! What the workers of a proxy, and the proxies of a fleet, keep of each other.

use std::cell::RefCell;
use std::rc::Rc;

use base64ct::{Base64, Encoding};
use graylane::guard::{Guarded, Outcome, Record, State, Worker, recalled};
use graylane::limits::{MAX_FLEET_BYTES, MAX_PROXIES};
use graylane::notify::Notices;
use graylane::remote::{Poller, Purpose, Reply, Subject, Tick};
use graylane::{Rules, Shared};
use serde_json::json;

use crate::support::memory::Memory;
use crate::support::{self, load};
use crate::{numbered, policy, service};

const NOW: u64 = 1_795_320_000_000;

/// Verdicts that are kept, and places that workers have.
const VERDICTS: u64 = 4_096;
const WORKERS: u64 = 1_024;

fn bytes(words: impl IntoIterator<Item = u64>) -> Vec<u8> {
    words.into_iter().flat_map(u64::to_le_bytes).collect()
}

fn guarded() -> Rules {
    let mut service = service("checkout", vec![]);
    service["versions"][1]["guard"] = json!({ "consecutive_failures": 1 });
    load(&support::json(&policy(vec![service]))).unwrap()
}

/// Has a worker see a version fail that no verdict was about, and judge it.
fn close(shared: &Memory, rules: &Rules, key: u64) -> State {
    let mut versions = rules.services()[0].versions();
    let guard = versions.find_map(|version| version.guard()).unwrap();
    let record = RefCell::new(Record::new(guard));
    let worker = Worker::new(7);
    for tick in 0..2 {
        let watched = record.borrow_mut().watch(None);
        let mut own = record.borrow_mut();
        own.ended(watched, NOW + tick, Outcome::Failed, None, || None);
        drop(own);
        let about = Guarded { key, guard };
        worker.tick(shared, NOW + tick, &[(key, &record)], &[about], None);
    }
    recalled(shared, [key].into_iter())[0].state
}

#[test]
fn verdicts_that_are_kept() {
    let rules = guarded();
    let closed = |key: u64| [key, 4, NOW, 1, NOW, 0];
    for (before, oldest) in [(VERDICTS - 1, State::Closed), (VERDICTS, State::Open)] {
        let shared = Memory::default();
        let verdicts = bytes((1..=before).flat_map(closed));
        shared.set("graylane/1/verdicts", &verdicts, None);
        assert_eq!(close(&shared, &rules, 9_999), State::Closed, "{before}");
        let kept = recalled(&shared, [1, 2, before].into_iter());
        let states: Vec<_> = kept.iter().map(|standing| standing.state).collect();
        assert_eq!(states, [oldest, State::Closed, State::Closed], "{before}");
        let (verdicts, _) = shared.get("graylane/1/verdicts");
        assert_eq!(verdicts.len(), bytes(closed(0)).len() * 4_096);
    }
}

#[test]
fn places_of_workers() {
    let rules = guarded();
    for (others, has_place) in [(WORKERS - 1, true), (WORKERS, false)] {
        let shared = Memory::default();
        shared.set("graylane/1/workers", &bytes(100..100 + others), None);
        for at in 0..others {
            let report = bytes([100 + at, NOW, 0]);
            shared.set(&format!("graylane/1/worker/{at}"), &report, None);
        }
        // One without a place sees nothing: what it has to tell, nobody hears.
        let expected = if has_place {
            State::Closed
        } else {
            State::Open
        };
        assert_eq!(close(&shared, &rules, 1), expected, "{others}");
        let (list, _) = shared.get("graylane/1/workers");
        assert_eq!(list.len() as u64 / 8, WORKERS);
    }
}

/// Whoever else has written there: the first places are ours again.
#[test]
fn a_list_of_workers_that_is_none() {
    let rules = guarded();
    for list in [vec![0xff; 1 << 20], vec![1; 7], b"somebody else's".to_vec()] {
        let shared = Memory::default();
        shared.set("graylane/1/workers", &list, None);
        shared.set("graylane/1/verdicts", &list, None);
        shared.set("graylane/1/worker/0", &list, None);
        assert_eq!(close(&shared, &rules, 1), State::Closed);
        assert!(shared.get("graylane/1/workers").0.len() <= 8 * 1_024);
    }
}

/// A worker that listens to a fleet, and what it keeps of a reply that lists these others.
fn heard(replies: &[Vec<(String, String)>]) -> Vec<Vec<u8>> {
    let mut policy = policy(vec![service("checkout", vec![])]);
    policy["remote"] = json!({ "cluster": "etcd", "etcd": {}, "announce": { "under": "fleet" } });
    let mut rules = load(&support::json(&policy)).unwrap();
    let remote = Rc::new(*rules.take_remote().unwrap());
    let (mut poller, shared) = (Poller::new(remote, b"graylane", 7), Memory::default());
    for (round, others) in (0..).zip(replies) {
        let tick = Tick {
            now: NOW + round * 60_000,
            draw: 0,
            proxy: "edge",
            verdict: None,
        };
        let due = poller.due(&shared, tick, || None);
        assert!(due.iter().any(|(purpose, _)| *purpose == Purpose::List));
        let keys = others.iter().map(|(key, value)| {
            let [key, value] = [key, value].map(|text| Base64::encode_string(text.as_bytes()));
            format!(r#"{{"key":"{key}","value":"{value}"}}"#)
        });
        let keys: Vec<_> = keys.collect();
        let revision = 10 + round;
        let body = format!(
            r#"{{"header":{{"revision":"{revision}"}},"kvs":[{}]}}"#,
            keys.join(",")
        );
        let reply = Reply {
            status: 200,
            headers: Vec::new(),
            body: body.into_bytes(),
        };
        let asked = (Purpose::List, tick.now);
        let events = poller.heard(&shared, asked, Ok(reply), tick, |_, _, _| Ok(()));
        assert_eq!(events, []);
    }
    let documents = poller.kept().document(&shared, Subject::Fleet);
    let lines = documents.split(|byte| *byte == b'\n');
    lines.map(<[u8]>::to_vec).collect()
}

fn announced(at: u64, bytes: usize) -> (String, String) {
    let told = format!(r#"{{"at":{NOW},"versions":[]}}"#);
    let padding = " ".repeat(bytes.saturating_sub(told.len()));
    (format!("fleet/{at}"), told + &padding)
}

#[test]
fn other_proxies_of_a_fleet() {
    let others = |from: usize, to: usize| (from..to).map(|at| announced(at as u64, 0)).collect();
    assert_eq!(heard(&[others(0, MAX_PROXIES)]).len(), MAX_PROXIES);
    assert_eq!(heard(&[others(0, MAX_PROXIES + 1)]).len(), MAX_PROXIES);
    // Also of those that come one after another.
    let replies = [others(0, MAX_PROXIES), others(MAX_PROXIES, MAX_PROXIES + 1)];
    assert_eq!(heard(&replies).len(), MAX_PROXIES);
}

#[test]
fn bytes_of_what_a_fleet_tells() {
    let half = MAX_FLEET_BYTES / 2;
    for (last, proxies) in [(half, 2), (half + 1, 1)] {
        let replies = [vec![announced(0, half)], vec![announced(1, last)]];
        let lines = heard(&replies);
        assert_eq!(lines.len(), proxies, "{last}");
        assert_eq!(lines[0].len(), half);
    }
}

#[test]
fn verdicts_that_wait_to_be_told() {
    for (count, first) in [(32, "0"), (33, "1")] {
        let mut notices = Notices::default();
        numbered(count, |at| notices.add(at.to_string()));
        let posted = RefCell::new(Vec::new());
        notices.post(NOW, |body| {
            posted.borrow_mut().push(body.to_owned());
            Some(1)
        });
        let posted = posted.into_inner();
        assert_eq!(posted.len(), 32);
        assert_eq!(posted[0], first, "of {count} the oldest is of the past");
    }
}
