//! From the document to the form that decides.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::checks::{at_most, not_empty, once};
use super::condition::Condition;
use super::guard::Guard;
use super::hosts::HostIndex;
use super::index::Index;
use super::lane::{Lane, Lanes};
use super::remote::{Notify, Remote};
use super::rulebook::Rulebook;
use super::version::find;
use super::{Belief, Cookies, Headers, Node, Routes, Rule, Rules, Scope, Service, Version, name};
use crate::error::{Error, Place};
use crate::limits::{MAX_GUARDS, MAX_HOSTS, MAX_RULES, MAX_SERVICES, MAX_VERSIONS};
use crate::policy::{self, Policy, Text};

impl Rules {
    /// Compiles a policy for the node that will run it.
    ///
    /// # Errors
    ///
    /// The first thing that cannot be meant: an empty list, a name that is none or stands twice, a
    /// version that does not exist, shares above 100 %, a bound of [`crate::limits`] passed.
    pub fn compile(policy: Policy, node: &Node) -> Result<Self, Error> {
        let headers = headers(policy.headers)?;
        let payload = match policy.claims_in {
            Some(name) => name::claim(&Place::ROOT.field("claims_in"), name)?,
            None => "payload".into(),
        };
        let patterns = Cell::new(0);
        let scope = Scope {
            headers: &headers,
            payload: &payload,
            node,
            patterns: &patterns,
        };
        let at_trust = Place::ROOT.field("trust");
        let trust = policy
            .trust
            .map(|trust| Condition::compile(&at_trust, trust, scope));
        let trust = trust.transpose()?;
        let place = Place::ROOT.field("services");
        not_empty(&place, &policy.services, "name at least one service")?;
        at_most(
            &place,
            &policy.services,
            MAX_SERVICES,
            "services; split the policy among several filters",
        )?;

        let mut services = Services {
            scope,
            lanes: Lanes::compile(policy.lanes, &policy.services)?,
            hosts: HostIndex::default(),
            names: BTreeSet::new(),
            rules: 0,
            versions: 0,
            guards: 0,
        };
        let documents = policy.services.into_iter().enumerate();
        let compiled = documents
            .map(|(index, document)| {
                // A request has one service, and the patterns of `trust` beside its own.
                let trusting = patterns.get();
                let service = services.service(&place.index(index), index, document);
                patterns.set(trusting);
                service
            })
            .collect::<Result<Box<[_]>, _>>()?;
        // One by one, as names are elsewhere: building a set at once is code of its own.
        let mut baselines = BTreeSet::new();
        for service in &compiled {
            baselines.insert(service.baseline.name.clone());
        }
        let needs_clock =
            compiled.iter().any(Service::ages) || trust.as_ref().is_some_and(Condition::ages);
        let belief = belief(policy.role, node, trust);
        let remote = policy.remote.map(|remote| Remote::compile(*remote));
        let notify = policy.notify.map(|notify| Notify::compile(*notify));
        Ok(Self {
            remote: remote.transpose()?.map(Box::new),
            notify: notify.transpose()?.map(Box::new),
            enabled: policy.enabled,
            stamp: policy.stamp,
            carrier: policy.carrier,
            annotate: policy.annotate,
            hosts: services.hosts,
            baselines,
            routes: Routes {
                by_cluster: compiled.iter().any(Service::names_a_cluster),
                by_mirror: compiled.iter().any(|service| !service.mirrors.is_empty()),
            },
            needs_clock,
            services: compiled,
            // All that a waypoint has comes in to it, for somebody else.
            beside: matches!(belief, Belief::Everybody) && !node.id.starts_with(WAYPOINT),
            belief,
            headers,
        })
    }
}

/// How the ids of Istio's waypoints begin.
const WAYPOINT: &str = "waypoint~";

/// Whose tag is believed: in the mesh everybody's, at the edge that of whom it trusts.
fn belief(role: policy::Role, node: &Node, trust: Option<Condition>) -> Belief {
    let between = ["sidecar~", WAYPOINT];
    match role {
        policy::Role::Mesh => Belief::Everybody,
        policy::Role::Auto if between.iter().any(|kind| node.id.starts_with(kind)) => {
            Belief::Everybody
        }
        // What `auto` does not know is an edge: to believe nobody is the safe mistake.
        policy::Role::Edge | policy::Role::Auto => trust.map_or(Belief::Nobody, Belief::Some),
    }
}

fn headers(document: policy::Headers) -> Result<Headers, Error> {
    let place = Place::ROOT.field("headers");
    let name = |field, given: Option<Text>, default: &str| match given {
        Some(text) => name::own_header(&place.field(field), text),
        None => Ok(default.into()),
    };
    let version = name("version", document.version, "x-gray-version")?;
    let cluster = name("cluster", document.cluster, "x-gray-cluster")?;
    let mirror = name("mirror", document.mirror, "x-gray-mirror")?;
    let taken = |name: &str, field: &str, other: &str| {
        place.field(field).error(format!(
            "{name:?} is the {other}'s header as well; give each its own"
        ))
    };
    if version == cluster {
        return Err(taken(&cluster, "cluster", "version"));
    }
    if mirror == version {
        return Err(taken(&mirror, "mirror", "version"));
    }
    if mirror == cluster {
        return Err(taken(&mirror, "mirror", "cluster"));
    }
    Ok(Headers {
        version,
        cluster,
        mirror,
    })
}

/// What services are compiled with, and what they add up to.
struct Services<'a> {
    scope: Scope<'a>,
    lanes: Lanes,
    hosts: HostIndex,
    names: BTreeSet<Arc<str>>,
    rules: usize,
    versions: usize,
    guards: usize,
}

impl Services<'_> {
    fn service(
        &mut self,
        place: &Place<'_>,
        index: usize,
        document: policy::Service,
    ) -> Result<Service, Error> {
        let at_name = place.field("name");
        let name: Arc<str> = name::name(&at_name, document.name)?.into();
        once(&at_name, &mut self.names, &name)?;
        self.hosts(&place.field("hosts"), index, document.hosts)?;

        let lane = |version: &str| self.lanes.of(index, version).cloned();
        let at_versions = place.field("versions");
        let versions = versions(&at_versions, document.versions, self.versions, &lane)?;
        self.versions = self.versions.saturating_add(versions.len());
        let guarded = versions.iter().filter(|own| own.guard.is_some());
        self.guards = self.guards.saturating_add(guarded.count());
        if self.guards > MAX_GUARDS {
            return Err(at_versions.error(format!(
                "bring the policy to {} guards, above {MAX_GUARDS}; guard those that get users",
                self.guards
            )));
        }
        let baseline = find(&place.field("baseline"), &versions, &document.baseline)?.clone();
        if baseline.guard.is_some() || !baseline.enabled {
            let at = versions
                .iter()
                .position(|each| Arc::ptr_eq(each, &baseline));
            let place = at_versions.index(at.unwrap_or_default());
            return Err(if baseline.enabled {
                place.field("guard").error(
                    "watches the baseline, behind which there is nothing to go back to; guard the \
                     other versions",
                )
            } else {
                place
                    .field("enabled")
                    .error("closes the baseline, behind which there is nothing; close others")
            });
        }
        let at_rules = place.field("rules");
        if let Some(rules) = &document.rules {
            not_empty(
                &at_rules,
                rules,
                "leave it out to send everybody to the baseline",
            )?;
        }
        let cookies = Cookies::compile(&place.field("cookies"), &document.cookies)?;
        let mut book = Rulebook::new(
            self.scope,
            &name,
            &versions,
            &baseline,
            &self.lanes,
            &cookies,
        );
        let at_mirror = place.field("mirror");
        if let Some(mirrors) = &document.mirror {
            not_empty(&at_mirror, mirrors, "leave it out to copy nothing")?;
        }
        let mirrors = document.mirror.into_iter().flatten().enumerate();
        let mirrors = mirrors
            .map(|(index, document)| book.mirror(&at_mirror.index(index), document))
            .collect::<Result<_, _>>()?;
        let documents = document.rules.into_iter().flatten().enumerate();
        let rules = documents
            .map(|(index, document)| {
                let place = at_rules.index(index);
                self.rules = self.rules.saturating_add(1);
                if self.rules > MAX_RULES {
                    return Err(place.error(format!(
                        "is one rule above {MAX_RULES} in this policy; join rules with `any` or `in`"
                    )));
                }
                book.rule(&place, index, document)
            })
            .collect::<Result<Box<[_]>, _>>()?;
        let passing = book.passing.into();
        Ok(Service {
            index: Index::new(&rules),
            enabled: document.enabled,
            dry_run: document.dry_run,
            cookies,
            mirrors,
            passing,
            rules,
            name,
            baseline,
            versions,
        })
    }

    fn hosts(
        &mut self,
        place: &Place<'_>,
        service: usize,
        hosts: Option<Vec<Text>>,
    ) -> Result<(), Error> {
        let Some(hosts) = hosts else {
            self.hosts.add_every(service);
            return Ok(());
        };
        not_empty(place, &hosts, "leave it out to match every host")?;
        at_most(place, &hosts, MAX_HOSTS, "hosts; join some by a `*.`")?;
        let mut hosts = hosts.into_iter().enumerate();
        hosts.try_for_each(|(index, host)| self.hosts.add(&place.index(index), host, service))
    }
}

impl Service {
    fn names_a_cluster(&self) -> bool {
        self.versions().any(|version| version.cluster.is_some())
    }

    /// Whether its answers may change with time.
    fn ages(&self) -> bool {
        let mut conditions = self.rules.iter().filter_map(|rule| rule.when.as_ref());
        let mut splits = self.rules.iter().filter_map(Rule::split);
        conditions.any(Condition::ages) || splits.any(|split| split.ramps().next().is_some())
    }
}

fn versions(
    place: &Place<'_>,
    documents: Vec<policy::Version>,
    before: usize,
    lane: &dyn Fn(&str) -> Option<Arc<Lane>>,
) -> Result<Box<[Arc<Version>]>, Error> {
    not_empty(place, &documents, "name at least the baseline")?;
    at_most(
        place,
        &documents,
        MAX_VERSIONS,
        "versions; leave out those that nobody gets",
    )?;
    let mut names = BTreeSet::new();
    let version = |(index, document): (usize, policy::Version)| {
        let place = place.index(index);
        let at_name = place.field("name");
        let name: Arc<str> = name::name(&at_name, document.name)?.into();
        once(&at_name, &mut names, &name)?;
        let at_cluster = place.field("cluster");
        let cluster = document
            .cluster
            .map(|text| name::cluster(&at_cluster, text));
        let at_guard = place.field("guard");
        let guard = document.guard.map(|guard| Guard::compile(&at_guard, guard));
        Ok(Arc::new(Version {
            number: before.saturating_add(index),
            lane: lane(&name),
            name,
            cluster: cluster.transpose()?,
            enabled: document.enabled,
            guard: guard.transpose()?,
        }))
    };
    documents.into_iter().enumerate().map(version).collect()
}
