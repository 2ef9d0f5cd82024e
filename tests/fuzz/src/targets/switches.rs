//! Switches: whatever stands in their document, a policy goes on; what is no version or lane of it
//! is left out and told, what is closed has no users, and nobody gets what nothing names.

use std::sync::LazyLock;

use graylane::policy::{Switch, Switches};
use graylane::remote::{Merged, Sources};
use graylane::rules::Remote;
use graylane::{Moment, Node, Rules, decide, revision};
use serde_json::json;

use crate::asked::Asked;
use crate::{sentence, support};

/// A policy with a version, a lane, a ramp and a centre.
static OWN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let split = |targets| json!({ "by": [{ "header": "x-user-id" }], "to": targets });
    let service = |name: &str, rules| {
        json!({
            "name": name,
            "hosts": [name],
            "baseline": "v1",
            "versions": [{ "name": "v1" }, { "name": "v2" }, { "name": "v3" }],
            "rules": rules,
        })
    };
    let ramp = json!({
        "start": "2026-11-21T20:00:00+08:00",
        "steps": [{ "percent": 5, "for": "30m" }, { "percent": 50 }],
    });
    let ends =
        split(json!([{ "version": "v2", "percent": 30 }, { "version": "v3", "ramp": ramp }]));
    let lane = split(json!([{ "version": "blue", "percent": 40 }]));
    let policy = json!({
        "schema": "graylane/v1",
        "services": [
            service("a", json!([{ "name": "ends", "split": ends }])),
            service("b", json!([{ "name": "lane", "split": lane }])),
        ],
        "lanes": [{ "name": "blue", "members": ["b/v2"] }],
        "remote": { "cluster": "etcd", "etcd": {}, "switches": "graylane/switches" },
    });
    support::json(&policy)
});

static REMOTE: LazyLock<Rules> = LazyLock::new(|| support::load(&OWN).expect("it is right"));

fn remote() -> &'static Remote {
    REMOTE.remote().expect("it names one")
}

pub(crate) fn run(data: &[u8]) {
    let own = Sources {
        switches: data,
        ..Sources::default()
    };
    let merged = Merged::new(&OWN, remote(), own, &Node::default());
    let merged = merged.expect("switches never stand in a policy's way");
    merged
        .left_out
        .iter()
        .for_each(|told| sentence::is_one_line(told));
    assert!(!merged.centres && !merged.off);
    assert_eq!(
        merged.revision,
        revision(&OWN),
        "the revision is the policy's"
    );
    let checked = Merged::check_switches(&OWN, b"", data, &Node::default());
    if let Err(error) = &checked {
        sentence::of_refusal(error);
        assert!(
            !merged.left_out.is_empty(),
            "what is refused is told: {error}"
        );
    }
    let switches = match Switches::parse(data) {
        Ok(switches) => switches,
        Err(error) => {
            sentence::of_refusal(&error);
            Switches::default()
        }
    };
    let is = |name: &str, switch: &dyn Fn(&Switch) -> bool| {
        switches
            .0
            .iter()
            .any(|(own, value)| own == name && switch(value))
    };
    let is_closed = |name| is(name, &|own| *own == Switch::Closed);
    for (host, version, closed) in [
        ("a", "v2", is_closed("a/v2")),
        ("a", "v3", is_closed("a/v3")),
        ("b", "v2", is_closed("b/v2") || is_closed("blue")),
    ] {
        // Of the lane's version the lane has the share.
        let shared = if host == "b" {
            "blue".to_owned()
        } else {
            format!("{host}/{version}")
        };
        let nobody = checked.is_ok() && is(&shared, &is_nobody);
        let has = users(&merged.rules, host, version);
        assert!(
            !(closed || nobody) || has == 0,
            "{host}/{version} has {has}"
        );
    }
    // The baseline is never switched off.
    let has = ["v1", "v2", "v3"].map(|version| users(&merged.rules, "a", version));
    assert_eq!(has.iter().sum::<usize>(), USERS);
}

fn is_nobody(switch: &Switch) -> bool {
    matches!(switch, Switch::Percent(percent) if percent.0 == 0.0)
}

const USERS: usize = 24;

/// How many of some users get a version, when the ramp is over.
fn users(rules: &Rules, host: &str, version: &str) -> usize {
    let get = |user: &String| {
        let request = Asked {
            headers: vec![
                (":authority", host.as_bytes()),
                ("x-user-id", user.as_bytes()),
            ],
            ..Asked::default()
        };
        let decision = decide(rules, &request, Moment::at(u64::MAX / 2));
        decision.version() == Some(version)
    };
    (0..USERS)
        .map(|user| format!("user-{user}"))
        .filter(get)
        .count()
}
