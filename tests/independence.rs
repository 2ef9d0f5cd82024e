//! Whether two splits are two draws: over ids that never change, so that a verdict never does.

use graylane::rules::Algorithm;
use graylane::{Draw, SCALE};

const IDS: u32 = 100_000;

/// The buckets of `user-0`, `user-1` and so on.
fn buckets(algorithm: Algorithm, salt: &str) -> Vec<u32> {
    let draw = Draw::new(algorithm, salt, 1_000);
    let bucket = |id| draw.bucket(format!("user-{id}").as_bytes());
    (0..IDS).map(|id| bucket(id).number()).collect()
}

/// Pairs of splits whose users have nothing to do with each other.
fn independent() -> Vec<(&'static str, Vec<u32>, Vec<u32>)> {
    use Algorithm::{FlagdV2, GraylaneV1, Unleash, UnleashVariants};
    let pair = |name, one: (Algorithm, &str), other: (Algorithm, &str)| {
        (name, buckets(one.0, one.1), buckets(other.0, other.1))
    };
    vec![
        pair(
            "two rules",
            (GraylaneV1, "checkout/gate"),
            (GraylaneV1, "checkout/split"),
        ),
        pair(
            "a salt that begins with the other",
            (GraylaneV1, "checkout/ten"),
            (GraylaneV1, "checkout/ten-percent"),
        ),
        pair("salts of one letter", (GraylaneV1, "a"), (GraylaneV1, "b")),
        pair(
            "two Unleash features",
            (Unleash, "gate"),
            (Unleash, "split"),
        ),
        pair(
            "a rollout of Unleash, and its variants",
            (Unleash, "gate"),
            (UnleashVariants, "gate"),
        ),
        pair("two flagd flags", (FlagdV2, "gate"), (FlagdV2, "split")),
        pair(
            "Unleash and flagd under one name",
            (Unleash, "new-checkout"),
            (FlagdV2, "new-checkout"),
        ),
        pair(
            "Unleash and ours under one salt",
            (Unleash, "new-checkout"),
            (GraylaneV1, "new-checkout"),
        ),
    ]
}

/// Pearson's statistic of counts against what is expected of each.
fn chi_squared(counts: impl IntoIterator<Item = (u32, f64)>) -> f64 {
    let terms = counts.into_iter().map(|(count, expected)| {
        let difference = f64::from(count) - expected;
        difference * difference / expected
    });
    terms.sum()
}

/// A gate of 10 % and a gate of 20 % share 2 % of the users: X ~ Bin(100,000, 0.02). Accepted is
/// what chance exceeds once in a million: 4.892 standard deviations.
#[test]
fn two_shares_overlap_as_chance_has_it() {
    let (n, p) = (f64::from(IDS), 0.02);
    let bound = 4.892 * (n * p * (1.0 - p)).sqrt();
    for (name, one, other) in independent() {
        let pairs = one.iter().zip(&other);
        let both = pairs.filter(|(one, other)| **one < SCALE / 10 && **other < SCALE / 5);
        let both = f64::from(u32::try_from(both.count()).unwrap());
        assert!((both - n * p).abs() <= bound, "{name}: {both}");
    }
}

/// A table of 20 by 20 parts of the buckets: chi-squared with 361 degrees of freedom stays between
/// 247 and 504 but twice in a million; below would be no chance either.
#[test]
fn no_bucket_tells_of_the_other() {
    const PARTS: usize = 20;
    for (name, one, other) in independent() {
        let part = |bucket: u32| (bucket / (SCALE / 20)) as usize;
        let mut table = [[0u32; PARTS]; PARTS];
        for (one, other) in one.iter().zip(&other) {
            table[part(*one)][part(*other)] += 1;
        }
        let row = |row: usize| f64::from(table[row].iter().sum::<u32>());
        let column = |column: usize| f64::from(table.iter().map(|row| row[column]).sum::<u32>());
        let cells = (0..PARTS).flat_map(|one| (0..PARTS).map(move |other| (one, other)));
        let statistic =
            chi_squared(cells.map(|(one, other)| {
                (table[one][other], row(one) * column(other) / f64::from(IDS))
            }));
        assert!((247.0..504.0).contains(&statistic), "{name}: {statistic}");
    }
}

/// Who a gate of 10 % lets in is split 33, 33 and 34 by another salt. Under one salt all of them
/// would have the first version: what Unleash's variants did until they had a seed of their own.
#[test]
fn a_split_behind_a_gate_is_a_split() {
    let thirds = |gate: &[u32], split: &[u32]| {
        let mut counts = [0u32; 3];
        for (_, bucket) in gate
            .iter()
            .zip(split)
            .filter(|(gate, _)| **gate < SCALE / 10)
        {
            let version = [33_000, 66_000].iter().filter(|end| bucket >= end).count();
            counts[version] += 1;
        }
        counts
    };
    for (name, gate, split) in independent() {
        let counts = thirds(&gate, &split);
        let admitted = f64::from(counts.iter().sum::<u32>());
        let expected = [0.33, 0.33, 0.34].map(|part| part * admitted);
        // Two degrees of freedom: above 27.6 once in a million.
        let statistic = chi_squared(counts.into_iter().zip(expected));
        assert!(statistic < 27.6, "{name}: {counts:?}");
    }
    let gate = buckets(Algorithm::GraylaneV1, "checkout/gate");
    let [first, second, third] = thirds(&gate, &gate);
    assert!(
        first > IDS / 11 && (second, third) == (0, 0),
        "under one salt"
    );
}
