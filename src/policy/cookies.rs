//! The document's cookies: how those are set that splits need.

use serde::de::{Deserialize, Deserializer};

use super::Text;
use super::document::{given, word};
use super::object::objects;

/// How the cookies of a service are set.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, remote = "Self")]
pub struct Cookies {
    /// The domain that has them, with all that is below it. Absent: the request's host alone.
    #[serde(deserialize_with = "given")]
    pub domain: Option<Text>,
    /// The path that they are sent for. Absent: `/`.
    #[serde(deserialize_with = "given")]
    pub path: Option<Text>,
    /// How long they last, such as `30d`, in whole seconds. Absent: 365 days.
    #[serde(deserialize_with = "given")]
    pub max_age: Option<Text>,
    /// Whether they are sent over TLS alone. Absent: if they were set over it.
    #[serde(deserialize_with = "given")]
    pub secure: Option<bool>,
    /// Whether scripts cannot read them. Absent: `true`.
    #[serde(deserialize_with = "given")]
    pub http_only: Option<bool>,
    /// Whether they are sent along with what other sites ask for.
    #[serde(deserialize_with = "word")]
    pub same_site: SameSite,
}

/// Whether a cookie is sent along with what other sites ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
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
    Cookies: "how cookies are set: an object",
}
