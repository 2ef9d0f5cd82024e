//! The canary's share while its policy changes, by users whom nobody chose: passers-by.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use graylane::chance::accepted;

use super::{CANARY, Change, Course, Step, with_user};
use crate::client::{Bounds, Load, Pace, Record, Visit};
use crate::series::{self, Ramp, Stretch};

/// More than ask within a stretch, so that each of its requests is another user's.
const PASSERS: usize = 5_000;
const CLIENTS: usize = 8;
const PAUSE: Duration = Duration::from_millis(2);
/// How long a stretch is; the last one under a policy is up to half as long again.
const STRETCH: Duration = Duration::from_millis(250);

/// Passers-by, beside those who tell the policies apart.
pub(super) fn load(to: SocketAddr) -> Load {
    let passers = (0..PASSERS).map(|number| with_user(Visit::of(format!("passer-{number}"))));
    let passers: Arc<[Visit]> = passers.collect();
    let usual = Bounds::default();
    let pace = Pace {
        clients: CLIENTS,
        ..usual.pace
    };
    let bounds = Bounds {
        pace,
        pause: PAUSE,
        ..usual
    };
    Load::start(to, &passers, bounds)
}

/// What the policies said, and what passers-by saw.
pub(super) fn series(steps: &[Step], course: &Course) -> Result<Ramp> {
    let first = course.changes.first().context("a ramp needs policies")?;
    let millis = |moment: Instant| {
        let since = moment.saturating_duration_since(first.done);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    };
    let plan = |(step, change): (&Step, &Change)| series::Step {
        at_ms: millis(change.done),
        percent: step.percent,
    };
    let steps: Vec<_> = steps.iter().zip(&course.changes).map(plan).collect();
    let mut bins = Vec::new();
    for ((step, change), end) in steps.iter().zip(&course.changes).zip(course.ends()) {
        for (from, to) in stretches(change.done, end) {
            let sent = |record: &&Record| (from..to).contains(&record.sent);
            let sent: Vec<_> = course.passers.iter().filter(sent).collect();
            let hit = |record: &&&Record| record.version.as_deref() == Some(CANARY);
            let requests = sent.len() as u64;
            let (low, high) = accepted(requests, step.percent / 100.0)?;
            bins.push(Stretch {
                from_ms: millis(from),
                to_ms: millis(to),
                requests,
                hits: sent.iter().filter(hit).count() as u64,
                low,
                high,
            });
        }
    }
    let all = || course.records.iter().chain(&course.passers);
    Ok(Ramp {
        version: CANARY.to_owned(),
        steps,
        bins,
        end_ms: millis(course.end),
        failed: all().filter(|record| !record.is_success()).count() as u64,
        requests: all().count() as u64,
    })
}

/// The time from `from` to `to` in stretches; what is left over belongs to the last.
fn stretches(from: Instant, to: Instant) -> Vec<(Instant, Instant)> {
    let mut begins = vec![from];
    let mut next = from + STRETCH;
    while next + STRETCH / 2 < to {
        begins.push(next);
        next += STRETCH;
    }
    let ends: Vec<_> = begins.iter().copied().skip(1).chain([to]).collect();
    begins.into_iter().zip(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_cover_the_time_without_a_gap() {
        let from = Instant::now();
        for millis in [100, 250, 374, 376, 1_500, 1_633] {
            let to = from + Duration::from_millis(millis);
            let found = stretches(from, to);
            assert_eq!(found.first().map(|first| first.0), Some(from));
            assert_eq!(found.last().map(|last| last.1), Some(to));
            for pair in found.windows(2) {
                assert_eq!(pair[0].1, pair[1].0);
            }
            for (begin, end) in &found[..found.len() - 1] {
                assert_eq!(*end - *begin, STRETCH);
            }
        }
    }
}
