//! Durations such as `2h 30m`: what the crate humantime reads, without its sentences.

use std::time::Duration;

/// A unit's names, and what it has of seconds and of nanoseconds: a whole number of it counts by
/// the former if there are any, and a fraction by the latter.
const UNITS: [(&[&str], u64, u64); 10] = [
    (&["nanos", "nsec", "ns"], 0, 1),
    (&["usec", "us", "µs"], 0, 1_000),
    (&["millis", "msec", "ms"], 0, 1_000_000),
    (&["seconds", "second", "secs", "sec", "s"], 1, 1_000_000_000),
    (
        &["minutes", "minute", "min", "mins", "m"],
        60,
        60_000_000_000,
    ),
    (&["hours", "hour", "hr", "hrs", "h"], 3_600, 0),
    (&["days", "day", "d"], 86_400, 0),
    (&["weeks", "week", "wk", "wks", "w"], 604_800, 0),
    (&["months", "month", "M"], 2_630_016, 0),
    (&["years", "year", "yr", "yrs", "y"], 31_557_600, 0),
];

/// The sum of amounts, each with its unit.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start();
    let mut sum = None;
    while !rest.is_empty() {
        let (number, behind) = rest.split_at_checked(rest.find(is_letter)?)?;
        let end = behind.find(|c| !is_letter(c)).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(end)?;
        let amount = amount(number, unit)?;
        sum = Some(sum.unwrap_or(Duration::ZERO).checked_add(amount)?);
        rest = behind.trim_start();
    }
    sum
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == 'µ'
}

fn amount(number: &str, unit: &str) -> Option<Duration> {
    let mut units = UNITS.iter();
    let &(_, seconds, nanoseconds) = units.find(|(names, ..)| names.contains(&unit))?;
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    if !whole.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (whole, _) = digits(whole)?;
    let whole = match seconds {
        0 => Duration::from_nanos(whole.checked_mul(nanoseconds)?),
        _ => Duration::from_secs(whole.checked_mul(seconds)?),
    };
    let Some(fraction) = fraction else {
        return Some(whole);
    };
    let (fraction, parts) = digits(fraction).filter(|&(_, parts)| parts > 1)?;
    let of_unit = |size: u64| {
        let product = fraction.checked_mul(size)?;
        product.checked_rem(parts).filter(|&rest| rest == 0)?;
        product.checked_div(parts)
    };
    let fraction = match nanoseconds {
        0 => Duration::from_secs(of_unit(seconds)?),
        1 => return None,
        _ => Duration::from_nanos(of_unit(nanoseconds)?),
    };
    whole.checked_add(fraction)
}

/// The value of digits, among which may be blanks, and the power of ten above them.
fn digits(text: &str) -> Option<(u64, u64)> {
    let mut chars = text.chars().filter(|c| !c.is_whitespace());
    chars.try_fold((0u64, 1u64), |(value, power), c| {
        let value = value.checked_mul(10)?;
        Some((
            value.checked_add(c.to_digit(10)?.into())?,
            power.saturating_mul(10),
        ))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// But for `0` without a unit, which humantime reads: no duration of ours is nothing.
    fn agree(text: &str) {
        let theirs = humantime::parse_duration(text).ok();
        assert_eq!(parse(text), theirs.filter(|_| text != "0"), "{text}");
    }

    proptest! {
        #[test]
        fn it_reads_what_humantime_reads(
            text in r"([ \t]?[0-9]{1,3}[ .]?[0-9]{0,2}[ .]?(nanos|nsec|ns|usec|us|µs|millis|msec|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|wks?|w|months?|M|years?|yrs?|y|x)[ -]?){0,3}",
        ) {
            agree(&text);
        }

        #[test]
        fn and_refuses_what_humantime_refuses(text in r"[0-9 .mhs-]{0,8}") {
            agree(&text);
        }

        #[test]
        fn and_numbers_of_any_size(whole: u64, fraction: u64, unit in 0..10usize) {
            let text = format!("{whole}.{fraction}{}", UNITS[unit].0[0]);
            agree(&text);
            let text = format!("{}{}", whole >> 20, UNITS[unit].0[0]);
            agree(&text);
        }
    }
}
