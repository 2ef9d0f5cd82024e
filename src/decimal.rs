//! Doubles as decimals: the standard library has for that code and tables of 15 KB.

use std::fmt;

/// The shortest decimal that is read as this double again, without an exponent.
///
/// The digits are zmij's. The standard library's differ where two decimals are as short and as near:
/// it takes the greater one, and zmij the even.
pub(crate) struct Decimal(pub(crate) f64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format(self.0);
        let Some((digits, power)) = text.split_once('e') else {
            return f.write_str(text.strip_suffix(".0").unwrap_or(text));
        };
        let positive = digits.strip_prefix('-');
        let (sign, digits) = positive.map_or(("", digits), |digits| ("-", digits));
        let (first, others) = digits.split_once('.').unwrap_or((digits, ""));
        let power: isize = power.parse().unwrap_or_default();
        let places = power.unsigned_abs();
        if power < 0 {
            write!(f, "{sign}0.{first:0>places$}{others}")
        } else {
            write!(f, "{sign}{first}{others:0<places$}")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(number: f64) {
        assert_eq!(Decimal(number).to_string(), number.to_string());
    }

    #[test]
    fn the_smallest_and_the_greatest_are_written_as_by_the_standard_library() {
        for number in [
            0.0,
            1e-5,
            1e-6,
            1.25e-7,
            f64::MIN_POSITIVE,
            5e-324,
            9_999_999_999_999_998.0,
            1e16,
            12_345_678_901_234_568.0,
            1.5e300,
            f64::MAX,
            f64::INFINITY,
        ] {
            same(number);
            same(-number);
        }
        same(f64::NAN);
    }

    proptest! {
        #[test]
        fn whole_numbers_are_written_as_by_the_standard_library(number: i64, places in 0..960) {
            #[expect(clippy::cast_precision_loss, reason = "any whole number")]
            same(number as f64 * 2f64.powi(places));
        }

        #[test]
        fn so_are_those_that_people_write(thousandths: i32) {
            same(f64::from(thousandths) / 1_000.0);
        }

        #[test]
        fn all_are_read_as_they_were_and_as_short(
            number in prop_oneof![
                any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |n| n.is_finite()),
                // Among them those that are halfway between two decimals.
                (any::<i64>(), -80..0).prop_map(|(number, places)| {
                    #[expect(clippy::cast_precision_loss, reason = "any number of few bits")]
                    let number = number as f64;
                    number * 2f64.powi(places)
                }),
            ],
        ) {
            let text = Decimal(number).to_string();
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits());
            prop_assert_eq!(text.len(), number.to_string().len());
            prop_assert!(!text.contains('e'));
        }
    }
}
