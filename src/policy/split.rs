//! The document's splits: who gets which share, and how.

use super::part::{objects, words};
use super::{Name, Number, Text};

/// A sticky split.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Split {
    /// What makes a user: the first of these that is present and not empty.
    pub by: Vec<Key>,
    /// How a user becomes a bucket.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub algorithm: Algorithm,
    /// What makes this split independent of others. Absent: `<service>/<rule>`; another algorithm
    /// than `graylane-v1` needs it.
    pub salt: Option<Text>,
    /// The shares. What they leave stays on the baseline.
    pub to: Vec<Target>,
    /// What becomes of a request without a key.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub missing: Missing,
    /// `true`: who once had a version of the split stays there, also when its share shrinks.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub keep: bool,
}

/// How a user becomes a bucket. What a name means never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "kebab-case")
)]
pub enum Algorithm {
    /// Our own.
    #[default]
    GraylaneV1,
    /// Unleash's gradual rollout.
    Unleash,
    /// Unleash's variants, by weight.
    UnleashVariants,
    /// flagd's `fractional`, as of its core 0.15.
    FlagdV2,
}

/// What makes a user: just one of these fields.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(deny_unknown_fields, default, extend("minProperties" = 1, "maxProperties" = 1)))]
pub struct Key {
    /// The first value of a header.
    pub header: Option<Text>,
    /// The first value of a cookie.
    pub cookie: Option<Text>,
    /// The first value of a query parameter.
    pub query: Option<Text>,
    /// The first value of a claim of the token that Envoy has verified.
    pub claim: Option<Name>,
    /// The client's address, as text: `source_ip: true`.
    pub source_ip: Option<bool>,
}

/// A share of a split: a version, and just one of the other fields.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["percent"]}, {"required": ["ranges"]}, {"required": ["ramp"]}, {"required": ["weight"]}])))]
pub struct Target {
    /// The version, other than the baseline; among weights also that.
    pub version: Text,
    /// Its share in percent, from 0 to 100, with at most three decimals.
    pub percent: Option<Number>,
    /// Or which parts of all users it has.
    pub ranges: Option<Vec<Range>>,
    /// Or a share that moves with time.
    pub ramp: Option<Ramp>,
    /// Or a part of the sum of all weights, for `unleash-variants`.
    pub weight: Option<Number>,
}

/// A part of all users, each end in percent, as a share is.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Range {
    /// Where it begins.
    pub from: Number,
    /// Where it ends: this is not in it any more.
    pub to: Number,
}

/// A share that moves with time: 0 at first, then that of each step.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Ramp {
    /// When the first step begins, in RFC 3339.
    pub start: Text,
    /// The steps, of which the last holds for good.
    pub steps: Vec<Step>,
}

/// One step of a ramp.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Step {
    /// The share while it holds, in percent.
    pub percent: Number,
    /// How long it holds, such as `30m`. Absent in the last step, and just there.
    pub r#for: Option<Text>,
}

/// What becomes of a request without a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum Missing {
    /// It goes to the baseline.
    #[default]
    Baseline,
    /// The next rule is asked.
    Next,
    /// Each such request draws anew: not sticky.
    Random,
    /// It gets an id, in the first cookie of `by`.
    Mint,
}

objects! {
    Split: "a split: an object" { by, algorithm, salt, to, missing, keep }
    Key: "a key: an object" { header, cookie, query, claim, source_ip }
    Target: "a target: an object" { version, percent, ranges, ramp, weight }
    Range: "a range: an object" { from, to }
    Ramp: "a ramp: an object" { start, steps }
    Step: "a step: an object" { percent, r#for }
}

words! {
    Algorithm { "graylane-v1" = GraylaneV1, "unleash" = Unleash, "unleash-variants" = UnleashVariants, "flagd-v2" = FlagdV2 }
    Missing { "baseline" = Baseline, "next" = Next, "random" = Random, "mint" = Mint }
}
