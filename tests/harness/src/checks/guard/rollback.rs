//! The course of one version that fails, is closed, is tried again and returns: for the figure.

use std::time::SystemTime;

use anyhow::{Context, Result};

use super::cases::{Case, RETURNS};
use super::judge::Run;
use super::site::{SHARE, Site};
use super::verdicts::Verdict;
use crate::series::{Answers, Rollback, Turn, millis_between};

/// How long a stretch is, in milliseconds.
const STRETCH: i64 = 250;
/// How much is shown of the time after the last verdict.
const AFTER: i64 = 2_500;

/// What became of the requests to the service whose version gets well; `None` where it got no
/// verdict.
pub(super) fn series(site: &Site<'_>, run: &Run) -> Result<Option<Rollback>> {
    let case = site.cases.iter().find(|case| case.service == RETURNS);
    let case = case.with_context(|| format!("there is no service {RETURNS}"))?;
    let turned = turned_at(run)?;
    let verdicts = verdicts(site, case, turned)?;
    let Some(last) = verdicts.last() else {
        return Ok(None);
    };
    let end = last.at_ms + AFTER;
    let canary = case.name();
    let mut bins: Vec<Answers> = Vec::new();
    let own = run.asked(site).filter(|(_, user)| user.service == RETURNS);
    for (record, user) in own {
        let at = millis_between(turned, record.sent_at);
        let from_ms = at.div_euclid(STRETCH) * STRETCH;
        if from_ms + STRETCH > end {
            break;
        }
        if bins.last().is_none_or(|bin| bin.from_ms != from_ms) {
            bins.push(Answers {
                from_ms,
                ..Answers::default()
            });
        }
        let Some(bin) = bins.last_mut() else { continue };
        let by = record.version.as_deref();
        if record.is_success() && by == Some(user.baseline) {
            bin.baseline += 1;
        } else if record.is_success() && by == Some(&canary) {
            bin.canary += 1;
        } else {
            bin.failed += 1;
        }
    }
    Ok(Some(Rollback {
        service: case.service.to_owned(),
        version: case.version.to_owned(),
        baseline: case.baseline.name().to_owned(),
        percent: SHARE,
        guard: case.guard.clone(),
        bin_ms: STRETCH.unsigned_abs(),
        bins,
        verdicts,
    }))
}

/// When the versions turned, by the wall clock, which the log goes by.
fn turned_at(run: &Run) -> Result<SystemTime> {
    let first = run.records.first().context("nobody asked")?;
    Ok(first.sent_at + run.turned.saturating_duration_since(first.sent))
}

fn verdicts(site: &Site<'_>, case: &Case, turned: SystemTime) -> Result<Vec<Turn>> {
    let log = site.envoy.log().since(0);
    let mut turns = Vec::new();
    for line in log.lines() {
        let Some(verdict) = Verdict::in_line(line) else {
            continue;
        };
        let verdict = verdict?;
        if verdict.is_on(case.service, case.version) {
            turns.push(Turn {
                at_ms: millis_between(turned, logged_at(line)?),
                from: verdict.from,
                to: verdict.to,
                because: verdict.because,
                line: line.to_owned(),
            });
        }
    }
    Ok(turns)
}

/// When Envoy wrote a line: `[2026-11-22 06:31:46.870][…`, in UTC, as it was started.
fn logged_at(line: &str) -> Result<SystemTime> {
    let stamp = line
        .strip_prefix('[')
        .and_then(|line| line.split_once(']'))
        .map(|(stamp, _)| stamp);
    stamp
        .and_then(|stamp| humantime::parse_rfc3339_weak(stamp).ok())
        .with_context(|| format!("{line} does not begin with a moment"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_tells_when_it_was_written() {
        let line = "[1970-01-01 00:00:01.250][7975][info][wasm] [source/x.cc:1] verdict: {}";
        let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_250);
        assert_eq!(logged_at(line).unwrap(), moment);
        assert!(logged_at("verdict: {}").is_err());
    }
}
