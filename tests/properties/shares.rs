//! Shares: each version has its own, and a change moves whom it must.

use graylane::rules::Split;
use graylane::{Bucket, Moment, Rules, SCALE, decide};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{self, Sent, load};

/// A policy that splits among these shares, in thousandths of a percent: `v2` has the first.
fn splitting(shares: &[u32]) -> Rules {
    let versions: Vec<_> = (0..=shares.len())
        .map(|at| json!({ "name": format!("v{}", at + 1) }))
        .collect();
    let to: Vec<_> = shares
        .iter()
        .enumerate()
        .map(|(at, share)| {
            json!({ "version": format!("v{}", at + 2), "percent": f64::from(*share) / 1_000.0 })
        })
        .collect();
    let split = json!({ "by": [{ "header": "x-user-id" }], "to": to });
    let service = json!({
        "name": "checkout",
        "baseline": "v1",
        "versions": versions,
        "rules": [{ "name": "ten", "split": split }],
    });
    let policy = json!({ "schema": "graylane/v1", "services": [service] });
    load(&support::json(&policy)).unwrap()
}

fn split(rules: &Rules) -> &Split {
    rules.services()[0].rules()[0].split().unwrap()
}

/// Who has each bucket, by the slices alone; 0 is the baseline.
fn owners(rules: &Rules) -> Vec<usize> {
    let mut owners = vec![0; SCALE as usize];
    for (at, slice) in split(rules).slices_at(0).iter().enumerate() {
        for bucket in slice.buckets() {
            let owner = &mut owners[bucket as usize];
            assert_eq!(*owner, 0, "two versions have bucket {bucket}");
            *owner = at + 1;
        }
    }
    owners
}

/// Up to so many shares that leave something or nothing, often at the ends.
fn shares(most: usize) -> impl Strategy<Value = Vec<u32>> {
    let share = prop_oneof![
        Just(0),
        Just(1),
        Just(SCALE - 1),
        Just(SCALE),
        0..=SCALE,
        0..=SCALE / 10
    ];
    prop::collection::vec(share, 1..=most).prop_map(|mut shares| {
        let mut left = SCALE;
        for share in &mut shares {
            *share = (*share).min(left);
            left -= *share;
        }
        shares
    })
}

/// Shares, and the same with one of them larger.
fn growth(most: usize) -> impl Strategy<Value = (Vec<u32>, Vec<u32>, usize)> {
    let parts = (shares(most), any::<prop::sample::Index>(), 0..=100u32);
    parts.prop_map(|(before, at, part)| {
        let at = at.index(before.len());
        let left = SCALE - before.iter().sum::<u32>();
        let mut after = before.clone();
        after[at] += left * part / 100;
        (before, after, at)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_version_has_its_share_exactly(shares in shares(5)) {
        let owners = owners(&splitting(&shares));
        for (at, share) in shares.iter().enumerate() {
            let has = owners.iter().filter(|&&owner| owner == at + 1).count();
            prop_assert_eq!(has, *share as usize);
        }
    }

    #[test]
    fn growing_a_share_takes_nobody_off_its_version((before, after, at) in growth(5)) {
        let before = owners(&splitting(&before));
        let after = owners(&splitting(&after));
        for (bucket, (before, after)) in before.into_iter().zip(after).enumerate() {
            prop_assert!(before != at + 1 || after == at + 1, "bucket {bucket}");
        }
    }

    #[test]
    fn with_two_canaries_a_change_moves_whom_it_must((before, after, at) in growth(2)) {
        let moved = (after[at] - before[at]) as usize;
        let before = owners(&splitting(&before));
        let after = owners(&splitting(&after));
        let mut count = 0;
        for (before, after) in before.into_iter().zip(after) {
            if before != after {
                prop_assert_eq!((before, after), (0, at + 1), "from the baseline, and to it");
                count += 1;
            }
        }
        prop_assert_eq!(count, moved);
    }

    #[test]
    fn a_key_has_what_its_bucket_has(shares in shares(4), keys in prop::collection::vec("[a-z0-9é]{1,12}", 200)) {
        let rules = splitting(&shares);
        let owners = owners(&rules);
        for key in keys {
            let bucket = Bucket::of(split(&rules).draw().salt(), key.as_bytes()).number();
            let expected = format!("v{}", owners[bucket as usize] + 1);
            let request = Sent::default().with("x-user-id", &key);
            let decision = decide(&rules, &request, Moment::default());
            prop_assert_eq!(decision.version(), Some(&*expected));
        }
    }
}

/// Not by chance: every bucket, for pairs of percentages before and after.
#[test]
fn a_change_moves_its_difference_and_nobody_else() {
    let pairs: [([u32; 2], [u32; 2]); 9] = [
        ([0, 0], [1, 0]),
        ([0, 0], [0, 1]),
        ([10_000, 5_000], [20_000, 5_000]),
        ([10_000, 5_000], [10_000, 50_000]),
        ([10_000, 5_000], [0, 5_000]),
        ([33_333, 33_333], [66_667, 33_333]),
        ([50_000, 0], [50_000, 50_000]),
        ([99_999, 0], [100_000, 0]),
        ([0, 100_000], [0, 0]),
    ];
    for (before, after) in pairs {
        let changed = usize::from(before[0] == after[0]);
        let difference = before[changed].abs_diff(after[changed]) as usize;
        let olds = owners(&splitting(&before));
        let news = owners(&splitting(&after));
        let moved: Vec<_> = olds
            .iter()
            .zip(&news)
            .filter(|(old, new)| old != new)
            .collect();
        assert_eq!(moved.len(), difference, "{before:?} to {after:?}");
        assert!(
            moved.iter().all(|(old, new)| **old == 0 || **new == 0),
            "{before:?} to {after:?}: from canary to canary"
        );
    }
}
