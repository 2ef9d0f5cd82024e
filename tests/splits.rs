//! What holds for every bucket, share and moment of a split: exhaustive, or by exact arithmetic.

mod support;

use std::ops::Range;

use graylane::rules::{Slice, Split};
use graylane::{Bucket, Moment, Rules, SCALE, decide};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Sent, load};

/// A policy that splits `to` these: `v1` is the baseline.
fn splitting(to: &Value) -> Rules {
    let versions: Vec<_> = (1..=5)
        .map(|at| json!({ "name": format!("v{at}") }))
        .collect();
    // A request without a key has the bucket that it draws.
    let split = json!({ "by": [{ "header": "x-user-id" }], "missing": "random", "to": to });
    let policy = json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": versions,
            "rules": [{ "name": "it", "split": split }],
        }],
    });
    load(&support::json(&policy)).unwrap_or_else(|error| panic!("{error}"))
}

fn split(rules: &Rules) -> &Split {
    rules.services()[0].rules()[0].split().unwrap()
}

fn percent(buckets: u32) -> f64 {
    f64::from(buckets) / 1_000.0
}

/// `v2` and so on with these shares, in buckets.
fn shares(shares: &[u32]) -> Value {
    let targets = shares.iter().zip(2..);
    targets
        .map(|(share, at)| json!({ "version": format!("v{at}"), "percent": percent(*share) }))
        .collect()
}

fn share_of(range: &Range<u32>) -> u32 {
    range.end - range.start
}

/// How many buckets two ranges share.
fn common(one: &Range<u32>, other: &Range<u32>) -> u32 {
    let start = one.start.max(other.start);
    one.end.min(other.end).saturating_sub(start)
}

/// One policy in which a share takes each of its 100,001 values for a millisecond.
#[test]
fn every_share_begins_with_the_one_below() {
    let steps: Vec<_> = (0..=SCALE)
        .map(|share| {
            if share == SCALE {
                json!({ "percent": percent(share) })
            } else {
                json!({ "percent": percent(share), "for": "1ms" })
            }
        })
        .collect();
    let ramp = json!({ "start": "1970-01-01T00:00:00Z", "steps": steps });
    for second in [false, true] {
        let mut to = shares(if second { &[0] } else { &[] });
        let version = if second { "v3" } else { "v2" };
        let targets = to.as_array_mut().unwrap();
        targets.push(json!({ "version": version, "ramp": ramp }));
        let rules = splitting(&to);
        for share in 0..=SCALE {
            let slices = split(&rules).slices_at(share.into());
            let slice = slices.last().unwrap();
            // Each contains the one before by its end, so it takes nobody off.
            let expected = if second {
                SCALE - share..SCALE
            } else {
                0..share
            };
            assert_eq!(slice.buckets(), expected, "share {share}");
            assert_eq!(slice.share().buckets(), share);
        }
        let (_, ramp) = split(&rules).ramps().next().unwrap();
        assert_eq!(ramp.steps().count(), SCALE as usize + 1);
        // The first step is of 0, as it was before.
        assert_eq!(ramp.changes().count(), SCALE as usize);
    }
}

/// Every two layouts of two canaries in whole percentages of which one is raised or lowered, or
/// both are raised or both lowered: who moves is counted by the ranges themselves.
#[test]
fn two_canaries_move_whom_they_must() {
    // A layout in buckets, by the percentages of both.
    let mut layouts = Vec::new();
    for first in 0..=100 {
        for second in 0..=100 - first {
            let rules = splitting(&shares(&[first * 1_000, second * 1_000]));
            let slices = split(&rules).slices_at(0);
            let [first, second] = [0, 1].map(|at: usize| slices[at].buckets());
            layouts.push([first, second]);
        }
    }
    assert_eq!(layouts.len(), 5_151);
    let mut pairs = 0;
    for before in &layouts {
        for after in &layouts {
            let grown =
                [0, 1].map(|at| i64::from(share_of(&after[at])) - i64::from(share_of(&before[at])));
            if grown[0] * grown[1] < 0 {
                continue;
            }
            pairs += 1;
            let from_canary_to_canary =
                common(&before[0], &after[1]) + common(&before[1], &after[0]);
            assert_eq!(from_canary_to_canary, 0, "{before:?} to {after:?}");
            for at in [0, 1] {
                let smaller = share_of(&before[at]).min(share_of(&after[at]));
                let stayed = common(&before[at], &after[at]);
                assert_eq!(stayed, smaller, "{before:?} to {after:?}");
            }
        }
    }
    // Left of 26,532,801 are those in which one canary grows while the other shrinks.
    assert_eq!(pairs, 9_191_101);
}

/// The version of a bucket by the slices, as `decide` has to have it.
fn owner<'s>(slices: &[Slice<'s>], bucket: u32) -> &'s str {
    let mut owners = slices
        .iter()
        .filter(|each| each.buckets().contains(&bucket));
    let owner = owners.next().map_or("v1", |slice| slice.version().name());
    assert!(owners.next().is_none(), "two versions have bucket {bucket}");
    owner
}

/// Random bits that fall into the bucket.
fn bits(bucket: u32) -> u32 {
    let bits = (u64::from(bucket) << 32).div_ceil(SCALE.into());
    let bits = u32::try_from(bits).unwrap();
    assert_eq!(Bucket::project(bits).number(), bucket);
    bits
}

#[test]
fn decide_reads_every_bucket_as_the_slices_say() {
    let start = "1970-01-01T00:00:01Z";
    let steps =
        json!([{ "percent": 7, "for": "1s" }, { "percent": 2.5, "for": "1s" }, { "percent": 41 }]);
    let policies = [
        shares(&[12_345, 60_000, 1, 2_000]),
        json!([
            { "version": "v2", "ranges": [{ "from": 10, "to": 20 }, { "from": 0, "to": 0.001 }] },
            { "version": "v3", "ranges": [{ "from": 20, "to": 33.333 }, { "from": 99.999, "to": 100 }] },
        ]),
        json!([
            { "version": "v2", "ramp": { "start": start, "steps": steps } },
            { "version": "v3", "percent": 10 },
            { "version": "v4", "ramp": { "start": start, "steps": steps } },
        ]),
    ];
    for to in policies {
        let rules = splitting(&to);
        for now in [0, 1_500, 2_500, 3_500] {
            let slices = split(&rules).slices_at(now);
            for bucket in 0..SCALE {
                let sent = Sent {
                    random: Some(bits(bucket).into()),
                    ..Sent::default()
                };
                let decision = decide(&rules, &sent, Moment::at(now));
                let expected = owner(&slices, bucket);
                assert_eq!(
                    decision.version(),
                    Some(expected),
                    "bucket {bucket} at {now}"
                );
            }
        }
    }
}

/// flagd's `(hash × W) >> 32 < w` says the same for every total weight W that gives the share w / W
/// exactly: at the hashes where it turns, for each share.
#[test]
fn the_total_of_flagd_s_weights_does_not_matter() {
    let divisors = (1..=SCALE).filter(|by| SCALE.is_multiple_of(*by));
    let divisors: Vec<_> = divisors.collect();
    for share in 0..=SCALE {
        // The least total is the scale without the factors that both have; others are multiples.
        let mut divisor = divisors.iter().rev();
        let divisor = divisor.find(|by| share.is_multiple_of(**by)).unwrap();
        let least = SCALE / divisor;
        let turn = (u64::from(share) << 32).div_ceil(SCALE.into());
        let hashes = [
            Some(0),
            turn.checked_sub(1),
            Some(turn),
            Some(u64::from(u32::MAX)),
        ];
        for hash in hashes
            .into_iter()
            .flatten()
            .filter_map(|hash| u32::try_from(hash).ok())
        {
            let ours = Bucket::project(hash).number() < share;
            assert_eq!(ours, u64::from(hash) < turn);
            let most = (i32::MAX as u32) / least;
            for times in [1, 2, 3, most] {
                let total = u64::from(least * times);
                let weight = total * u64::from(share) / u64::from(SCALE);
                let theirs = (u64::from(hash) * total) >> 32 < weight;
                assert_eq!(theirs, ours, "hash {hash}, weight {weight} of {total}");
            }
        }
    }
}

/// A plan: when it starts, in milliseconds, and steps of so many buckets and milliseconds.
type Plan = (u64, Vec<(u32, u64)>);

fn plan() -> impl Strategy<Value = Plan> {
    let step = (0..=SCALE / 2, 1..1_000u64);
    (0..2_000u64, prop::collection::vec(step, 1..6))
}

fn ramp((start, steps): &Plan) -> Value {
    let last = steps.len() - 1;
    let steps: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(at, (share, lasts))| {
            let mut step = json!({ "percent": percent(*share) });
            if at != last {
                step["for"] = format!("{lasts}ms").into();
            }
            step
        })
        .collect();
    let (seconds, milliseconds) = (start / 1_000, start % 1_000);
    json!({ "start": format!("1970-01-01T00:00:{seconds:02}.{milliseconds:03}Z"), "steps": steps })
}

/// The share of a plan, read step by step.
fn planned((start, steps): &Plan, now: u64) -> u32 {
    let mut begins = *start;
    let mut share = 0;
    for (next, lasts) in steps {
        if now >= begins {
            share = *next;
        }
        begins += lasts;
    }
    share
}

proptest! {
    #[test]
    fn plans_move_whom_they_must(first in plan(), second in plan(), moments in prop::collection::vec(0..8_000u64, 2..10)) {
        let rules = splitting(&json!([
            { "version": "v2", "ramp": ramp(&first) },
            { "version": "v3", "ramp": ramp(&second) },
        ]));
        let at = |now| {
            let slices = split(&rules).slices_at(now);
            [slices[0].buckets(), slices[1].buckets()]
        };
        for pair in moments.windows(2) {
            let (before, after) = (at(pair[0]), at(pair[1]));
            prop_assert_eq!(share_of(&before[0]), planned(&first, pair[0]));
            prop_assert_eq!(share_of(&before[1]), planned(&second, pair[0]));
            for each in [0, 1] {
                let smaller = share_of(&before[each]).min(share_of(&after[each]));
                prop_assert_eq!(common(&before[each], &after[each]), smaller);
            }
        }
        // Between two changes nobody moves.
        let plans = split(&rules).ramps();
        let changes: Vec<_> = plans.flat_map(|(_, ramp)| ramp.changes().map(|(from, _)| from)).collect();
        for pair in moments.windows(2) {
            let between = pair[0].min(pair[1]) + 1..=pair[0].max(pair[1]);
            let moved = at(pair[0]) != at(pair[1]);
            prop_assert!(!moved || changes.iter().any(|from| between.contains(from)));
        }
        for from in changes {
            prop_assert!(from == 0 || at(from) != at(from - 1), "nothing changes at {from}");
        }
    }
}
