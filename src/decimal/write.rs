//! The shortest decimal of a double.

use std::fmt;

use super::{MAX_EXACT, length, parts, signed, value};

/// The shortest decimal that is read as this double again, without an exponent.
pub(crate) struct Decimal(pub(crate) f64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(whole) = self.whole() {
            return whole.fmt(f);
        }
        let mut buffer = zmij::Buffer::new();
        let plain = buffer.format(self.0);
        if !self.0.is_finite() {
            return f.write_str(plain);
        }
        let (text, exponent) = plain.split_once('e').unwrap_or((plain, "0"));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.strip_suffix('0').unwrap_or(fraction);
        let (negative, whole) = signed(whole.as_bytes());
        let sign = if negative { "-" } else { "" };
        let digits = value(0, whole).and_then(|whole| value(whole, fraction.as_bytes()));
        let digits = digits.unwrap_or_default();
        let exponent = super::exponent(exponent.as_bytes()).unwrap_or_default();
        let places = length(fraction.as_bytes()).saturating_sub(exponent);
        let Some(places) = usize::try_from(places).ok().filter(|&places| places > 0) else {
            let zeros = usize::try_from(places.unsigned_abs()).unwrap_or_default();
            return write!(f, "{sign}{digits}{:0<zeros$}", "");
        };
        let halfway = self.is_halfway(digits, places);
        if exponent == 0 && !halfway {
            return f.write_str(plain);
        }
        let digits = digits.saturating_add(halfway.into());
        let padded = format!("{digits:0>0$}", places.saturating_add(1));
        let (whole, fraction) = padded
            .split_at_checked(padded.len().saturating_sub(places))
            .unwrap_or_default();
        write!(f, "{sign}{whole}.{fraction}")
    }
}

impl Decimal {
    /// As an integer, if it is one whose digits all count, as nearly all numbers of a token are.
    fn whole(&self) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "what does not fit differs")]
        let whole = self.0 as i64;
        #[expect(clippy::cast_precision_loss, reason = "what loses is not taken")]
        let same = (whole as f64).to_bits() == self.0.to_bits();
        (same && whole.unsigned_abs() <= MAX_EXACT).then_some(whole)
    }

    /// Whether it is just halfway to the next decimal of so many places. The standard library takes
    /// that one, and zmij the even one.
    fn is_halfway(&self, digits: u64, places: usize) -> bool {
        let (significand, exponent) = parts(self.0.to_bits());
        let zeros = significand.trailing_zeros();
        // The number is an odd one through two to this power, and so has as many places.
        let power = exponent.saturating_add_unsigned(zeros).saturating_neg();
        let power = u32::try_from(power).unwrap_or_default();
        if usize::try_from(power).ok() != places.checked_add(1) {
            return false;
        }
        let odd = significand.unbounded_shr(zeros);
        let exact = 5u64
            .checked_pow(power)
            .and_then(|fives| fives.checked_mul(odd));
        let half = digits
            .checked_mul(10)
            .and_then(|digits| digits.checked_add(5));
        exact.is_some() && exact == half
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agree(number: f64) {
        assert_eq!(Decimal(number).to_string(), number.to_string());
    }

    #[test]
    fn what_is_not_finite_is_written_as_by_the_standard_library() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            agree(number);
        }
    }

    #[test]
    fn whole_numbers_keep_the_digits_that_count() {
        for number in [
            0.0,
            -0.0,
            2f64.powi(53),
            -(2f64.powi(53)),
            2f64.powi(53) + 2.0,
            1e17,
            2f64.powi(63),
        ] {
            agree(number);
        }
    }

    proptest! {
        #[test]
        fn doubles_are_written_as_by_the_standard_library(bits: u64) {
            agree(f64::from_bits(bits));
        }

        #[test]
        fn so_are_those_that_people_write(thousandths: i32) {
            agree(f64::from(thousandths) / 1_000.0);
        }

        /// Among them those that are halfway between two decimals.
        #[test]
        fn and_so_are_those_of_few_bits(high: i32, low: u32, places in -60..60) {
            let number = f64::from(high) * 2f64.powi(21) + f64::from(low & 0x1f_ffff);
            agree(number * 2f64.powi(places));
        }
    }
}
