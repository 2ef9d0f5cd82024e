//! When a decision is made, and what a proxy knows by then.

use crate::guard::Standing;

/// What a decision may know beside the policy and the request, so that the decision itself has no
/// clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment<'m> {
    /// The wall clock, in milliseconds since the Unix epoch; zero where [`crate::Rules::needs_clock`] is
    /// false.
    pub now: u64,
    /// How versions stand, by their numbers. What is not there is open.
    pub standings: &'m [Standing],
}

impl Moment<'_> {
    /// A moment at which every version is open, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn at(now: u64) -> Self {
        Self {
            now,
            standings: &[],
        }
    }

    /// How the version of this number stands.
    pub(crate) fn standing(&self, number: usize) -> Standing {
        self.standings.get(number).copied().unwrap_or_default()
    }
}
