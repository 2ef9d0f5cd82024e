//! Guards, as they are written.

use super::part::{objects, words};
use super::{Number, Text};

/// What a version may do wrong before it is taken out of traffic.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(deny_unknown_fields, extend("anyOf" = [{"required": ["max_error_percent"]}, {"required": ["max_slow"]}, {"required": ["above_baseline"]}, {"required": ["consecutive_failures"]}])))]
pub struct Guard {
    /// How far back answers count, from `1s` to `1h`. Absent: `30s`.
    pub window: Option<Text>,
    /// How many answers there must be before a share of them is judged. Absent: 50.
    pub min_requests: Option<Number>,
    /// How many of the answers may be failures, in percent.
    pub max_error_percent: Option<Number>,
    /// How many of the answers may be slow.
    pub max_slow: Option<MaxSlow>,
    /// How much worse than the baseline's answers of the same time they may be.
    pub above_baseline: Option<AboveBaseline>,
    /// How many failures in a row are too many, however few answers there are.
    pub consecutive_failures: Option<Number>,
    /// What is done with a version that is past a limit.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub then: Then,
    /// How long until the version is tried again, such as `10m`. Absent: not before the policy
    /// changes.
    pub retry_after: Option<Text>,
    /// How many of the version's users try it again, in percent. Absent: 10.
    pub retry_percent: Option<Number>,
}

/// A limit on slow answers.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct MaxSlow {
    /// How long an answer may take until its headers are there, such as `800ms`.
    pub over: Text,
    /// How many may take longer, in percent.
    pub percent: Number,
}

/// Limits beside the baseline.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(deny_unknown_fields, extend("minProperties" = 1)))]
pub struct AboveBaseline {
    /// How many percentage points more failures.
    pub error_percent: Option<Number>,
    /// How many percentage points more slow answers.
    pub slow_percent: Option<Number>,
}

/// What is done with a version that is past a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum Then {
    /// It is closed: its users get the baseline.
    #[default]
    Rollback,
    /// Its ramps stand still: nobody joins it, nobody leaves it.
    Pause,
    /// It is told, and nothing else.
    Observe,
}

objects! {
    Guard: "a guard: an object" { window, min_requests, max_error_percent, max_slow, above_baseline, consecutive_failures, then, retry_after, retry_percent }
    MaxSlow: "a limit on slow answers: an object" { over, percent }
    AboveBaseline: "limits beside the baseline: an object" { error_percent, slow_percent }
}

words! {
    Then { "rollback" = Rollback, "pause" = Pause, "observe" = Observe }
}
