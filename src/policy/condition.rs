//! The document's conditions: whom a rule concerns.

use super::part::objects;
use super::{Name, Number, Text};

/// A condition: just one of these fields.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(deny_unknown_fields, default, extend("minProperties" = 1, "maxProperties" = 1)))]
pub struct Condition {
    /// Any value of a header.
    pub header: Option<Box<Match>>,
    /// Any value of a cookie.
    pub cookie: Option<Box<Match>>,
    /// Any value of a query parameter.
    pub query: Option<Box<Match>>,
    /// The path, without its query.
    pub path: Option<Box<Match>>,
    /// The method.
    pub method: Option<Box<Match>>,
    /// The host, in lower case, without its port.
    pub host: Option<Box<Match>>,
    /// Any value of a claim of the token that Envoy has verified.
    pub claim: Option<Box<Match>>,
    /// The client's address: any of these networks, in CIDR notation.
    pub source_ip: Option<Vec<Text>>,
    /// A stretch of the wall clock.
    pub time: Option<Time>,
    /// The node that runs this filter.
    pub proxy: Option<Box<Proxy>>,
    /// All of these.
    pub all: Option<Vec<Condition>>,
    /// At least one of these.
    pub any: Option<Vec<Condition>>,
    /// Not this.
    pub not: Option<Box<Condition>>,
}

/// A test of text: a name where the source needs one, and just one operator.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default)
)]
pub struct Match {
    /// The name of the header, cookie, query parameter, claim or label.
    pub name: Option<Name>,
    /// The whole value.
    pub equals: Option<Text>,
    /// Its beginning.
    pub prefix: Option<Text>,
    /// Its end.
    pub suffix: Option<Text>,
    /// A part of it.
    pub contains: Option<Text>,
    /// A regular expression for the whole value.
    pub matches: Option<Text>,
    /// A set that the whole value is in.
    pub r#in: Option<Vec<Text>>,
    /// A number that the value is not below.
    pub at_least: Option<Number>,
    /// A number that the value is below; beside `at_least`, both hold for the same value.
    pub below: Option<Number>,
    /// A range of semantic versions, such as `>=3.2.0, <4`.
    pub version: Option<Text>,
    /// Whether there is a value at all, be it empty.
    pub present: Option<bool>,
    /// Takes ASCII letters for equal whatever their case.
    pub ignore_case: bool,
}

/// A stretch of the wall clock, in RFC 3339: from `from` on, and before `until`.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(deny_unknown_fields, default, extend("minProperties" = 1)))]
pub struct Time {
    /// Its beginning. Absent: ever since.
    pub from: Option<Text>,
    /// Its end. Absent: for ever.
    pub until: Option<Text>,
}

/// A test of the node that runs this filter: just one of these fields.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(deny_unknown_fields, default, extend("minProperties" = 1, "maxProperties" = 1)))]
pub struct Proxy {
    /// The region of its locality.
    pub region: Option<Match>,
    /// The zone of its locality.
    pub zone: Option<Match>,
    /// The cluster that it says it belongs to.
    pub cluster: Option<Match>,
    /// A label of its workload.
    pub label: Option<Match>,
}

objects! {
    Condition: "a condition: an object" { header, cookie, query, path, method, host, claim, source_ip, time, proxy, all, any, not }
    Match: "a test of text: an object" { name, equals, prefix, suffix, contains, matches, r#in, at_least, below, version, present, ignore_case }
    Time: "a stretch of time: an object" { from, until }
    Proxy: "a test of the proxy: an object" { region, zone, cluster, label }
}
