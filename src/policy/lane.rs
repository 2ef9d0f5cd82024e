//! Lanes, as they are written.

use super::Text;
use super::part::{objects, words};

/// Versions of several services that are one release: who is in one is in all.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Lane {
    /// Its name, unique in the policy: the tag's value.
    pub name: Text,
    /// `false` closes it: its users go to the baselines.
    #[cfg_attr(feature = "cli", schemars(default = "super::document::yes"))]
    pub enabled: bool,
    /// What becomes of it when one of its services is off.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub mode: Mode,
    /// The versions, as `<service>/<version>`: of a service at most one, and no baseline.
    pub members: Vec<Text>,
}

/// What becomes of a lane when one of its services is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum Mode {
    /// That service answers from its baseline; the others go on.
    #[default]
    Permissive,
    /// All of them answer from their baselines.
    Strict,
}

objects! {
    Lane: "a lane: an object" { name, enabled = true, mode, members }
}

words! {
    Mode { "permissive" = Permissive, "strict" = Strict }
}
