//! Shares: parts of all users.

use std::fmt;

use crate::bucket::SCALE;
use crate::error::{Error, Place};
use crate::policy::{Algorithm, Number};

/// A part of all users, in buckets: `0..=SCALE`, 0.001 % each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// Every user.
    pub const ALL: Self = Self(SCALE);

    /// The share of a percentage from 0 to 100 with at most three decimals, and no finer than the
    /// algorithm's own buckets.
    pub(crate) fn from_percent(
        place: &Place<'_>,
        number: Number,
        algorithm: Algorithm,
    ) -> Result<Self, Error> {
        let Number(percent) = number;
        if percent > 100.0 {
            return Err(place.error(format!("{number} is above 100")));
        }
        if percent < 0.0 {
            return Err(place.error(format!("{number} is below 0")));
        }
        // `-0` is 0.
        let percent = percent.abs();
        // Both the document's decimal and this quotient are the nearest double to the same number,
        // so they are equal just when the decimal has no more than three places.
        let thousandths = (percent * 1_000.0).round();
        if (thousandths / 1_000.0).to_bits() != percent.to_bits() {
            return Err(place.error(format!(
                "{number} has more than three decimals; the smallest step is 0.001"
            )));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 100,000 by the checks above"
        )]
        let buckets = thousandths as u32;
        if !buckets.is_multiple_of(algorithm.step()) {
            return Err(place.error(format!(
                "{number} has decimals; `algorithm: {}` knows whole percentages alone",
                algorithm.name()
            )));
        }
        Ok(Self(buckets))
    }

    /// The share of so many buckets, in `0..=SCALE`.
    pub(crate) fn of_buckets(buckets: u32) -> Self {
        Self(buckets)
    }

    /// The share in percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }

    /// How many buckets it has, in `0..=SCALE`.
    #[must_use]
    pub fn buckets(self) -> u32 {
        self.0
    }
}

/// In percent.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:03}", self.0 / 1_000, self.0 % 1_000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_as_the_number_that_it_is() {
        for buckets in 0..=2 * SCALE {
            let share = Share::of_buckets(buckets);
            assert_eq!(share.to_string(), share.percent().to_string());
        }
    }
}
