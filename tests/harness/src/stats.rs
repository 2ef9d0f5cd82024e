//! Exact statistics: how far chance alone may carry a share.

use anyhow::{Context, Result, bail};
use statrs::distribution::{Beta, Binomial, ChiSquared, ContinuousCDF, DiscreteCDF};

/// The probability with which a sound run fails a check: one in a million.
pub const ALPHA: f64 = 1e-6;

/// The counts that `n` trials of probability `p` give, but for a chance of `alpha`, half on each
/// side. Both ends belong to it.
///
/// # Errors
/// If `p` is no probability.
pub fn acceptance(n: u64, p: f64, alpha: f64) -> Result<(u64, u64)> {
    let chance = Binomial::new(p, n).with_context(|| format!("{p} is no probability"))?;
    // The first count with more than half of alpha at or below it, and the last with more than
    // half of alpha at or above it.
    let low = first(n, |count| chance.cdf(count) > alpha / 2.0);
    let high = first(n, |count| chance.sf(count) <= alpha / 2.0);
    Ok((low, high))
}

/// The probabilities that `hits` of `n` leave possible (Clopper and Pearson).
///
/// # Errors
/// If there are more hits than trials.
pub fn confidence(hits: u64, n: u64, alpha: f64) -> Result<(f64, f64)> {
    if hits > n || n == 0 {
        bail!("{hits} of {n} is no share");
    }
    #[allow(clippy::cast_precision_loss)] // Counts of requests are far below 2^52.
    let (hit, missed) = (hits as f64, (n - hits) as f64);
    let low = if hits == 0 {
        0.0
    } else {
        Beta::new(hit, missed + 1.0)?.inverse_cdf(alpha / 2.0)
    };
    let high = if hits == n {
        1.0
    } else {
        Beta::new(hit + 1.0, missed)?.inverse_cdf(1.0 - alpha / 2.0)
    };
    Ok((low, high))
}

/// The chance of counts at least as far from their shares as these (Pearson's chi-square test).
///
/// # Errors
/// If the shares do not fit the counts.
pub fn chi_square(counts: &[u64], shares: &[f64]) -> Result<f64> {
    if counts.len() != shares.len() || counts.len() < 2 {
        bail!("{} counts for {} shares", counts.len(), shares.len());
    }
    #[allow(clippy::cast_precision_loss)] // Counts of requests are far below 2^52.
    let real = |count: u64| count as f64;
    let total = real(counts.iter().sum());
    let distance =
        |(&count, &share): (&u64, &f64)| (real(count) - total * share).powi(2) / (total * share);
    let distance: f64 = counts.iter().zip(shares).map(distance).sum();
    #[allow(clippy::cast_precision_loss)] // A handful of versions.
    let freedom = (counts.len() - 1) as f64;
    Ok(ChiSquared::new(freedom)?.sf(distance))
}

/// The first number up to `n` for which `holds`, given that it then holds for all above.
fn first(n: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acceptance_is_exact() {
        for (n, p, interval) in [
            (10_000, 0.01, (55, 152)),
            (10_000, 0.05, (397, 610)),
            (100_000, 0.01, (850, 1158)),
            (1_000_000, 0.001, (849, 1158)),
        ] {
            assert_eq!(acceptance(n, p, ALPHA).unwrap(), interval, "n {n} p {p}");
        }
        assert_eq!(acceptance(100, 0.0, ALPHA).unwrap(), (0, 0));
        assert_eq!(acceptance(100, 1.0, ALPHA).unwrap(), (100, 100));
    }

    #[test]
    fn confidence_contains_what_acceptance_accepts() {
        // Known: 0 of 10 at 95 % leaves up to 30.8 %, 5 of 10 from 18.7 % to 81.3 %.
        let (low, high) = confidence(0, 10, 0.05).unwrap();
        assert!(low == 0.0 && (high - 0.3085).abs() < 1e-4, "{high}");
        let (low, high) = confidence(5, 10, 0.05).unwrap();
        assert!((low - 0.1871).abs() < 1e-4 && (high - 0.8129).abs() < 1e-4);
        for (hits, inside) in [(54, false), (55, true), (152, true), (153, false)] {
            let (low, high) = confidence(hits, 10_000, ALPHA).unwrap();
            assert_eq!((low..=high).contains(&0.01), inside, "{hits}");
        }
    }

    #[test]
    fn chi_square_has_its_known_critical_values() {
        for (freedom, critical) in [(1.0, 23.9), (2.0, 27.6), (9.0, 44.8)] {
            let found = ChiSquared::new(freedom).unwrap().inverse_cdf(1.0 - ALPHA);
            assert!((found - critical).abs() < 0.06, "{freedom}: {found}");
        }
        assert!(chi_square(&[100, 200, 700], &[0.1, 0.2, 0.7]).unwrap() > 0.999);
        assert!(chi_square(&[200, 200, 600], &[0.1, 0.2, 0.7]).unwrap() < ALPHA);
    }
}
