//! The document: one struct for each of its objects, fields as they are written.
//!
//! A choice such as `use` or `split` is two fields here, of which [`crate::rules`] demands just
//! one: that way a wrong choice gets a sentence of ours, and an unknown field its place. A field
//! that is there must have a value: an empty `when:` in YAML is a mistake, and no rule for
//! everybody.

use super::part::{Part, objects, word, words};
use super::tree::Tree;
use super::{Condition, Cookies, Guard, Key, Lane, Notify, Number, Remote, Split, Text};
use crate::error::{Error, Place};

/// A whole policy.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Policy {
    /// The language that the policy is written in.
    pub schema: Schema,
    /// Where the filter stands, and so whom it believes.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub role: Role,
    /// `false` sends everybody to the baselines.
    #[cfg_attr(feature = "cli", schemars(default = "yes"))]
    pub enabled: bool,
    /// Who carries a tag.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub stamp: Stamp,
    /// What the tag travels in.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub carrier: Carrier,
    /// `true` writes each decision where access logs and traces find it, and counts tags that were
    /// not believed.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub annotate: bool,
    /// The names of the headers that the filter writes.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub headers: Headers,
    /// At the edge, whose tag is believed all the same. Absent: nobody's.
    pub trust: Option<Condition>,
    /// Where `jwt_authn` puts a verified token: its `payload_in_metadata`. Absent: `payload`, as
    /// Istio has it.
    pub claims_in: Option<Text>,
    /// The services, of which the first that has the request's host decides.
    pub services: Vec<Service>,
    /// Versions of several services that are one release. Absent: each is by itself.
    pub lanes: Option<Vec<Lane>>,
    /// A config centre, which the policy or its switches come from while the proxy runs. Only where
    /// the proxy is configured, never in a policy from a centre.
    pub remote: Option<Box<Remote>>,
    /// Who is told when a guard closes a version, or opens it again. Absent: the log alone.
    pub notify: Option<Box<Notify>>,
}

/// The language's version. A meaning never changes under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
pub enum Schema {
    /// The language described here.
    #[cfg_attr(feature = "cli", schemars(rename = "graylane/v1"))]
    V1,
}

/// Where the filter stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum Stamp {
    /// Every request for a service.
    #[default]
    All,
    /// Those that are not on the baseline.
    Canary,
}

/// What the tag travels in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum Carrier {
    /// A header of its own.
    #[default]
    Header,
    /// An entry of W3C `baggage`, which has the name of that header.
    Baggage,
}

/// The names of the headers that the filter writes.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default)
)]
pub struct Headers {
    /// The tag that travels, or its entry in `baggage`. Absent: `x-gray-version`.
    pub version: Option<Text>,
    /// The cluster where this hop goes. Absent: `x-gray-cluster`.
    pub cluster: Option<Text>,
    /// The cluster that gets a copy. Absent: `x-gray-mirror`.
    pub mirror: Option<Text>,
}

/// One service: its versions and who gets which.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Service {
    /// Its name, unique in the policy.
    pub name: Text,
    /// The hosts that it answers, exact or `*.` and a suffix. Absent: every host.
    pub hosts: Option<Vec<Text>>,
    /// `false` sends everybody to the baseline.
    #[cfg_attr(feature = "cli", schemars(default = "yes"))]
    pub enabled: bool,
    /// `true` decides and counts, and sends everybody to the baseline.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub dry_run: bool,
    /// The version that answers whoever no rule sends elsewhere.
    pub baseline: Text,
    /// The versions, the baseline among them.
    pub versions: Vec<Version>,
    /// The rules, of which the first that matches decides. Absent: all baseline.
    pub rules: Option<Vec<Rule>>,
    /// Copies beside the answer, of which the first that hits is sent. Absent: none.
    pub mirror: Option<Vec<Mirror>>,
    /// How the cookies are set that its splits need.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub cookies: Cookies,
}

/// One version of a service.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Version {
    /// Its name, unique in the service: the tag's value, unless it is in a lane.
    pub name: Text,
    /// The cluster that it is reached by. Absent: only the tag is stamped.
    pub cluster: Option<Text>,
    /// `false` closes it: its users go to the baseline.
    #[cfg_attr(feature = "cli", schemars(default = "yes"))]
    pub enabled: bool,
    /// What it may do wrong before it is taken out of traffic. Absent: nobody watches it.
    pub guard: Option<Guard>,
}

/// One rule: whom it concerns, and where they go.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["use"]}, {"required": ["split"]}])))]
pub struct Rule {
    /// Its name, unique in the service.
    pub name: Text,
    /// Whom it concerns. Absent: everybody.
    pub when: Option<Condition>,
    /// The version for all of them, or a lane.
    pub r#use: Option<Text>,
    /// Or a sticky split among several.
    pub split: Option<Split>,
    /// `true` decides and counts, and asks the next rule all the same.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub dry_run: bool,
}

/// A sticky share of requests that is sent a second time.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Mirror {
    /// The version that gets the copies; it names a cluster.
    pub version: Text,
    /// How many, in percent of all users, as in a split.
    pub percent: Number,
    /// What makes a user, as in a split. Who has none of these is not copied.
    pub by: Vec<Key>,
}

objects! {
    Policy: "a policy: an object" { schema, role, enabled = true, stamp, carrier, annotate, headers, trust, claims_in, services, lanes, remote, notify }
    Headers: "names of headers: an object" { version, cluster, mirror }
    Service: "a service: an object" { name, hosts, enabled = true, dry_run, baseline, versions, rules, mirror, cookies }
    Version: "a version: an object" { name, cluster, enabled = true, guard }
    Rule: "a rule: an object" { name, when, r#use, split, dry_run }
    Mirror: "a mirror: an object" { version, percent, by }
}

words! {
    Role { "edge" = Edge, "mesh" = Mesh, "auto" = Auto }
    Stamp { "all" = All, "canary" = Canary }
    Carrier { "header" = Header, "baggage" = Baggage }
}

impl Part for Schema {
    fn absent() -> Self {
        Self::V1
    }

    fn read(&mut self, tree: Tree, place: &Place<'_>) -> Result<(), Error> {
        word(&["graylane/v1"], tree, place).map(|_| ())
    }

    fn required(&self) -> bool {
        true
    }
}

#[cfg(feature = "cli")]
pub(super) fn yes() -> bool {
    true
}
