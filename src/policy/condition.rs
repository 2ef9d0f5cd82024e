//! The document's conditions: whom a rule concerns.

use serde::de::{Deserialize, Deserializer};

use super::document::given;
use super::object::objects;
use super::{Name, Number, Text};

/// A condition: just one of these fields.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(extend("minProperties" = 1, "maxProperties" = 1)))]
#[serde(deny_unknown_fields, default, remote = "Self")]
pub struct Condition {
    /// Any value of a header.
    #[serde(deserialize_with = "given")]
    pub header: Option<Box<Match>>,
    /// Any value of a cookie.
    #[serde(deserialize_with = "given")]
    pub cookie: Option<Box<Match>>,
    /// Any value of a query parameter.
    #[serde(deserialize_with = "given")]
    pub query: Option<Box<Match>>,
    /// The path, without its query.
    #[serde(deserialize_with = "given")]
    pub path: Option<Box<Match>>,
    /// The method.
    #[serde(deserialize_with = "given")]
    pub method: Option<Box<Match>>,
    /// The host, in lower case, without its port.
    #[serde(deserialize_with = "given")]
    pub host: Option<Box<Match>>,
    /// Any value of a claim of the token that Envoy has verified.
    #[serde(deserialize_with = "given")]
    pub claim: Option<Box<Match>>,
    /// The client's address: any of these networks, in CIDR notation.
    #[serde(deserialize_with = "given")]
    pub source_ip: Option<Vec<Text>>,
    /// A stretch of the wall clock.
    #[serde(deserialize_with = "given")]
    pub time: Option<Time>,
    /// The node that runs this filter.
    #[serde(deserialize_with = "given")]
    pub proxy: Option<Box<Proxy>>,
    /// All of these.
    #[serde(deserialize_with = "given")]
    pub all: Option<Vec<Condition>>,
    /// At least one of these.
    #[serde(deserialize_with = "given")]
    pub any: Option<Vec<Condition>>,
    /// Not this.
    #[serde(deserialize_with = "given")]
    pub not: Option<Box<Condition>>,
}

/// A test of text: a name where the source needs one, and just one operator.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, remote = "Self")]
pub struct Match {
    /// The name of the header, cookie, query parameter, claim or label.
    #[serde(deserialize_with = "given")]
    pub name: Option<Name>,
    /// The whole value.
    #[serde(deserialize_with = "given")]
    pub equals: Option<Text>,
    /// Its beginning.
    #[serde(deserialize_with = "given")]
    pub prefix: Option<Text>,
    /// Its end.
    #[serde(deserialize_with = "given")]
    pub suffix: Option<Text>,
    /// A part of it.
    #[serde(deserialize_with = "given")]
    pub contains: Option<Text>,
    /// A regular expression for the whole value.
    #[serde(deserialize_with = "given")]
    pub matches: Option<Text>,
    /// A set that the whole value is in.
    #[serde(deserialize_with = "given")]
    pub r#in: Option<Vec<Text>>,
    /// A number that the value is not below.
    #[serde(deserialize_with = "given")]
    pub at_least: Option<Number>,
    /// A number that the value is below; beside `at_least`, both hold for the same value.
    #[serde(deserialize_with = "given")]
    pub below: Option<Number>,
    /// A range of semantic versions, such as `>=3.2.0, <4`.
    #[serde(deserialize_with = "given")]
    pub version: Option<Text>,
    /// Whether there is a value at all, be it empty.
    #[serde(deserialize_with = "given")]
    pub present: Option<bool>,
    /// Takes ASCII letters for equal whatever their case.
    pub ignore_case: bool,
}

/// A stretch of the wall clock, in RFC 3339: from `from` on, and before `until`.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(extend("minProperties" = 1)))]
#[serde(deny_unknown_fields, default, remote = "Self")]
pub struct Time {
    /// Its beginning. Absent: ever since.
    #[serde(deserialize_with = "given")]
    pub from: Option<Text>,
    /// Its end. Absent: for ever.
    #[serde(deserialize_with = "given")]
    pub until: Option<Text>,
}

/// A test of the node that runs this filter: just one of these fields.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(extend("minProperties" = 1, "maxProperties" = 1)))]
#[serde(deny_unknown_fields, default, remote = "Self")]
pub struct Proxy {
    /// The region of its locality.
    #[serde(deserialize_with = "given")]
    pub region: Option<Match>,
    /// The zone of its locality.
    #[serde(deserialize_with = "given")]
    pub zone: Option<Match>,
    /// The cluster that it says it belongs to.
    #[serde(deserialize_with = "given")]
    pub cluster: Option<Match>,
    /// A label of its workload.
    #[serde(deserialize_with = "given")]
    pub label: Option<Match>,
}

objects! {
    Condition: "a condition: an object",
    Match: "a test of text: an object",
    Time: "a stretch of time: an object",
    Proxy: "a test of the proxy: an object",
}
