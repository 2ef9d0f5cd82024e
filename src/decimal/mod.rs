//! Doubles as decimals, read and written as the standard library does, without its tables: these,
//! and what works with them, were a tenth of the module.

mod read;
mod whole;
mod write;

pub(crate) use read::parse;
pub(crate) use write::Decimal;

/// Every whole number up to here is a double.
const MAX_EXACT: u64 = 1 << 53;

fn signed(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = signed(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = value(0, digits).and_then(|size| i64::try_from(size).ok());
    let size = size.unwrap_or(i64::MAX);
    Some(if negative {
        size.saturating_neg()
    } else {
        size
    })
}

/// The value of digits that go on from those before them, if they are at most 19 together.
fn value(before: u64, digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(before, |value, digit| {
        let digit = digit.wrapping_sub(b'0');
        // So bounded, it cannot overflow; to look for that costs the VM a multiplication of 128 bits.
        (value < 1_000_000_000_000_000_000)
            .then(|| value.wrapping_mul(10).wrapping_add(digit.into()))
    })
}

fn length(digits: &[u8]) -> i64 {
    digits.len().try_into().unwrap_or(i64::MAX)
}

/// A double without its sign, as a whole number and the power of two that it is multiplied by.
fn parts(bits: u64) -> (u64, i32) {
    let (exponent, fraction) = (bits >> 52 & 0x7ff, bits & ((1 << 52) - 1));
    let exponent = i32::try_from(exponent).unwrap_or_default();
    match exponent {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, exponent.saturating_sub(1075)),
    }
}
