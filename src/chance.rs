//! How far chance alone may carry a share: for what holds shares against a policy.

use statrs::distribution::{Binomial, BinomialError, DiscreteCDF};

/// The probability with which a sound share is found wrong: one in a million.
pub const ALPHA: f64 = 1e-6;

/// The counts that `n` trials of probability `p` give, but for a chance of [`ALPHA`], half on each
/// side: exact, by the binomial distribution. Both ends belong to it.
///
/// # Errors
///
/// If `p` is no probability.
pub fn accepted(n: u64, p: f64) -> Result<(u64, u64), BinomialError> {
    let chance = Binomial::new(p, n)?;
    // The first count with more than half of alpha at or below it, and the last with more than
    // half of alpha at or above it.
    let low = first(n, |count| chance.cdf(count) > ALPHA / 2.0);
    let high = first(n, |count| chance.sf(count) <= ALPHA / 2.0);
    Ok((low, high))
}

/// The first number up to `n` for which `holds`, given that it then holds for all above.
fn first(n: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle.saturating_add(1);
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_exact() {
        // As scipy's `binom.ppf` has them.
        for (n, p, interval) in [
            (10_000, 0.01, (55, 152)),
            (10_000, 0.05, (397, 610)),
            (100_000, 0.01, (850, 1158)),
            (1_000_000, 0.001, (849, 1158)),
            (100, 0.0, (0, 0)),
            (100, 1.0, (100, 100)),
        ] {
            assert_eq!(accepted(n, p).unwrap(), interval, "n {n} p {p}");
        }
    }
}
