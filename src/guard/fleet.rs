//! What the proxies of a fleet tell each other of a version, and how they agree on it.
//!
//! Each announces how the version stands with it, and what it has seen of it. A standing has the
//! number of its change, and whoever changes it counts on: of two that differ the later one holds,
//! of two of the same number the worse one. So proxies that disagree come to the same, whichever
//! way word travels, and never go back and forth.

use super::limits::{self, Because};
use super::report::Entry;
use super::seen::Seen;
use super::standing::{Standing, State};
use super::verdict;
use crate::policy::CloseWhen;
use crate::rules::Guard;

/// Milliseconds after which what a proxy has seen is of the past, or [`ROUNDS`] if that is longer. How
/// versions stand with it still holds.
const SILENT: u64 = 30_000;

/// How often proxies tell each other until all have heard what one has found: it tells that, another
/// hears it, tells what it has found itself, and the first hears that.
const ROUNDS: u64 = 4;

/// Milliseconds without a word after which a proxy is gone, or [`ROUNDS`] if that is longer.
const GONE: u64 = 600_000;

/// What the other proxies tell.
#[derive(Debug)]
pub struct Fleet {
    /// Whose verdict holds for all.
    pub close_when: CloseWhen,
    /// How often proxies tell each other, in milliseconds.
    pub every: u64,
    /// What each of the others announces.
    pub others: Vec<Announcement>,
}

/// A verdict, if there is one, and what it was passed by.
type Judged = (Option<(Standing, Because)>, Seen);

impl Fleet {
    /// How many others have told something of late.
    #[must_use]
    pub fn recent(&self, now: u64) -> usize {
        let recent = |other: &&Announcement| self.is_recent(other, now);
        self.others.iter().filter(recent).count()
    }

    fn is_recent(&self, other: &Announcement, now: u64) -> bool {
        let silent = SILENT.max(self.every.saturating_mul(ROUNDS));
        now.saturating_sub(other.at) <= silent
    }

    /// How a version stands next and why, by what this proxy's workers and the others have seen,
    /// at a moment in milliseconds since the Unix epoch.
    pub(super) fn judge(
        &self,
        key: u64,
        guard: &Guard,
        before: Standing,
        own: &[&Entry],
        now: u64,
    ) -> Judged {
        let members = self.others.iter().filter_map(|other| {
            let member = other.versions.iter().find(|own| own.seen.key == key)?;
            Some((self.is_recent(other, now), member))
        });
        let members: Vec<_> = members.collect();
        let recent = members.iter().filter(|(recent, _)| *recent);
        let recent: Vec<_> = recent.map(|(_, member)| *member).collect();
        match self.close_when {
            CloseWhen::Any => {
                let standings = members.iter().map(|(_, member)| member.standing);
                let latest = standings.max_by_key(Standing::rank);
                match latest.filter(|latest| latest.rank() > before.rank()) {
                    Some(latest) => (
                        Some((latest, Because::Fleet)),
                        Seen::sum(guard, own.iter().copied(), now),
                    ),
                    None => self.together(guard, before, own, &recent, now),
                }
            }
            CloseWhen::Majority => by_most(guard, before, own, &recent, now),
        }
    }

    /// By all answers that any proxy has seen since the change that they agree on. That the version
    /// is well is said when the others have had the time to say that it is not.
    fn together(
        &self,
        guard: &Guard,
        before: Standing,
        own: &[&Entry],
        others: &[&Member],
        now: u64,
    ) -> Judged {
        let others = others.iter().map(|member| &member.seen);
        let others = others.filter(|entry| entry.change == before.change);
        let seen = Seen::sum(guard, own.iter().copied().chain(others), now);
        let heard = now.saturating_sub(before.since) >= self.every.saturating_mul(ROUNDS);
        let next = verdict::next(guard, &before, &seen, now);
        let next = next.filter(|(_, because)| *because != Because::Recovered || heard);
        let next = next.map(|(state, because)| (before.becomes(state, now), because));
        (next, seen)
    }
}

/// By this proxy's own answers; and by all together if most proxies find the same, so that one
/// with a trouble of its own closes the version for its own users alone.
fn by_most(
    guard: &Guard,
    before: Standing,
    own: &[&Entry],
    others: &[&Member],
    now: u64,
) -> Judged {
    let seen = Seen::sum(guard, own.iter().copied(), now);
    let next = verdict::next(guard, &before, &seen, now);
    let becomes = |(state, because)| (before.becomes(state, now), because);
    if next.is_some() || !matches!(before.state, State::Open | State::Probing) {
        return (next.map(becomes), seen);
    }
    let mut votes = Votes::default();
    votes.count(Opinion::of(guard, &seen));
    for member in others {
        votes.count(if member.is_past(before) {
            Opinion::Past
        } else {
            Opinion::of(guard, &Seen::sum(guard, std::iter::once(&member.seen), now))
        });
    }
    let others = others.iter().map(|member| &member.seen);
    let all = Seen::sum(guard, own.iter().copied().chain(others), now);
    match votes.close(limits::passed(guard, &all)) {
        Some(because) => (Some(becomes((verdict::past(guard), because))), all),
        None => (None, seen),
    }
}

/// Whether a proxy is still there that told something then; of a fleet that announces every so many
/// milliseconds.
#[must_use]
pub fn is_alive(told: u64, now: u64, every: u64) -> bool {
    let gone = GONE.max(every.saturating_mul(ROUNDS));
    now.saturating_sub(told) <= gone
}

/// What one proxy holds of a version.
#[derive(Clone, Copy)]
enum Opinion {
    /// It has seen none of its answers.
    None,
    /// It is within its limits.
    Within,
    /// It is above one, if by chance.
    Above,
    /// It is past one, and has gone by that.
    Past,
}

impl Opinion {
    fn of(guard: &Guard, seen: &Seen) -> Self {
        if seen.answers().answers == 0 {
            Self::None
        } else if limits::above(guard, seen).is_some() {
            Self::Above
        } else {
            Self::Within
        }
    }
}

/// How many proxies hold what.
#[derive(Default)]
struct Votes {
    all: u32,
    above: u32,
    past: u32,
}

impl Votes {
    fn count(&mut self, opinion: Opinion) {
        let (all, above, past) = match opinion {
            Opinion::None => (0, 0, 0),
            Opinion::Within => (1, 0, 0),
            Opinion::Above => (1, 1, 0),
            Opinion::Past => (1, 1, 1),
        };
        self.all = self.all.saturating_add(all);
        self.above = self.above.saturating_add(above);
        self.past = self.past.saturating_add(past);
    }

    /// Why the version is past a limit with all: most have found so, or it is `passed` by what all
    /// have seen together, and not because of a few.
    fn close(&self, passed: Option<Because>) -> Option<Because> {
        let most = |some: u32| some.saturating_mul(2) > self.all;
        if most(self.past) {
            return Some(Because::Fleet);
        }
        passed.filter(|_| most(self.above))
    }
}

/// What one proxy tells the others.
#[derive(Debug, PartialEq)]
pub struct Announcement {
    /// When it did, in milliseconds since the Unix epoch.
    pub at: u64,
    pub(super) versions: Vec<Member>,
}

/// What one proxy tells of a version.
#[derive(Debug, PartialEq)]
pub(super) struct Member {
    /// The version, for people: `<service>/<version>`.
    pub(super) name: String,
    pub(super) standing: Standing,
    pub(super) seen: Entry,
}

impl Member {
    /// Whether the proxy has found the version past a limit since this one's own last change. What
    /// was before has led to that change already.
    fn is_past(&self, before: Standing) -> bool {
        let own = self.standing;
        !matches!(own.state, State::Open | State::Probing) && own.since > before.since
    }
}
