//! How a guarded version stands, as every worker of a proxy knows it.

/// Whether a version has its users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It has.
    #[default]
    Open,
    /// It has, and is past a limit: that is told.
    Observed,
    /// It has, and gets no more of them by the clock.
    Paused,
    /// A few of them try it again; the others get the baseline.
    Probing,
    /// It has none: they get the baseline.
    Closed,
}

/// How a version stands, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether it has its users.
    pub state: State,
    /// Since when, in milliseconds since the Unix epoch; 0 for one that never stood otherwise.
    pub since: u64,
    /// Which of its changes this is: answers to requests of an earlier one do not count.
    pub change: u32,
    /// Since when its ramps stand still, where they do.
    stopped: u64,
    /// How long they stood still before, in milliseconds.
    stood: u64,
}

impl State {
    /// Every one, by the number that stands for it in metrics and in shared data.
    const ALL: [Self; 5] = [
        Self::Open,
        Self::Observed,
        Self::Paused,
        Self::Probing,
        Self::Closed,
    ];

    /// Its name in data: `open`, `observed`, `paused`, `probing` or `closed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Observed => "observed",
            Self::Paused => "paused",
            Self::Probing => "probing",
            Self::Closed => "closed",
        }
    }

    /// Its number: the worse, the higher.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32
    }

    fn numbered(number: u64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }

    /// Whether ramps stand still.
    fn is_still(self) -> bool {
        matches!(self, Self::Paused | Self::Probing | Self::Closed)
    }
}

impl Standing {
    /// The time that the version's ramps have, in milliseconds since the Unix epoch: it stands
    /// while the version is closed or paused, and then goes on from there.
    #[must_use]
    pub fn ramp_time(&self, now: u64) -> u64 {
        let now = if self.state.is_still() {
            self.stopped.min(now)
        } else {
            now
        };
        now.saturating_sub(self.stood)
    }

    /// How it stands from now on, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn becomes(self, state: State, now: u64) -> Self {
        let (mut stopped, mut stood) = (self.stopped, self.stood);
        match (self.state.is_still(), state.is_still()) {
            (false, true) => stopped = now,
            (true, false) => stood = stood.saturating_add(now.saturating_sub(stopped)),
            _ => {}
        }
        Self {
            state,
            since: now,
            change: self.change.wrapping_add(1),
            stopped,
            stood,
        }
    }

    /// What decides which of two holds, where proxies differ: the later change, or the worse state.
    pub(super) fn rank(&self) -> (u32, u32) {
        (self.change, self.state.number())
    }

    /// For shared data, and for other proxies.
    pub(super) fn words(&self) -> [u64; 5] {
        let change = u64::from(self.change);
        [
            self.state.number().into(),
            self.since,
            change,
            self.stopped,
            self.stood,
        ]
    }

    /// From what [`Self::words`] made.
    pub(super) fn of_words(words: [u64; 5]) -> Option<Self> {
        let [state, since, change, stopped, stood] = words;
        Some(Self {
            state: State::numbered(state)?,
            since,
            change: u32::try_from(change).ok()?,
            stopped,
            stood,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_stand_still_while_a_version_does() {
        let open = Standing::default();
        assert_eq!(open.ramp_time(1_000), 1_000);
        let closed = open.becomes(State::Closed, 1_000);
        assert_eq!(closed.ramp_time(5_000), 1_000);
        let probing = closed.becomes(State::Probing, 5_000);
        assert_eq!(probing.ramp_time(6_000), 1_000);
        let again = probing.becomes(State::Open, 6_000);
        assert_eq!(again.ramp_time(6_000), 1_000);
        assert_eq!(again.ramp_time(7_000), 2_000);
        let paused = again.becomes(State::Paused, 8_000);
        assert_eq!(paused.ramp_time(20_000), 3_000);
        let observed = paused.becomes(State::Observed, 9_000);
        assert_eq!(observed.ramp_time(10_000), 4_000);
    }

    #[test]
    fn what_is_shared_is_read_back() {
        let standing = Standing::default().becomes(State::Closed, 77);
        for state in State::ALL {
            let standing = standing.becomes(state, 99);
            assert_eq!(Standing::of_words(standing.words()), Some(standing));
        }
        assert_eq!(Standing::of_words([5, 0, 0, 0, 0]), None);
    }
}
