//! Tests of text: `equals`, `prefix`, `in` and so on, on bytes.

use std::cell::Cell;
use std::ops::Range;
use std::str::FromStr;

use regex_lite::Regex;
use semver::{Version, VersionReq};

use super::checks::{not_empty, one_of};
use super::exact::Exact;
use super::pattern;
use crate::error::{Error, Place};
use crate::limits::{MAX_MATCHED_BYTES, MAX_PATTERN_BYTES};
use crate::policy::{Match, Number, Text};
use crate::sort::sorted;

/// What is asked of the values at a place of the request.
#[derive(Debug)]
pub(super) enum Test {
    /// Whether there is any.
    Present(bool),
    /// Whether any is like this.
    Value(Pattern),
}

/// What a value must be like.
#[derive(Debug)]
pub(super) struct Pattern {
    operator: Operator,
    ignore_case: bool,
}

#[derive(Debug)]
enum Operator {
    Equals(Exact),
    Prefix(Box<[u8]>),
    Suffix(Box<[u8]>),
    /// In lower case if that counts for nothing.
    Contains(Box<str>),
    /// In their order; in lower case if that counts for nothing.
    In(Box<[Exact]>),
    Matches(Regex),
    Number(Range<f64>),
    Version(VersionReq),
}

impl Test {
    /// Whether it holds for the values that `any` shows in turn, until it is answered `true`.
    pub(super) fn holds(&self, any: impl FnOnce(&mut dyn FnMut(&[u8]) -> bool) -> bool) -> bool {
        match self {
            Self::Present(present) => any(&mut |_| true) == *present,
            Self::Value(pattern) => {
                let mut left = MAX_MATCHED_BYTES;
                any(&mut |value| pattern.is_match(value, &mut left))
            }
        }
    }

    /// The values of which one must be there, if it is about whole values, and whether their case
    /// is ignored.
    pub(super) fn exact(&self) -> Option<(&[Exact], bool)> {
        let Self::Value(pattern) = self else {
            return None;
        };
        let values = match &pattern.operator {
            Operator::Equals(text) => std::slice::from_ref(text),
            Operator::In(set) => set,
            _ => return None,
        };
        Some((values, pattern.ignore_case))
    }

    /// Compiles the operator of a match; the name is its source's. Adds to `patterns` the bytes
    /// that a compiled one takes.
    pub(super) fn compile(
        place: &Place<'_>,
        document: Match,
        patterns: &Cell<usize>,
    ) -> Result<Self, Error> {
        enum Choice {
            Whole(Text),
            Part(fn(String) -> Operator, Text),
            Matches(Text),
            In(Vec<Text>),
            Number(Option<Number>, Option<Number>),
            Version(Text),
            Present(bool),
        }
        let ignore_case = document.ignore_case;
        // The two bounds of a range are one operator, which goes by the first.
        let (at_least, below) = (document.at_least, document.below);
        let range = |bound: Option<Number>| bound.map(|_| Choice::Number(at_least, below));
        let part = |make: fn(String) -> Operator| move |text| Choice::Part(make, text);
        let prefix = |text: String| Operator::Prefix(text.into_bytes().into());
        let suffix = |text: String| Operator::Suffix(text.into_bytes().into());
        let contains = |text: String| Operator::Contains(text.into());
        let (operator, choice) = one_of(
            place,
            [
                ("equals", document.equals.map(Choice::Whole)),
                ("prefix", document.prefix.map(part(prefix))),
                ("suffix", document.suffix.map(part(suffix))),
                ("contains", document.contains.map(part(contains))),
                ("matches", document.matches.map(Choice::Matches)),
                ("in", document.r#in.map(Choice::In)),
                ("at_least", range(at_least)),
                ("below", range(below.filter(|_| at_least.is_none()))),
                ("version", document.version.map(Choice::Version)),
                ("present", document.present.map(Choice::Present)),
            ],
        )?;
        let place = place.field(operator);
        let operator = match choice {
            Choice::Whole(Text(text)) => Operator::Equals(Exact(text.into_bytes().into())),
            Choice::Part(_, Text(text)) if text.is_empty() => {
                return Err(place.error("is empty, as every value's part is; use `present: true`"));
            }
            Choice::Part(_, Text(text)) if text.len() > MAX_PATTERN_BYTES => {
                return Err(place.error(too_long(&text)));
            }
            Choice::Part(make, Text(mut text)) => {
                if ignore_case {
                    text.make_ascii_lowercase();
                }
                make(text)
            }
            Choice::Matches(text) => {
                Operator::Matches(pattern::compile(&place, &text.0, ignore_case, patterns)?)
            }
            Choice::In(texts) => {
                not_empty(&place, &texts, "list at least one value")?;
                let bytes = texts.into_iter().map(|Text(mut text)| {
                    if ignore_case {
                        text.make_ascii_lowercase();
                    }
                    Exact(text.into_bytes().into())
                });
                let mut set: Vec<Exact> = sorted(bytes.collect());
                set.dedup();
                Operator::In(set.into())
            }
            Choice::Number(at_least, below) => {
                let at_least = at_least.map_or(f64::NEG_INFINITY, |Number(bound)| bound);
                let below = below.map_or(f64::INFINITY, |Number(bound)| bound);
                if at_least >= below {
                    return Err(place.error("no number is both `at_least` this and `below` that"));
                }
                Operator::Number(at_least..below)
            }
            Choice::Version(Text(text)) => {
                let range = VersionReq::parse(&text);
                Operator::Version(range.map_err(|error| {
                    let remedy = "write a range such as >=3.2.0, <4";
                    place.wrong(
                        &text,
                        format!("is no range of versions ({error}); {remedy}"),
                    )
                })?)
            }
            Choice::Present(present) => return Ok(Self::Present(present)),
        };
        Ok(Self::Value(Pattern {
            operator,
            ignore_case,
        }))
    }
}

impl Pattern {
    /// `left`: how many bytes a pattern may still look at.
    fn is_match(&self, value: &[u8], left: &mut usize) -> bool {
        let ignore_case = self.ignore_case;
        let same = |a: &[u8], b: &[u8]| {
            if ignore_case {
                a.eq_ignore_ascii_case(b)
            } else {
                a == b
            }
        };
        match &self.operator {
            Operator::Equals(Exact(text)) => same(value, text),
            Operator::Prefix(text) => value.get(..text.len()).is_some_and(|part| same(part, text)),
            Operator::Suffix(text) => value
                .len()
                .checked_sub(text.len())
                .and_then(|start| value.get(start..))
                .is_some_and(|part| same(part, text)),
            Operator::Contains(text) => {
                let lower;
                let value = if ignore_case {
                    lower = value.to_ascii_lowercase();
                    &lower
                } else {
                    value
                };
                // The library's search of text takes linear time, whatever both are made of. A text
                // of the policy is UTF-8, so it stands whole in a part of the value that is.
                let mut parts = value.utf8_chunks();
                parts.any(|part| part.valid().contains(&**text))
            }
            Operator::In(set) => set
                .binary_search_by(|text| text.compare(value, ignore_case))
                .is_ok(),
            Operator::Matches(regex) => {
                let rest = left.checked_sub(value.len());
                *left = rest.unwrap_or(*left);
                rest.is_some() && str::from_utf8(value).is_ok_and(|value| regex.is_match(value))
            }
            Operator::Number(range) => {
                // Infinity is written like a number and is none.
                let number = parsed::<f64>(value).filter(|number| number.is_finite());
                number.is_some_and(|number| range.contains(&number))
            }
            Operator::Version(range) => {
                parsed::<Version>(value).is_some_and(|version| range.matches(&version))
            }
        }
    }
}

/// The value as a number or version; what is none matches nothing.
fn parsed<T: FromStr>(value: &[u8]) -> Option<T> {
    str::from_utf8(value).ok()?.parse().ok()
}

pub(super) fn too_long(text: &str) -> String {
    format!(
        "has {} bytes, above {MAX_PATTERN_BYTES}; shorten it",
        text.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it says: at some place of the value stands the text, byte by byte.
    #[test]
    fn contains_is_of_bytes() {
        let texts = ["a", "é", "é!", "aé", "AB", "€"];
        let pieces: [&[u8]; 8] = [
            b"a",
            b"b",
            b"!",
            "é".as_bytes(),
            b"\xc3",
            b"\xa9",
            b"\xe2\x82",
            b"\xac",
        ];
        let mut found = 0;
        for number in 0..pieces.len().pow(4) {
            let digits = (0..4).map(|place| number / pieces.len().pow(place) % pieces.len());
            let value = digits
                .map(|digit| pieces[digit])
                .collect::<Vec<_>>()
                .concat();
            for text in texts {
                let plain = value
                    .windows(text.len())
                    .any(|part| part == text.as_bytes());
                let any_case = |part: &[u8]| part.eq_ignore_ascii_case(text.as_bytes());
                let without_case = value.windows(text.len()).any(any_case);
                for (ignore_case, wanted) in [(false, plain), (true, without_case)] {
                    let document = Match {
                        contains: Some(Text(text.to_owned())),
                        ignore_case,
                        ..Match::default()
                    };
                    let test = Test::compile(&Place::ROOT, document, &Cell::new(0)).unwrap();
                    assert_eq!(
                        test.holds(|see| see(&value)),
                        wanted,
                        "{text} in {value:x?}"
                    );
                    found += usize::from(wanted);
                }
            }
        }
        assert!(found > 1_000);
    }
}
