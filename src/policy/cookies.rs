//! The document's cookies: how those are set that splits need.

use super::Text;
use super::part::{objects, words};

/// How the cookies of a service are set.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default)
)]
pub struct Cookies {
    /// The domain that has them, with all that is below it. Absent: the request's host alone.
    pub domain: Option<Text>,
    /// The path that they are sent for. Absent: `/`.
    pub path: Option<Text>,
    /// How long they last, such as `30d`, in whole seconds. Absent: 365 days.
    pub max_age: Option<Text>,
    /// Whether they are sent over TLS alone. Absent: if they were set over it.
    pub secure: Option<bool>,
    /// Whether scripts cannot read them. Absent: `true`.
    pub http_only: Option<bool>,
    /// Whether they are sent along with what other sites ask for.
    pub same_site: SameSite,
}

/// Whether a cookie is sent along with what other sites ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum SameSite {
    /// When they lead here.
    #[default]
    Lax,
    /// Never.
    Strict,
    /// Always; only over TLS.
    None,
}

objects! {
    Cookies: "how cookies are set: an object" { domain, path, max_age, secure, http_only, same_site }
}

words! {
    SameSite { "lax" = Lax, "strict" = Strict, "none" = None }
}
