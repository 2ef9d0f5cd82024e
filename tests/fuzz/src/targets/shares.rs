//! Shares: raising one never moves a user back, and with two canaries moves nobody from one to the
//! other; nobody is in 0 %, everybody in 100 %; a ramp does the same as time goes on.

use arbitrary::{Result, Unstructured};
use graylane::{Moment, Rules, SCALE, decide};
use serde_json::{Value, json};

use crate::asked::{Asked, rules};

/// When a ramp starts: 1970-01-10, in milliseconds since the Unix epoch.
const START: u64 = 9 * 24 * 60 * 60 * 1_000;

/// Milliseconds of a ramp's step.
const STEP: u64 = 60_000;

const CANARIES: [&str; 3] = ["v2", "v3", "v4"];

pub(crate) fn run(data: &[u8]) {
    let _ = all(&mut Unstructured::new(data));
}

fn all(bytes: &mut Unstructured<'_>) -> Result<()> {
    let ramps = bytes.arbitrary()?;
    let most = bytes.int_in_range(1..=CANARIES.len())?;
    let mut before = Vec::new();
    let mut left = SCALE;
    for _ in 0..most {
        let share = share(bytes, left)?;
        left -= share;
        before.push(share);
    }
    let grown = bytes.choose_index(most)?;
    let mut after = before.clone();
    after[grown] += share(bytes, left)?;
    let keys = keys(bytes)?;
    if ramps {
        let rules = ramp(&before, &after);
        let at = |now| {
            keys.iter()
                .map(|key| version(&rules, key, now))
                .collect::<Vec<_>>()
        };
        assert!(
            at(START - 1).iter().all(|own| own == "v1"),
            "before it starts"
        );
        moves(&at(START - 1), &at(START), None);
        // The third has no ramp here.
        moves(&at(START), &at(START + STEP), Some(grown));
        assert_eq!(at(START + STEP), at(u64::MAX), "its last step holds");
        return Ok(());
    }
    let [one, other] = [&before, &after].map(|shares| split(shares, &keys));
    if most < CANARIES.len() {
        moves(&one, &other, Some(grown));
    } else {
        // A third stands behind the first, and goes where that one grows; but nobody leaves the one
        // that grows.
        let pairs = one.iter().zip(&other);
        let mut left = pairs.filter(|(own, next)| **own == CANARIES[grown] && own != next);
        assert_eq!(left.next(), None);
    }
    for (shares, owners) in [(&before, &one), (&after, &other)] {
        for (share, name) in shares.iter().zip(CANARIES) {
            let has = owners.iter().filter(|own| *own == name).count();
            assert!(*share > 0 || has == 0, "{name} of 0 % has {has}");
            assert!(
                *share < SCALE || has == owners.len(),
                "{name} of 100 % has {has}"
            );
        }
    }
    Ok(())
}

/// Often at the ends, where mistakes are.
fn share(bytes: &mut Unstructured<'_>, most: u32) -> Result<u32> {
    Ok(match bytes.int_in_range(0..=3u8)? {
        0 => 0,
        1 => most,
        2 => bytes.int_in_range(0..=most.min(3))?,
        _ => bytes.int_in_range(0..=most)?,
    })
}

fn keys(bytes: &mut Unstructured<'_>) -> Result<Vec<Vec<u8>>> {
    let mut keys: Vec<_> = (0..12)
        .map(|at| format!("user-{at}").into_bytes())
        .collect();
    while !bytes.is_empty() && keys.len() < 40 {
        let length = bytes.int_in_range(1..=20usize)?.min(bytes.len());
        keys.push(bytes.bytes(length)?.to_vec());
    }
    keys.retain(|key| !key.is_empty());
    Ok(keys)
}

/// Each who has moved went from the baseline to the version that grew.
fn moves(one: &[String], other: &[String], grown: Option<usize>) {
    for (from, to) in one.iter().zip(other).filter(|(from, to)| from != to) {
        assert_eq!(from, "v1", "moves back, or from canary to canary, to {to}");
        if let Some(grown) = grown {
            assert_eq!(to, CANARIES[grown]);
        }
    }
}

fn target(version: &str, share: &Value) -> Value {
    let mut target = share.clone();
    target["version"] = version.into();
    target
}

fn percent(share: u32) -> f64 {
    f64::from(share) / 1_000.0
}

fn split(shares: &[u32], keys: &[Vec<u8>]) -> Vec<String> {
    let targets = shares.iter().zip(CANARIES);
    let targets = targets.map(|(share, name)| target(name, &json!({ "percent": percent(*share) })));
    let rules = compiled(&targets.collect::<Vec<_>>());
    keys.iter().map(|key| version(&rules, key, 0)).collect()
}

fn ramp(before: &[u32], after: &[u32]) -> Rules {
    let targets = before.iter().zip(after).zip(CANARIES).map(|((before, after), name)| {
        let steps = json!([{ "percent": percent(*before), "for": "1m" }, { "percent": percent(*after) }]);
        target(name, &json!({ "ramp": { "start": "1970-01-10T00:00:00Z", "steps": steps } }))
    });
    // What stands behind the first goes where that one grows.
    compiled(&targets.take(2).collect::<Vec<_>>())
}

fn compiled(to: &[Value]) -> Rules {
    rules(&json!([{ "name": "r", "split": { "by": [{ "header": "x-user-id" }], "to": to } }]))
}

fn version(rules: &Rules, key: &[u8], now: u64) -> String {
    let request = Asked::of("x-user-id", [key]);
    let decision = decide(rules, &request, Moment::at(now));
    decision.version().expect("there is a service").to_owned()
}
