//! The verdict on a version: how it stands next.

use super::limits::{self, Because};
use super::seen::Seen;
use super::standing::{Standing, State};
use crate::policy::Then;
use crate::rules::Guard;

/// How a version stands that is past a limit.
pub(super) fn past(guard: &Guard) -> State {
    match guard.then {
        Then::Rollback => State::Closed,
        Then::Pause => State::Paused,
        Then::Observe => State::Observed,
    }
}

/// How a version stands from now on, in milliseconds since the Unix epoch, and why; `None`: as it
/// did.
pub(super) fn next(
    guard: &Guard,
    standing: &Standing,
    seen: &Seen,
    now: u64,
) -> Option<(State, Because)> {
    let waited = |milliseconds: u64| now.saturating_sub(standing.since) >= milliseconds;
    let retries = guard.retry.is_some_and(|retry| waited(retry.after));
    match standing.state {
        State::Open => limits::passed(guard, seen).map(|because| (past(guard), because)),
        State::Closed => retries.then_some((State::Probing, Because::RetryAfter)),
        State::Probing => {
            if let Some(because) = limits::passed(guard, seen) {
                return Some((State::Closed, because));
            }
            let answers = seen.answers().answers;
            let enough = answers >= guard.min_requests || answers > 0 && waited(guard.window);
            enough.then(|| match limits::above(guard, seen) {
                Some(because) => (State::Closed, because),
                None => (State::Open, Because::Recovered),
            })
        }
        State::Paused if !retries => None,
        State::Observed if !(retries || guard.retry.is_none() && waited(guard.window)) => None,
        State::Paused | State::Observed => {
            let recovered = limits::above(guard, seen).is_none();
            recovered.then_some((State::Open, Because::Recovered))
        }
    }
}
