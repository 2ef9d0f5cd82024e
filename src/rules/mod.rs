//! The compiled policy: names resolved, shares as integers, matchers built. Nothing here can be
//! wrong, and nothing is parsed any more: [`Rules::compile`] is the only way to get one.

mod checks;
mod clock;
mod compile;
mod condition;
mod cookies;
mod exact;
#[cfg(feature = "tools")]
pub(crate) mod explain;
mod guard;
mod hosts;
mod index;
mod keep;
mod lane;
mod layout;
mod name;
mod network;
mod pattern;
mod ramp;
mod remote;
mod rulebook;
mod scope;
mod share;
mod source;
mod split;
mod switched;
mod target;
mod text;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use crate::policy::{Algorithm, Carrier, Stamp};
pub(crate) use cookies::Cookies;
pub use guard::Guard;
#[cfg(feature = "tools")]
pub(crate) use keep::Keep;
pub(crate) use layout::Hit;
pub use layout::Slice;
#[cfg(feature = "cli")]
pub(crate) use name::is_name;
pub use ramp::Ramp;
pub use remote::{Announce, Notify, Remote, Server};
pub use share::Share;
pub(crate) use split::Missing;
pub use split::Split;
pub use switched::switched;
pub use version::Version;

use condition::Condition;
use hosts::HostIndex;
use index::Index;
use scope::Scope;

use crate::moment::Moment;
use crate::request::Request;

/// A policy in the form that decides.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each holds or does not, whatever the others do"
)]
pub struct Rules {
    pub(crate) enabled: bool,
    pub(crate) stamp: Stamp,
    pub(crate) carrier: Carrier,
    /// Whether decisions are written for access logs.
    annotate: bool,
    pub(crate) headers: Headers,
    belief: Belief,
    /// Whether requests may come in to the service that the proxy stands beside.
    beside: bool,
    services: Box<[Service]>,
    hosts: HostIndex,
    baselines: BTreeSet<Arc<str>>,
    pub(crate) routes: Routes,
    needs_clock: bool,
    remote: Option<Box<Remote>>,
    notify: Option<Box<Notify>>,
}

/// By which headers anything may route. Another is left alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Routes {
    /// Whether any version is reached by the cluster header.
    pub(crate) by_cluster: bool,
    /// Whether anything is ever copied.
    pub(crate) by_mirror: bool,
}

/// Whose tag is believed.
#[derive(Debug)]
enum Belief {
    /// At the edge.
    Nobody,
    /// At the edge, those whom the policy trusts.
    Some(Condition),
    /// In the mesh.
    Everybody,
}

/// The node that runs the filter, as far as a policy may depend on it. What is not known is empty.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its id, by which `role: auto` tells a sidecar from a gateway. Empty: an edge.
    pub id: String,
    /// The cluster that it says it belongs to.
    pub cluster: String,
    /// The region of its locality.
    pub region: String,
    /// The zone of its locality.
    pub zone: String,
    /// The labels of its workload.
    pub labels: BTreeMap<String, String>,
}

/// The names of the headers that are written, in lower case.
#[derive(Debug)]
pub(crate) struct Headers {
    pub(crate) version: Box<str>,
    pub(crate) cluster: Box<str>,
    pub(crate) mirror: Box<str>,
}

impl Headers {
    fn all(&self) -> [&str; 3] {
        [&self.version, &self.cluster, &self.mirror]
    }
}

/// One service.
#[derive(Debug)]
pub struct Service {
    name: Arc<str>,
    pub(crate) enabled: bool,
    /// Whether what is decided is only counted.
    pub(crate) dry_run: bool,
    pub(crate) cookies: Cookies,
    baseline: Arc<Version>,
    versions: Box<[Arc<Version>]>,
    /// Lanes that its rules name, and that have no version here.
    passing: Box<[Arc<Version>]>,
    rules: Box<[Rule]>,
    index: Index,
    mirrors: Box<[Split]>,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its place among those of its service.
    number: usize,
    name: Box<str>,
    when: Option<Condition>,
    pub(crate) action: Action,
    /// Whether what it decides is only counted, and the next is asked.
    pub(crate) dry_run: bool,
}

/// Where a rule sends those whom it concerns.
#[derive(Debug)]
pub(crate) enum Action {
    Use(Arc<Version>),
    Split(Split),
}

impl Rules {
    /// Whether the tag that the request came with is believed.
    pub(crate) fn believes<'r>(&'r self, request: &impl Request<'r>, moment: Moment) -> bool {
        match &self.belief {
            Belief::Nobody => false,
            Belief::Everybody => true,
            Belief::Some(trusted) => trusted.holds(request, moment),
        }
    }

    /// Whether every tag is believed: in the mesh.
    pub(crate) fn believes_everybody(&self) -> bool {
        matches!(self.belief, Belief::Everybody)
    }

    /// Whether any tag can be believed, and so has to be read.
    pub(crate) fn believes_some(&self) -> bool {
        !matches!(self.belief, Belief::Nobody)
    }

    /// Whether the request has come in to the service that it is for, so that whoever sent it has
    /// decided. To ask costs as much as a header.
    pub(crate) fn is_behind<'r>(&self, request: &impl Request<'r>) -> bool {
        self.beside && request.is_inbound()
    }

    /// The service that answers the request: the first whose hosts match. The host is read only if
    /// some service asks for one.
    pub(crate) fn service<'r>(&'r self, request: &impl Request<'r>) -> Option<&'r Service> {
        self.services.get(self.hosts.find(request)?)
    }

    /// Whether some service's baseline has this name: in the mesh, a tag that decides nothing.
    pub(crate) fn is_baseline(&self, name: &str) -> bool {
        self.baselines.contains(name)
    }

    /// Whether some decision may need [`crate::Moment::now`].
    #[must_use]
    pub fn needs_clock(&self) -> bool {
        self.needs_clock
    }

    /// Whether each decision is to be written where access logs find it, as an
    /// [`crate::Annotation`].
    #[must_use]
    pub fn annotates(&self) -> bool {
        self.annotate
    }

    /// The config centre that the policy, or what holds over it, comes from.
    #[must_use]
    pub fn remote(&self) -> Option<&Remote> {
        self.remote.as_deref()
    }

    /// Who is told of verdicts.
    #[must_use]
    pub fn notify(&self) -> Option<&Notify> {
        self.notify.as_deref()
    }

    /// Takes the config centre out of rules, where it is to outlive them.
    pub fn take_remote(&mut self) -> Option<Box<Remote>> {
        self.remote.take()
    }

    /// Takes who is told of verdicts out of rules, where that is to outlive them.
    pub fn take_notify(&mut self) -> Option<Box<Notify>> {
        self.notify.take()
    }

    /// The services, in the policy's order.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
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
    pub fn versions(&self) -> impl Iterator<Item = &Version> + Clone {
        self.versions.iter().map(AsRef::as_ref)
    }

    /// All that a decision may name: the versions, and the lanes that go through the service and
    /// have no version here.
    pub(crate) fn destinations(&self) -> impl Iterator<Item = &Version> {
        self.versions()
            .chain(self.passing.iter().map(AsRef::as_ref))
    }

    /// What is copied, in the policy's order: splits whose rest is not copied.
    #[cfg(feature = "tools")]
    pub(crate) fn mirrors(&self) -> &[Split] {
        &self.mirrors
    }

    /// The version that gets a copy of the request, which `answering` answers: the first that hits,
    /// if it is another.
    pub(crate) fn mirror<'r>(
        &'r self,
        request: &impl Request<'r>,
        moment: Moment,
        answering: &Version,
    ) -> Option<&'r Version> {
        let mut hits = self.mirrors.iter().filter_map(|mirror| {
            let bucket = mirror.bucket(request)?;
            mirror.hit(bucket, moment)
        });
        let copy = hits.next().map(|hit| hit.version);
        copy.filter(|copy| copy.name != answering.name && !copy.is_closed(moment))
    }

    /// The first answer of `ask`, which is shown the rules that can concern the request, in order.
    pub(crate) fn ask<'r, T>(
        &'r self,
        request: &impl Request<'r>,
        ask: impl FnMut(&'r Rule) -> Option<T>,
    ) -> Option<T> {
        self.index.first(&self.rules, request, ask)
    }

    /// The rules, in the policy's order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl Rule {
    /// Its place among the rules of its service, from 0.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

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
    pub(crate) fn concerns<'r>(&'r self, request: &impl Request<'r>, moment: Moment) -> bool {
        self.when
            .as_ref()
            .is_none_or(|when| when.holds(request, moment))
    }
}
