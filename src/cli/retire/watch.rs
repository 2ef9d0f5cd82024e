//! What one proxy says of a version from look to look, and since when that is nothing.

use std::time::{Duration, Instant};

use super::Version;
use super::counts::{Count, Counts};

/// What a proxy said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It counts this.
    Count(Count),
    /// It has decided no request for the version since it started.
    Nothing,
    /// It did not answer, for this reason.
    Silent(String),
}

/// One proxy from look to look.
pub(super) struct Watch {
    last: Told,
    /// Since when nothing is open, and no request has come.
    quiet: Option<Instant>,
    /// How many have come since the first look.
    came: u64,
}

impl Told {
    pub(super) fn of(counts: &Counts, version: &Version) -> Self {
        let count = counts.get(&(version.service.clone(), version.name.clone()));
        count.map_or(Self::Nothing, |&count| Self::Count(count))
    }

    fn is_idle(&self) -> bool {
        match self {
            Self::Count(count) => count.open == 0,
            Self::Nothing => true,
            Self::Silent(_) => false,
        }
    }
}

impl Watch {
    pub(super) fn new(told: Told, now: Instant) -> Self {
        Self {
            quiet: told.is_idle().then_some(now),
            last: told,
            came: 0,
        }
    }

    /// Another look. Requests that came and went between two looks are told by their number, and so
    /// is a restart, which begins anew.
    pub(super) fn hear(&mut self, told: Told, now: Instant) {
        self.quiet = match self.quiet {
            _ if !told.is_idle() => None,
            Some(since) if told == self.last => Some(since),
            _ => Some(now),
        };
        if let (Told::Count(before), Told::Count(count)) = (&self.last, &told) {
            self.came += count.requests.saturating_sub(before.requests);
        }
        self.last = told;
    }

    pub(super) fn is_quiet_for(&self, time: Duration, now: Instant) -> bool {
        self.quiet_for(now).is_some_and(|quiet| quiet >= time)
    }

    pub(super) fn quiet_for(&self, now: Instant) -> Option<Duration> {
        self.quiet.map(|since| now.saturating_duration_since(since))
    }

    pub(super) fn is_silent(&self) -> bool {
        matches!(self.last, Told::Silent(_))
    }

    pub(super) fn last(&self) -> &Told {
        &self.last
    }

    pub(super) fn came(&self) -> u64 {
        self.came
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_secs(10);

    fn count(open: u64, requests: u64) -> Told {
        Told::Count(Count { open, requests })
    }

    /// Whether it is quiet after each of these looks, five seconds apart.
    fn quiet(told: &[Told]) -> Vec<bool> {
        let began = Instant::now();
        let mut now = began;
        let mut watch = Watch::new(told[0].clone(), now);
        let mut quiet = vec![watch.is_quiet_for(QUIET, now)];
        for told in &told[1..] {
            now += Duration::from_secs(5);
            watch.hear(told.clone(), now);
            quiet.push(watch.is_quiet_for(QUIET, now));
        }
        quiet
    }

    #[test]
    fn quiet_is_nothing_open_and_nothing_new_for_a_time() {
        let silent = Told::Silent("gone".to_owned());
        for (told, after) in [
            (vec![count(0, 7); 3], vec![false, false, true]),
            (
                vec![count(1, 7), count(1, 7), count(1, 7), count(0, 7)],
                vec![false; 4],
            ),
            // Came and went between two looks.
            (
                vec![count(0, 7), count(0, 8), count(0, 8), count(0, 8)],
                vec![false, false, false, true],
            ),
            (vec![Told::Nothing; 3], vec![false, false, true]),
            (
                vec![Told::Nothing, count(0, 1), count(0, 1), count(0, 1)],
                vec![false, false, false, true],
            ),
            // Restarted: what it has counted begins anew.
            (
                vec![count(0, 7), count(0, 7), count(0, 2), count(0, 2)],
                vec![false; 4],
            ),
            (
                vec![count(0, 7), silent.clone(), count(0, 7), count(0, 7)],
                vec![false; 4],
            ),
            (vec![count(0, 7), silent.clone(), silent], vec![false; 3]),
        ] {
            assert_eq!(quiet(&told), after, "{told:?}");
        }
    }

    #[test]
    fn what_comes_is_counted_over_restarts() {
        let now = Instant::now();
        let mut watch = Watch::new(count(0, 7), now);
        for told in [count(0, 9), Told::Nothing, count(0, 1), count(3, 4)] {
            watch.hear(told, now);
        }
        assert_eq!(watch.came(), 5);
    }
}
