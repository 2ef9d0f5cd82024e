//! How far chance alone may carry a share.

use statrs::distribution::{Binomial, DiscreteCDF};

/// The probability with which a sound share is found wrong.
pub(super) const ALPHA: f64 = 1e-6;

/// The counts that `n` users give a version that has `buckets` of `scale` buckets, but for a chance
/// of [`ALPHA`], half on each side: exact, by the binomial distribution. Both ends belong to it.
pub(super) fn accepted(n: u64, buckets: u32, scale: u32) -> anyhow::Result<(u64, u64)> {
    if buckets == 0 || buckets == scale {
        let all = if buckets == 0 { 0 } else { n };
        return Ok((all, all));
    }
    let chance = Binomial::new(f64::from(buckets) / f64::from(scale), n)?;
    let low = first(n, |count| chance.cdf(count) > ALPHA / 2.0);
    let high = first(n, |count| chance.sf(count) <= ALPHA / 2.0);
    Ok((low, high))
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
    fn the_interval_is_exact() {
        // As scipy's `binom.ppf` has them.
        for (n, buckets, interval) in [
            (10_000, 1_000, (55, 152)),
            (10_000, 5_000, (397, 610)),
            (1_000_000, 100, (849, 1158)),
            (100, 0, (0, 0)),
            (100, 100_000, (100, 100)),
        ] {
            let found = accepted(n, buckets, 100_000).unwrap();
            assert_eq!(found, interval, "{n} users, {buckets} buckets");
        }
    }
}
