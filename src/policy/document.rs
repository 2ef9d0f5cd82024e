//! The document: one struct for each of its objects, fields as they are written.
//!
//! A choice such as `use` or `split` is two fields here, of which [`crate::rules`] demands just
//! one: that way a wrong choice gets a sentence of ours, and an unknown field its place. A field
//! that is there must have a value: an empty `when:` in YAML is a mistake, and no rule for
//! everybody.

use serde::de::{Deserialize, Deserializer, IntoDeserializer};

use super::object::objects;
use super::{Condition, Cookies, Key, Number, Split, Text};

/// A whole policy.
#[derive(Clone, Debug, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Policy {
    /// The language that the policy is written in.
    #[serde(deserialize_with = "word")]
    pub schema: Schema,
    /// Where the filter stands, and so whom it believes.
    #[serde(default, deserialize_with = "word")]
    pub role: Role,
    /// `false` sends everybody to the baselines.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Who carries a tag.
    #[serde(default, deserialize_with = "word")]
    pub stamp: Stamp,
    /// The names of the headers that the filter writes.
    #[serde(default)]
    pub headers: Headers,
    /// At the edge, whose tag is believed all the same. Absent: nobody's.
    #[serde(default, deserialize_with = "given")]
    pub trust: Option<Condition>,
    /// Where `jwt_authn` puts a verified token: its `payload_in_metadata`. Absent: `payload`, as
    /// Istio has it.
    #[serde(default, deserialize_with = "given")]
    pub claims_in: Option<Text>,
    /// The services, of which the first that has the request's host decides.
    pub services: Vec<Service>,
}

/// The language's version. A meaning never changes under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
pub enum Schema {
    /// The language described here.
    #[serde(rename = "graylane/v1")]
    V1,
}

/// Where the filter stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Before strangers: a client's tag is dropped.
    #[default]
    Edge,
    /// Between services: an incoming tag is followed.
    Mesh,
    /// By the node's id: sidecars and waypoints are mesh, all else is an edge.
    Auto,
}

/// Who carries a tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stamp {
    /// Every request for a service.
    #[default]
    All,
    /// Those that are not on the baseline.
    Canary,
}

/// The names of the headers that the filter writes.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, remote = "Self")]
pub struct Headers {
    /// The tag that travels. Absent: `x-gray-version`.
    #[serde(deserialize_with = "given")]
    pub version: Option<Text>,
    /// The cluster where this hop goes. Absent: `x-gray-cluster`.
    #[serde(deserialize_with = "given")]
    pub cluster: Option<Text>,
    /// The cluster that gets a copy. Absent: `x-gray-mirror`.
    #[serde(deserialize_with = "given")]
    pub mirror: Option<Text>,
}

/// One service: its versions and who gets which.
#[derive(Clone, Debug, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Service {
    /// Its name, unique in the policy.
    pub name: Text,
    /// The hosts that it answers, exact or `*.` and a suffix. Absent: every host.
    #[serde(default, deserialize_with = "given")]
    pub hosts: Option<Vec<Text>>,
    /// `false` sends everybody to the baseline.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// `true` decides and counts, and sends everybody to the baseline.
    #[serde(default)]
    pub dry_run: bool,
    /// The version that answers whoever no rule sends elsewhere.
    pub baseline: Text,
    /// The versions, the baseline among them.
    pub versions: Vec<Version>,
    /// The rules, of which the first that matches decides. Absent: all baseline.
    #[serde(default, deserialize_with = "given")]
    pub rules: Option<Vec<Rule>>,
    /// Copies beside the answer, of which the first that hits is sent. Absent: none.
    #[serde(default, deserialize_with = "given")]
    pub mirror: Option<Vec<Mirror>>,
    /// How the cookies are set that its splits need.
    #[serde(default)]
    pub cookies: Cookies,
}

/// One version of a service.
#[derive(Clone, Debug, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Version {
    /// Its name, unique in the service: the tag's value.
    pub name: Text,
    /// The cluster that it is reached by. Absent: only the tag is stamped.
    #[serde(default, deserialize_with = "given")]
    pub cluster: Option<Text>,
}

/// One rule: whom it concerns, and where they go.
#[derive(Clone, Debug, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(extend("oneOf" = [{"required": ["use"]}, {"required": ["split"]}])))]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Rule {
    /// Its name, unique in the service.
    pub name: Text,
    /// Whom it concerns. Absent: everybody.
    #[serde(default, deserialize_with = "given")]
    pub when: Option<Condition>,
    /// The version for all of them.
    #[serde(default, deserialize_with = "given")]
    pub r#use: Option<Text>,
    /// Or a sticky split among several.
    #[serde(default, deserialize_with = "given")]
    pub split: Option<Split>,
    /// `true` decides and counts, and asks the next rule all the same.
    #[serde(default)]
    pub dry_run: bool,
}

/// A sticky share of requests that is sent a second time.
#[derive(Clone, Debug, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Mirror {
    /// The version that gets the copies; it names a cluster.
    pub version: Text,
    /// How many, in percent of all users, as in a split.
    pub percent: Number,
    /// What makes a user, as in a split. Who has none of these is not copied.
    pub by: Vec<Key>,
}

objects! {
    Policy: "a policy: an object",
    Headers: "names of headers: an object",
    Service: "a service: an object",
    Version: "a version: an object",
    Rule: "a rule: an object",
    Mirror: "a mirror: an object",
}

fn yes() -> bool {
    true
}

/// A field that is there: `null` is refused, where serde would take it for absent.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// One of several words. A value of another type is refused as it is for any text: the
/// JSON reader would blame the syntax, and lose the place.
pub(super) fn word<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let Text(word) = Text::deserialize(deserializer)?;
    T::deserialize(word.into_deserializer())
}
