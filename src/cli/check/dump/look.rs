//! Holds what a policy writes into its headers against a proxy's routes and clusters.

use std::collections::BTreeSet;

use super::super::Finding;
use super::routes::{VirtualHost, Way};
use super::{Dump, Kind, hosts};
use crate::cli::hosts::of;
use crate::cli::input::Loaded;
use crate::rules::Service;

/// How many names a sentence lists.
const LISTED: usize = 5;

/// What a version's cluster is written for.
struct Written<'p> {
    place: String,
    header: &'p str,
    cluster: &'p str,
    /// What becomes of a request whose value is no cluster, and of one that no route wants.
    lost: String,
    passed_over: Option<String>,
}

pub(in crate::cli::check) fn look(policy: &Loaded, dump: &Dump) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !dump.absent.is_empty() {
        findings.push(Finding::note(
            "policy".to_owned(),
            format!(
                "the dump lacks the routes {}, which listeners of this proxy wait for; take it again \
                 once they have come",
                listed(dump.absent.iter().map(String::as_str))
            ),
        ));
    }
    for (at, service) in policy.rules.services().iter().enumerate() {
        let place = format!("services[{at}]");
        let written = written(policy, service, &place);
        if written.is_empty() {
            continue;
        }
        let met = hosts::met(&dump.tables, &of(&policy.document["services"][at]));
        if met.is_empty() {
            findings.push(Finding::note(
                format!("{place}.hosts"),
                format!(
                    "no route of this proxy leads to a service by the hosts of {}; unless another \
                     proxy is asked for it, write them as callers do",
                    service.name()
                ),
            ));
            continue;
        }
        let mut unseen = BTreeSet::new();
        for written in &written {
            let way = |host: &&VirtualHost| host.way(written.header, written.cluster);
            let found = match met.iter().map(way).max().unwrap_or(Way::Unseen) {
                Way::Name => dump.unknown(written),
                Way::Unmatched => dump.unmatched(written, service, &met),
                Way::Unseen if written.passed_over.is_some() && unseen.insert(written.header) => {
                    Some((place.clone(), dump.unseen(written, service)))
                }
                Way::Route | Way::Unseen => None,
            };
            findings.extend(found.map(|(place, problem)| Finding::warning(place, problem)));
        }
    }
    findings
}

/// Every cluster that a service names, where its requests and where its copies go.
fn written<'p>(policy: &'p Loaded, service: &'p Service, place: &str) -> Vec<Written<'p>> {
    let headers = &policy.rules.headers;
    let baseline = service.baseline().name();
    let versions = service
        .versions()
        .enumerate()
        .filter_map(|(index, version)| {
            let name = version.name();
            Some(Written {
                place: format!("{place}.versions[{index}].cluster"),
                header: &headers.cluster,
                cluster: version.cluster()?,
                lost: format!("requests for {name} get 503"),
                // Where the baseline's go is where it belongs.
                passed_over: (name != baseline)
                    .then(|| format!("requests for {name} go where the baseline's go")),
            })
        });
    let mirrors = service
        .mirrors()
        .iter()
        .enumerate()
        .flat_map(|(index, mirror)| {
            let slices = mirror.slices_at(0).into_iter();
            slices.filter_map(move |slice| {
                let lost = format!("nothing is copied to {}", slice.version().name());
                Some(Written {
                    place: format!("{place}.mirror[{index}].version"),
                    header: &headers.mirror,
                    cluster: slice.version().cluster()?,
                    passed_over: Some(lost.clone()),
                    lost,
                })
            })
        });
    versions.chain(mirrors).collect()
}

impl Dump {
    /// A value that has to be a cluster's name, and is none.
    fn unknown(&self, written: &Written<'_>) -> Option<(String, String)> {
        let Written { cluster, lost, .. } = written;
        if self.clusters.contains(*cluster) {
            return None;
        }
        let problem = if self.warming.contains(*cluster) {
            format!(
                "{cluster} does not serve yet, and until then {lost}; look what its endpoints or \
                 certificates wait for"
            )
        } else {
            format!(
                "{cluster} is no cluster of this proxy, so {lost}; {}",
                self.instead_of(cluster)
            )
        };
        Some((written.place.clone(), problem))
    }

    /// What to do about a cluster that is not there.
    fn instead_of(&self, cluster: &str) -> String {
        let parts: Vec<_> = cluster.split('|').collect();
        let (&[direction, port, subset, host], false) = (&parts[..], self.kind == Kind::Alone)
        else {
            let names = listed(self.clusters.iter().map(String::as_str));
            return match self.kind {
                Kind::Alone => format!("add it, or name one that is there: {names}"),
                _ => "Istio's clusters are called `outbound|port|subset|host`: name one so, or match the \
                      value in a VirtualService instead"
                    .to_owned(),
            };
        };
        if (self.kind, direction) == (Kind::Waypoint, "outbound") {
            return format!(
                "a waypoint has other names: `inbound-vip|{port}|http/{subset}|{host}`, in a policy of \
                 its own"
            );
        }
        let alike = self
            .clusters
            .iter()
            .filter(|name| name.rsplit('|').next() == Some(host));
        let names = listed(alike.map(String::as_str));
        match (self.kind, &names[..]) {
            (Kind::Gateway, "") => format!(
                "it has none of {host}: correct the host, or under PILOT_FILTER_GATEWAY_CLUSTER_CONFIG \
                 let a route of this gateway name it"
            ),
            (Kind::Waypoint, "") => format!(
                "it has none of {host}: correct the host, or give the service this waypoint by \
                 `istio.io/use-waypoint`"
            ),
            (_, "") => format!(
                "it has none of {host}: correct the host, or take it into the Sidecar resource that \
                 leaves it out"
            ),
            (Kind::Gateway, names) => format!(
                "it has {names}: add the subset to the DestinationRule, and under \
                 PILOT_FILTER_GATEWAY_CLUSTER_CONFIG a route of this gateway that names it"
            ),
            (_, names) => format!("it has {names}: add the subset to the DestinationRule"),
        }
    }

    /// A value that no route wants, while others are wanted.
    fn unmatched(
        &self,
        written: &Written<'_>,
        service: &Service,
        met: &[&VirtualHost],
    ) -> Option<(String, String)> {
        let passed_over = written.passed_over.as_ref()?;
        let known: BTreeSet<_> = met
            .iter()
            .flat_map(|host| host.values(written.header))
            .collect();
        let known = match listed(known.into_iter()) {
            none if none.is_empty() => String::new(),
            some => format!(", only {some}"),
        };
        let problem = format!(
            "no route for {} matches {}: {}{known}; so {passed_over}; {}",
            service.name(),
            written.header,
            written.cluster,
            self.add_a_route(),
        );
        Some((written.place.clone(), problem))
    }

    /// A header that decides nothing.
    fn unseen(&self, written: &Written<'_>, service: &Service) -> String {
        let passed_over = written.passed_over.as_deref().unwrap_or_default();
        format!(
            "no route for {} looks at {}, so {passed_over}; {}",
            service.name(),
            written.header,
            self.add_a_route()
        )
    }

    fn add_a_route(&self) -> &'static str {
        match self.kind {
            Kind::Alone => "add a route that matches it",
            Kind::Gateway => "match it in a VirtualService of these hosts that names this gateway",
            Kind::Sidecar => "match it in a VirtualService of these hosts, for the gateway `mesh`",
            Kind::Waypoint => "match it in a VirtualService or HTTPRoute of the service",
        }
    }
}

/// Some names, and how many there are besides.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<_> = names.collect();
    let shown = names
        .iter()
        .take(LISTED)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
