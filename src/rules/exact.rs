//! Whole values, in an order in which one is found by few and short looks.

use std::cmp::Ordering;

/// A whole value. Ordered by its length, and then from its end: what is numbered differs there, so
/// that most comparisons look at one byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exact(pub(super) Box<[u8]>);

impl Exact {
    /// How it compares to a value of the request; in lower case, where case is ignored.
    pub(super) fn compare(&self, value: &[u8], ignore_case: bool) -> Ordering {
        let (own, other) = (self.0.iter().rev(), value.iter().rev());
        let by_length = self.0.len().cmp(&value.len());
        by_length.then_with(|| {
            if ignore_case {
                let lower = u8::to_ascii_lowercase;
                own.map(lower).cmp(other.map(lower))
            } else {
                own.cmp(other)
            }
        })
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(&other.0, false)
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorter_ones_come_first_and_then_the_end_counts() {
        let ordered = ["", "b", "ba", "ab", "bb", "aaa"];
        for (at, one) in ordered.iter().enumerate() {
            for (other_at, other) in ordered.iter().enumerate() {
                let exact = Exact(one.as_bytes().into());
                assert_eq!(exact.compare(other.as_bytes(), false), at.cmp(&other_at));
                let upper = other.to_ascii_uppercase();
                assert_eq!(exact.compare(upper.as_bytes(), true), at.cmp(&other_at));
            }
        }
    }
}
