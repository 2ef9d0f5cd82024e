//! Whether a version is past a limit of its guard.
//!
//! A limit is passed when a version that is just at it would look so bad less than once in a
//! thousand times: a share of few answers says little, and a version at half its limit is to be
//! left alone for good. By Bernstein's inequality, the chance that of n answers np + t or more are
//! bad, each with the chance p, is at most exp(-t² / (2 (np(1 - p) + t/3))).

use super::seen::Seen;
use super::window::Counts;
use crate::rules::{Guard, Share};

/// Twice the logarithm of a thousand.
const RARE: f64 = 13.815_510_557_964_274;

/// What made a version's standing change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// Too many failures.
    MaxError,
    /// Too many slow answers.
    MaxSlow,
    /// Too many more failures than the baseline's.
    ErrorAbove,
    /// Too many more slow answers than the baseline's.
    SlowAbove,
    /// Too many failures in a row.
    Consecutive,
    /// It is time to try again.
    RetryAfter,
    /// It is within its limits again.
    Recovered,
    /// It stands so with other proxies.
    Fleet,
}

impl Because {
    /// Its name in data: that of the limit's field, `retry_after`, `recovered` or `fleet`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MaxError => "max_error_percent",
            Self::MaxSlow => "max_slow",
            Self::ErrorAbove => "above_baseline.error_percent",
            Self::SlowAbove => "above_baseline.slow_percent",
            Self::Consecutive => "consecutive_failures",
            Self::RetryAfter => "retry_after",
            Self::Recovered => "recovered",
            Self::Fleet => "fleet",
        }
    }
}

/// The limit that a version is past, if any: in the whole window, or in what there was of late.
pub(super) fn passed(guard: &Guard, seen: &Seen) -> Option<Because> {
    if guard.consecutive.is_some_and(|most| seen.in_a_row >= most) {
        return Some(Because::Consecutive);
    }
    let mut late = seen.own.ages.last().zip(seen.beside.ages.last());
    late.find_map(|(own, beside)| {
        let own = own.with_hanging(seen.own.hanging);
        let beside = beside.with_hanging(seen.beside.hanging);
        if own.answers < guard.min_requests {
            return None;
        }
        let mut checks = checks(guard, own, beside);
        let passed = checks.find(|(_, check)| check.is_passed(own.answers));
        passed.map(|(because, _)| because)
    })
}

/// The limit that the answers of the window are above, if any, even if by chance.
pub(super) fn above(guard: &Guard, seen: &Seen) -> Option<Because> {
    let own = seen.own.ages.all().with_hanging(seen.own.hanging);
    let beside = seen.beside.ages.all().with_hanging(seen.beside.hanging);
    let mut checks = checks(guard, own, beside);
    let above = checks.find(|(_, check)| check.is_above(own.answers));
    above.map(|(because, _)| because)
}

/// So many bad answers, and the share of them that there may be.
struct Check {
    bad: u32,
    limit: f64,
    /// The variance of the limit, where it was measured itself.
    doubt: f64,
}

impl Check {
    fn new(bad: u32, limit: Share) -> Self {
        Self {
            bad,
            limit: limit.percent() / 100.0,
            doubt: 0.0,
        }
    }

    /// A limit so far above the baseline's share.
    fn beside(bad: u32, above: Share, besides: u32, answers: u32) -> Self {
        let [besides, answers] = [besides, answers].map(f64::from);
        // Of few answers without a failure, none is known to be as good as that.
        let share = (besides + 1.0) / (answers + 2.0);
        Self {
            bad,
            limit: (besides / answers + above.percent() / 100.0).min(1.0),
            doubt: share * (1.0 - share) / answers,
        }
    }

    fn excess(&self, answers: u32) -> f64 {
        f64::from(self.bad) - f64::from(answers) * self.limit
    }

    fn is_above(&self, answers: u32) -> bool {
        self.excess(answers) > 0.0
    }

    fn is_passed(&self, answers: u32) -> bool {
        let excess = self.excess(answers);
        let answers = f64::from(answers);
        let variance = answers * self.limit * (1.0 - self.limit) + answers * answers * self.doubt;
        // Of a version that must not fail at all, no failure is by chance.
        let rare = variance <= 0.0 || excess * excess > RARE * (variance + excess / 3.0);
        excess > 0.0 && rare
    }
}

/// All of a guard's limits on shares that can be checked.
fn checks(guard: &Guard, own: Counts, beside: Counts) -> impl Iterator<Item = (Because, Check)> {
    let error = guard.max_error.map(|limit| Check::new(own.failed, limit));
    let slow = guard
        .max_slow
        .map(|limit| Check::new(own.slow, limit.share));
    let enough = beside.answers >= guard.min_requests;
    let above = |limit: Option<Share>, bad, besides| {
        let limit = limit.filter(|_| enough);
        limit.map(|above| Check::beside(bad, above, besides, beside.answers))
    };
    let all = [
        (Because::MaxError, error),
        (Because::MaxSlow, slow),
        (
            Because::ErrorAbove,
            above(guard.error_above, own.failed, beside.failed),
        ),
        (
            Because::SlowAbove,
            above(guard.slow_above, own.slow, beside.slow),
        ),
    ];
    all.into_iter()
        .filter_map(|(because, check)| Some((because, check?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::SCALE;

    fn least(answers: u32, percent: u32) -> Option<u32> {
        let limit = Share::of_buckets(percent * SCALE / 100);
        (0..=answers).find(|&bad| Check::new(bad, limit).is_passed(answers))
    }

    /// As docs/guard.md has it.
    #[test]
    fn few_answers_say_little() {
        let limits = [50, 100, 300, 1_000, 10_000].map(|answers| least(answers, 5));
        assert_eq!(limits, [11, 16, 32, 79, 584].map(Some));
        assert_eq!(least(1, 0), Some(1));
        assert_eq!(least(10_000, 100), None);
    }

    #[test]
    fn one_who_fails_every_fifth_is_found_out_after_sixty() {
        let five = Share::of_buckets(SCALE / 20);
        let passed = |answers: &u32| Check::new(answers / 5, five).is_passed(*answers);
        assert_eq!((1..1_000).find(passed), Some(60));
    }
}
