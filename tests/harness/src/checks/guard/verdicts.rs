//! The lines that a proxy's log has of verdicts.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::envoy::Log;

/// What such a line begins with, after the logger's own words.
const MARK: &str = "verdict: ";

/// A change of the verdict on a version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::checks) struct Verdict {
    pub(in crate::checks) service: String,
    pub(in crate::checks) version: String,
    pub(in crate::checks) cluster: String,
    pub(in crate::checks) from: String,
    pub(in crate::checks) to: String,
    pub(in crate::checks) because: String,
    pub(in crate::checks) window_ms: u64,
    pub(in crate::checks) answers: u64,
    pub(in crate::checks) failed: u64,
    pub(in crate::checks) slow: u64,
    pub(in crate::checks) hanging: u64,
    pub(in crate::checks) baseline: Option<Sample>,
    pub(in crate::checks) trace_ids: Vec<String>,
}

/// The baseline's answers in the same window.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::checks) struct Sample {
    pub(in crate::checks) answers: u64,
    pub(in crate::checks) failed: u64,
    pub(in crate::checks) slow: u64,
}

impl Verdict {
    /// Every change so far, in order.
    pub(in crate::checks) fn all(log: &Log) -> Result<Vec<Self>> {
        let text = log.since(0);
        // The last line may not be whole yet.
        let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
        whole.lines().filter_map(Self::in_line).collect()
    }

    /// What a line of a log tells, if it tells of a verdict.
    pub(super) fn in_line(line: &str) -> Option<Result<Self>> {
        let (_, json) = line.split_once(MARK)?;
        let parsed = serde_json::from_str(json);
        Some(parsed.with_context(|| format!("{json} is no verdict")))
    }

    /// Whether it is on the version of this name.
    pub(in crate::checks) fn is_on(&self, service: &str, version: &str) -> bool {
        self.service == service && self.version == version
    }

    /// What it says, in short.
    pub(in crate::checks) fn short(&self) -> String {
        format!("{} → {}: {}", self.from, self.to, self.because)
    }

    /// Whether its counts are past the limit that it names, in the limit's own words.
    pub(in crate::checks) fn is_past(&self, guard: &Value) -> bool {
        let Self {
            answers,
            failed,
            slow,
            hanging,
            baseline,
            ..
        } = *self;
        let limit = |path: &str| guard.pointer(path).and_then(Value::as_u64);
        let past = |bad: u64, of: u64, share: Option<u64>| {
            let share = share.is_some_and(|share| part(bad, of) > share);
            share && Some(of) >= limit("/min_requests")
        };
        let percent = |path: &str| Some(limit(path)? * 1_000);
        let above = |path: &str, count: fn(Sample) -> u64| {
            let baseline = baseline?;
            Some(percent(path)? + part(count(baseline), baseline.answers))
        };
        // What hangs is slow before it is answered.
        let (late, of) = (slow + hanging, answers + hanging);
        match &*self.because {
            "max_error_percent" => past(failed, answers, percent("/max_error_percent")),
            "max_slow" => past(late, of, percent("/max_slow/percent")),
            "above_baseline.error_percent" => {
                let share = above("/above_baseline/error_percent", |baseline| baseline.failed);
                past(failed, answers, share)
            }
            "above_baseline.slow_percent" => {
                let share = above("/above_baseline/slow_percent", |baseline| baseline.slow);
                past(late, of, share)
            }
            "consecutive_failures" => Some(failed) >= limit("/consecutive_failures"),
            "retry_after" | "recovered" => true,
            _ => false,
        }
    }
}

/// In thousandths of a percent.
fn part(count: u64, of: u64) -> u64 {
    count * 100_000 / of.max(1)
}
