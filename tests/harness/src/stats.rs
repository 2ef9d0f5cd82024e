//! Exact statistics, beside what the core has of chance.

use anyhow::{Result, bail};
use statrs::distribution::{ChiSquared, ContinuousCDF};

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

#[cfg(test)]
mod tests {
    use graylane::chance::ALPHA;

    use super::*;

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
