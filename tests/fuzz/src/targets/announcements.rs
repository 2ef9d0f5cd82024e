//! What proxies tell each other by a config centre: what is understood is written as it was read,
//! and whatever else stands there is passed over.

use std::cell::RefCell;

use graylane::guard::{Announcement, Fleet, Guarded, Record, Worker, announcement, is_alive};
use graylane::policy::CloseWhen;
use graylane::rules::Guard;
use serde_json::{Value, json};

use crate::support::memory::Memory;
use crate::targets::guard::guarded;

/// When the proxy looks at them, in milliseconds since the Unix epoch.
const NOW: u64 = 1_795_269_600_000;

/// What the proxy guards, as `docs/guard.md` has it; the verdict's key is of the seeds.
const KEY: u64 = 7;

pub(crate) fn run(data: &[u8]) {
    let others = Announcement::of_lines(data);
    let lines = data.split(|byte| *byte == b'\n').count();
    assert!(others.len() <= lines);
    for other in &others {
        let json = other.to_json();
        let again = Announcement::of_json(json.as_bytes());
        assert_eq!(again.as_ref(), Some(other), "{json}");
        assert_eq!(Announcement::told_at(json.as_bytes()), Some(other.at));
        assert!(!json.contains('\n'), "one line each: {json}");
        let _ = is_alive(other.at, NOW, 5_000);
    }
    let each = data.split(|byte| *byte == b'\n');
    each.for_each(is_what_it_says);
    for close_when in [CloseWhen::Any, CloseWhen::Majority] {
        let others = Announcement::of_lines(data);
        are_judged(&Fleet {
            close_when,
            every: 5_000,
            others,
        });
    }
}

/// Each version that is understood stands so in the document, read by another reader.
fn is_what_it_says(line: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(line) else {
        return;
    };
    // A field that stands twice is the last one there, and the first one here: so once.
    let once = document.to_string();
    let Some(understood) = Announcement::of_json(once.as_bytes()) else {
        return;
    };
    let understood: Value = serde_json::from_str(&understood.to_json()).expect("it is JSON");
    assert_eq!(understood["at"], document["at"]);
    let versions = |document: &Value| document["versions"].as_array().cloned();
    let written = versions(&document).expect("it has a list");
    for own in versions(&understood).expect("it has a list") {
        let same = |other: &Value| {
            let fields = [
                "version",
                "standing",
                "window",
                "hanging",
                "baseline",
                "baseline_hanging",
            ];
            fields.iter().all(|field| own[field] == other[field])
        };
        assert!(written.iter().any(same), "{own} is not in {once}");
    }
}

/// A proxy that has seen nothing itself hears them.
fn are_judged(fleet: &Fleet) {
    let rules = guarded(&json!({ "max_error_percent": 5, "retry_after": "10m" }));
    let guard: &Guard = rules.services()[0]
        .versions()
        .find_map(|own| own.guard())
        .expect("one is guarded");
    let (shared, worker) = (Memory::default(), Worker::new(1));
    let record = RefCell::new(Record::new(guard));
    let mut changes = 0;
    let mut last = None;
    for round in 0..3u64 {
        let now = NOW + round * 5_000;
        let guarded = [Guarded { key: KEY, guard }];
        let judged = worker.tick(&shared, now, &[(KEY, &record)], &guarded, Some(fleet));
        let [judged] = &judged[..] else {
            panic!("one version, {} verdicts", judged.len())
        };
        changes += usize::from(judged.change.is_some());
        if judged.change.is_none() {
            assert!(
                last.is_none_or(|last| last == judged.standing),
                "a change is told"
            );
        }
        last = Some(judged.standing);
        let told = announcement(&shared, now, std::iter::once((KEY, "s/v2".to_owned())));
        let json = told.to_json();
        assert_eq!(Announcement::of_json(json.as_bytes()), Some(told), "{json}");
    }
    assert!(changes <= 3);
    assert!(fleet.recent(NOW) <= fleet.others.len());
}
