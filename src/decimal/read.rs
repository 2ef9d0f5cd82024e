//! The nearest double to a decimal.

use std::cmp::Ordering;

use super::whole::{MAX_STEP, Whole};
use super::{MAX_EXACT, exponent, length, parts, signed, value};

/// An exact number times or by a power of ten up to here is rounded once, so it is the nearest
/// double.
const MAX_EXACT_POWER: u64 = 22;

/// What is halfway between two doubles has fewer digits: of those beyond it only counts whether
/// they are all 0.
const MAX_DIGITS: usize = 800;

/// The finite double that is nearest to a number such as `-0.5` or `1e3`.
pub(crate) fn parse(text: &[u8]) -> Option<f64> {
    let (negative, text) = signed(text);
    let mut parts = text.splitn(2, |byte| matches!(byte, b'e' | b'E'));
    let mut halves = parts.next()?.splitn(2, |byte| *byte == b'.');
    let (whole, fraction) = (halves.next()?, halves.next().unwrap_or_default());
    let exponent = parts.next().map_or(Some(0), exponent)?;
    let numeric = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
    if whole.is_empty() && fraction.is_empty() || !numeric(whole) || !numeric(fraction) {
        return None;
    }
    let power = exponent.saturating_sub(length(fraction));
    let digits = value(0, whole).and_then(|whole| value(whole, fraction));
    let number = digits.and_then(|digits| exact(digits, power));
    let number = number.or_else(|| nearest([whole, fraction].concat(), power))?;
    Some(if negative { -number } else { number })
}

/// As one product or quotient of exact numbers, as nearly all numbers are.
fn exact(digits: u64, power: i64) -> Option<f64> {
    (digits <= MAX_EXACT && power.unsigned_abs() <= MAX_EXACT_POWER).then(|| moved(digits, power))
}

/// The number times a power of ten, rounded at each step.
fn moved(number: u64, power: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "this is the first rounding")]
    let mut number = number as f64;
    let mut left = power.unsigned_abs();
    while left > 0 {
        let step = left.min(MAX_EXACT_POWER);
        let factor = (0..step).fold(1.0, |factor, _| factor * 10.0);
        number = if power < 0 {
            number / factor
        } else {
            number * factor
        };
        left = left.saturating_sub(step);
    }
    number
}

/// From a double near the number to its nearest, by exact comparisons.
fn nearest(mut digits: Vec<u8>, power: i64) -> Option<f64> {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    digits.drain(..zeros);
    let beyond = digits.split_off(digits.len().min(MAX_DIGITS));
    let mut power = power.saturating_add(length(&beyond));
    if beyond.iter().any(|&digit| digit != b'0') {
        digits.push(b'1');
        power = power.saturating_sub(1);
    }
    let magnitude = power.saturating_add(length(&digits));
    if digits.is_empty() || magnitude < -330 {
        return Some(0.0);
    }
    if magnitude > 310 {
        return None;
    }
    let mut number = Whole::of(0);
    for digits in digits.chunks(MAX_STEP) {
        number.times_ten(length(digits));
        number.times_and(1, value(0, digits)?);
    }
    let mut one = Whole::of(1);
    let scaled = if power < 0 { &mut one } else { &mut number };
    scaled.times_ten(power);
    let above = |bits| above_half(&number, &one, bits);

    let first = digits.get(..MAX_STEP).unwrap_or(&digits);
    let power = magnitude.saturating_sub(length(first));
    let near = moved(value(0, first)?, power);
    let mut bits = near.min(f64::MAX).to_bits();
    let infinite = f64::INFINITY.to_bits();
    while bits < infinite && above(bits) {
        bits = bits.saturating_add(1);
    }
    while let Some(below) = bits.checked_sub(1).filter(|&below| !above(below)) {
        bits = below;
    }
    (bits < infinite).then(|| f64::from_bits(bits))
}

/// Whether `number / one` is rounded to more than the positive double of these bits: it is above
/// the middle between that and the next one, or is the middle and the next one is even.
fn above_half(number: &Whole, one: &Whole, bits: u64) -> bool {
    let (significand, exponent) = parts(bits);
    // The middle is this odd number times two to that power.
    let odd = significand.saturating_mul(2).saturating_add(1);
    let power = exponent.saturating_sub(1);
    let mut middle = one.shifted(power);
    middle.times_and(odd, 0);
    match number.shifted(power.saturating_neg()).compare(&middle) {
        Ordering::Less => false,
        Ordering::Equal => significand % 2 == 1,
        Ordering::Greater => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agree(text: &str) {
        let std = text.parse().ok().filter(|number: &f64| number.is_finite());
        let own = parse(text.as_bytes());
        assert_eq!(own.map(f64::to_bits), std.map(f64::to_bits), "{text}");
    }

    /// In all its digits, 1,100 of them behind the point, which is left out.
    fn halfway(bits: u64) -> String {
        let (one, next) = (f64::from_bits(bits), f64::from_bits(bits + 1));
        let digits = |number| format!("{number:.1100}").replace('.', "").into_bytes();
        let mut sum: Vec<_> = digits(one).iter().map(|digit| digit - b'0').collect();
        let other = digits(next);
        let shorter = other.len() - sum.len();
        sum.splice(0..0, vec![0; shorter]);
        let mut carry = 0;
        for (digit, other) in sum.iter_mut().zip(&other).rev() {
            let both = *digit + other - b'0' + carry;
            (*digit, carry) = (both % 10, both / 10);
        }
        let mut rest = carry;
        let half = sum.iter().map(|digit| {
            let ten = rest * 10 + digit;
            rest = ten % 2;
            char::from(b'0' + ten / 2)
        });
        half.collect()
    }

    #[test]
    fn what_is_no_number_is_none() {
        let texts = "+ - . e1 .e1 1e 1e+ 1.2.3 1e1e1 1e1.5 --1 +-1 1_0 0x10 1f NaN inf -infinity 1: ٣ 1e9999";
        for text in texts.split(' ').chain(["", " 1", "1 "]) {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
            agree(text);
        }
    }

    #[test]
    fn numbers_at_the_edges_are_read_as_by_the_standard_library() {
        for text in [
            "0 -0 +0.0 00012.500 5. .5 1E3 1e-3 1e22 1e23 -8.5e-23",
            "0e99999999999999999999 1e-99999999999999999999 1e99999999999999999999",
            "9007199254740993 9007199254740993e-3 18446744073709551616",
            "1.7976931348623157e308 1.7976931348623158e308 1.7976931348623159e308",
            "17976931348623157e292 2.2250738585072011e-308 2.2250738585072014e-308",
            "5e-324 2.4703282292062327e-324 2.4703282292062328e-324 1e-400 1e309",
        ] {
            text.split(' ').for_each(agree);
        }
        agree(&format!("{}1e-2000", "1".repeat(2_000)));
        agree(&format!("0.{}1", "0".repeat(2_000)));
    }

    proptest! {
        #[test]
        fn any_digits_are_read_as_by_the_standard_library(
            text in r"[-+]?[0-9]{0,25}(\.[0-9]{0,25})?([eE][-+]?[0-9]{1,3})?",
        ) {
            agree(&text);
        }

        #[test]
        fn a_bit_decides_halfway(bits in 0..f64::MAX.to_bits()) {
            let half = halfway(bits);
            let digits = half.trim_end_matches('0');
            let power = half.len() - digits.len();
            let (but_last, last) = digits.split_at(digits.len() - 1);
            let less = last.parse::<u8>().unwrap() - 1;
            let exponent = |more: i64| i64::try_from(power).unwrap() - 1_100 - more;
            agree(&format!("{digits}e{}", exponent(0)));
            agree(&format!("{digits}1e{}", exponent(1)));
            agree(&format!("{but_last}{less}9e{}", exponent(1)));
            agree(&format!("{digits}{}1e{}", "0".repeat(900), exponent(901)));
        }
    }
}
