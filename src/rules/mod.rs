//! The compiled policy: names resolved, shares as integers, matchers built. Nothing here can be
//! wrong, and nothing is parsed any more: [`Rules::compile`] is the only way to get one.

mod checks;
mod clock;
mod compile;
mod condition;
#[cfg(feature = "cli")]
pub(crate) mod explain;
mod hosts;
mod name;
mod network;
mod rulebook;
mod source;
mod split;
mod text;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use crate::policy::Stamp;
pub use split::{Share, Slice, Split};

use condition::Condition;
use hosts::HostIndex;

use crate::request::Request;

/// A policy in the form that decides.
#[derive(Debug)]
pub struct Rules {
    pub(crate) role: Role,
    pub(crate) enabled: bool,
    pub(crate) stamp: Stamp,
    pub(crate) headers: Headers,
    services: Box<[Service]>,
    hosts: HostIndex,
    baselines: BTreeSet<Arc<str>>,
    /// Whether any version is reached by the cluster header. If none is, nothing routes by that
    /// header, and it is left alone.
    pub(crate) names_clusters: bool,
    needs: Needs,
}

/// What of a [`crate::Moment`] a policy may need.
#[derive(Clone, Copy, Debug)]
struct Needs {
    random: bool,
    clock: bool,
}

/// Where the filter stands, once `auto` is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Before strangers: a client's tag is dropped.
    Edge,
    /// Between services: an incoming tag is followed.
    Mesh,
}

/// The node that runs the filter, as far as a policy may depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Node<'a> {
    /// Its id, by which `role: auto` tells a sidecar from a gateway. Empty: an edge.
    pub id: &'a str,
}

/// The names of the headers that are written, in lower case.
#[derive(Debug)]
pub(crate) struct Headers {
    pub(crate) version: Box<str>,
    pub(crate) cluster: Box<str>,
}

/// One service.
#[derive(Debug)]
pub struct Service {
    name: Arc<str>,
    pub(crate) enabled: bool,
    baseline: Arc<Version>,
    versions: Box<[Arc<Version>]>,
    rules: Box<[Rule]>,
}

/// One version of a service.
#[derive(Debug)]
pub struct Version {
    name: Arc<str>,
    cluster: Option<Box<str>>,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    name: Box<str>,
    when: Option<Condition>,
    pub(crate) action: Action,
}

/// Where a rule sends those whom it concerns.
#[derive(Debug)]
pub(crate) enum Action {
    Use(Arc<Version>),
    Split(Split),
}

impl Rules {
    /// The service that answers the request: the first whose hosts match. The host is read only if
    /// some service asks for one.
    pub(crate) fn service(&self, request: &impl Request) -> Option<&Service> {
        self.services.get(self.hosts.find(request)?)
    }

    /// Whether some service's baseline has this name: in the mesh, a tag that decides nothing.
    pub(crate) fn is_baseline(&self, name: &str) -> bool {
        self.baselines.contains(name)
    }

    /// Whether some decision may need [`crate::Moment::random`].
    #[must_use]
    pub fn needs_random(&self) -> bool {
        self.needs.random
    }

    /// Whether some decision may need [`crate::Moment::now`].
    #[must_use]
    pub fn needs_clock(&self) -> bool {
        self.needs.clock
    }

    /// The services, in the policy's order.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Where the filter stands.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }
}

impl Service {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version that answers whoever no rule sends elsewhere.
    #[must_use]
    pub fn baseline(&self) -> &Version {
        &self.baseline
    }

    /// The versions, in the policy's order, the baseline among them.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter().map(AsRef::as_ref)
    }

    /// The rules, in the policy's order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl Version {
    /// Its name: the tag's value.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster that it is reached by, if the policy names one.
    #[must_use]
    pub fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }
}

impl Rule {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its split, if it has one.
    #[must_use]
    pub fn split(&self) -> Option<&Split> {
        match &self.action {
            Action::Use(_) => None,
            Action::Split(split) => Some(split),
        }
    }

    /// Whether it concerns the request.
    pub(crate) fn concerns(&self, request: &impl Request) -> bool {
        self.when.as_ref().is_none_or(|when| when.holds(request))
    }
}
