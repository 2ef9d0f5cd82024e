//! What checks measured beside their verdicts: what the figures of a run's page are drawn of, and
//! what machines find in `report.json` under `series`.
//!
//! Moments are milliseconds from one that each series names; counts are of requests.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// Everything that was measured; what no check measured is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// How often each share was met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Share>,
    /// A canary's share while its policy changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Ramp>,
    /// A canary that fails, is closed, and returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
    /// How long answers take with the filter and without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
}

impl Series {
    /// Takes over what another one has.
    pub fn extend(&mut self, other: Self) {
        self.shares.extend(other.shares);
        self.ramp = other.ramp.or(self.ramp.take());
        self.rollback = other.rollback.or(self.rollback.take());
        self.latency = other.latency.or(self.latency.take());
    }
}

/// A version's share of users who were asked once each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The split: its percentages.
    pub split: String,
    /// The version.
    pub version: String,
    /// What the policy says, in percent, above 0.
    pub intended_percent: f64,
    /// Users whom the version answered.
    pub hits: u64,
    /// All users.
    pub users: u64,
    /// The fewest hits that are accepted.
    pub low: u64,
    /// The most hits that are accepted.
    pub high: u64,
}

impl Share {
    /// What was observed, in percent.
    #[must_use]
    pub fn observed_percent(&self) -> f64 {
        percent(self.hits, self.users)
    }

    /// Whether it is accepted.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        (self.low..=self.high).contains(&self.hits)
    }
}

/// A canary's share under load. Moments are from the load's first on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    /// The canary.
    pub version: String,
    /// What the policies say, in order, the first from 0 on.
    pub steps: Vec<Step>,
    /// The load in short stretches, none of which spans two policies.
    pub bins: Vec<Stretch>,
    /// When the load ended.
    pub end_ms: u64,
    /// Requests that were not answered well, of all users.
    pub failed: u64,
    /// All requests.
    pub requests: u64,
}

/// A policy's share, and since when its file was there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When its file was put in place.
    pub at_ms: u64,
    /// What it gives the canary.
    pub percent: f64,
}

/// What was sent within a stretch, by users whom nobody chose by what the policies do with them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Its begin.
    pub from_ms: u64,
    /// Its end.
    pub to_ms: u64,
    /// Requests.
    pub requests: u64,
    /// Those of them that the canary answered.
    pub hits: u64,
    /// The fewest hits that would be accepted as the policy's share.
    pub low: u64,
    /// The most hits that would be.
    pub high: u64,
}

/// A canary under guard, from its health to its return. Moments are from that on at which it
/// began to fail; what was before is negative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollback {
    /// The service.
    pub service: String,
    /// The canary.
    pub version: String,
    /// The baseline.
    pub baseline: String,
    /// The canary's share, in percent.
    pub percent: f64,
    /// What the policy says of its guard.
    pub guard: serde_json::Value,
    /// How long each stretch is.
    pub bin_ms: u64,
    /// Requests by when they were sent.
    pub bins: Vec<Answers>,
    /// What the guard made of it, in order.
    pub verdicts: Vec<Turn>,
}

/// Requests of a stretch, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Its begin.
    pub from_ms: i64,
    /// Those that the baseline answered well.
    pub baseline: u64,
    /// Those that the canary answered well.
    pub canary: u64,
    /// Those that failed, whoever answered.
    pub failed: u64,
}

impl Answers {
    /// All requests.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.baseline + self.canary + self.failed
    }
}

/// A change of the verdict, as the proxy's log has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// When it was logged.
    pub at_ms: i64,
    /// What it was.
    pub from: String,
    /// What it is.
    pub to: String,
    /// The field of the guard.
    pub because: String,
    /// The whole line.
    pub line: String,
}

/// How long the same requests take through the same proxy, in pairs: through the filter, and by a
/// route that leaves it out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// How many pairs.
    pub pairs: u64,
    /// Without the filter.
    pub without: Distribution,
    /// With it.
    pub with: Distribution,
    /// By how much the request with the filter took longer than its pair: the median.
    pub added: Quantile,
}

/// How long answers took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The quantiles that people ask for, with their intervals.
    pub quantiles: Vec<Quantile>,
    /// Many quantiles, for a line; from short to long.
    pub curve: Vec<Point>,
}

/// A quantile, and the interval in which it is but for a chance of one in a million.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// Which, from 0 to 1.
    pub share: f64,
    /// The quantile of the requests that were made.
    pub ms: f64,
    /// The least that it could be.
    pub low_ms: f64,
    /// The most.
    pub high_ms: f64,
}

/// So many requests took at most so long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Their share, from 0 to 1.
    pub share: f64,
    /// How long.
    pub ms: f64,
}

/// From one moment to another in milliseconds; negative if the other is earlier.
#[must_use]
pub fn millis_between(from: SystemTime, to: SystemTime) -> i64 {
    let millis = |time: std::time::Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    match to.duration_since(from) {
        Ok(later) => millis(later),
        // Rounded down on both sides: no stretch around 0 is longer than others.
        Err(earlier) => -millis(earlier.duration() + std::time::Duration::from_nanos(999_999)),
    }
}

/// So many of so many; of none, 0.
#[must_use]
pub fn percent(hits: u64, of: u64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // Counts of requests are far below 2^52.
    let share = 100.0 * hits as f64 / of.max(1) as f64;
    share
}

/// An Envoy under load for long, while its policy changes. Moments are from the load's first on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Soak {
    /// How long the load took.
    pub took_ms: u64,
    /// Envoy's workers.
    pub workers: u32,
    /// Requests that failed.
    pub failed: u64,
    /// How it went, in order.
    pub samples: Vec<SoakSample>,
}

/// One look at an Envoy that is soaked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoakSample {
    /// Since the first one.
    pub at_ms: u64,
    /// Requests that had been answered.
    pub requests: u64,
    /// Changes of the policy that had been made.
    pub changes: u64,
    /// What the process holds of the machine's memory; `None` where nobody tells.
    pub resident_bytes: Option<u64>,
    /// What Envoy has allocated, by its own word: without what its VMs have mapped.
    pub allocated_bytes: u64,
    /// What its allocator holds for that.
    pub heap_bytes: u64,
    /// VMs of WebAssembly.
    pub vms: u64,
}
