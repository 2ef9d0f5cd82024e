//! What all workers have seen of a guarded version together.

use super::report::Entry;
use super::window::{Ages, Counts};
use crate::rules::Guard;

/// What all workers have seen of a guarded version since that last stood otherwise.
#[derive(Debug, Default)]
pub struct Seen {
    pub(super) own: Both,
    pub(super) beside: Both,
    /// How many failures there were since the last answer that was none.
    pub(super) in_a_row: u32,
    /// Which requests failed, some of them.
    pub traces: Vec<String>,
}

/// What has been answered, and what has been waiting for too long.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Both {
    pub(super) ages: Ages,
    pub(super) hanging: u32,
}

impl Seen {
    /// Adds up what workers tell of a version, at a moment in milliseconds since the Unix epoch.
    pub(super) fn sum<'e>(
        guard: &Guard,
        entries: impl Iterator<Item = &'e Entry> + Clone,
        now: u64,
    ) -> Self {
        let mut seen = Self::default();
        let succeeded = entries.clone().map(|entry| entry.succeeded).max();
        let succeeded = succeeded.unwrap_or_default();
        // Of one worker they may be over again, and were too many all the same.
        let longest = entries.clone().map(|entry| entry.longest).max();
        for entry in entries {
            let sides = [
                (&mut seen.own, &entry.own),
                (&mut seen.beside, &entry.beside),
            ];
            for (sum, (parts, hanging)) in sides {
                sum.ages.add(guard.window, parts, now);
                sum.hanging = sum.hanging.saturating_add(*hanging);
            }
            // A success elsewhere in the same moment may have come later.
            let since = entry
                .failures
                .iter()
                .filter(|&&at| at > succeeded || at == succeeded && entry.succeeded == succeeded);
            let since = u32::try_from(since.count()).unwrap_or(u32::MAX);
            seen.in_a_row = seen.in_a_row.saturating_add(since);
            seen.traces.extend(entry.traces.iter().cloned());
        }
        seen.in_a_row = seen.in_a_row.max(longest.unwrap_or_default());
        seen.traces.truncate(super::record::TRACES);
        seen
    }

    /// The answers of the window.
    #[must_use]
    pub fn answers(&self) -> Counts {
        self.own.ages.all()
    }

    /// The baseline's answers of the same time, as far as they were looked at.
    #[must_use]
    pub fn beside(&self) -> Counts {
        self.beside.ages.all()
    }

    /// How many requests have been waiting for longer than they may.
    #[must_use]
    pub fn hanging(&self) -> u32 {
        self.own.hanging
    }
}
