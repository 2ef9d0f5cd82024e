//! Istio's `VirtualService`: the first route that matches decides, and shares its requests out by
//! weights.

mod destination;
mod matches;
mod route;
mod rules;

use std::collections::BTreeSet;

use super::draft::{Draft, Service, name};
use super::notes::Notes;
use super::part::{Part, Read};
use super::settings::Settings;
use destination::{DOMAIN, Destination, Subsets, full, versions};
use route::{Answer, Reader, Route, identity};
use rules::{baseline, mirrors, rules};

/// What Istio calls the sidecars.
const MESH: &str = "mesh";

pub(super) fn draft<'m>(
    documents: &[Part<'m>],
    settings: &Settings<'_>,
    notes: &mut Notes,
) -> Read<Draft<'m>> {
    let is = |kind: &'static str| move |part: &&Part<'m>| part.value["kind"] == kind;
    let virtual_services: Vec<_> = documents
        .iter()
        .filter(is("VirtualService"))
        .cloned()
        .collect();
    let mut subsets = Subsets::new();
    for rule in documents.iter().filter(is("DestinationRule")) {
        let (_, namespace) = identity(rule)?;
        let spec = rule.need("spec")?;
        let host = full(spec.need("host")?.text()?, namespace.unwrap_or("default"));
        for subset in spec.items_of("subsets")? {
            let name = subset.need("name")?.text()?.to_owned();
            subsets.entry(host.clone()).or_default().push(name);
        }
    }
    let mut services = Vec::new();
    let mut names = BTreeSet::new();
    for virtual_service in &virtual_services {
        let mut reader = Reader {
            services: &virtual_services,
            subsets: &subsets,
            settings,
            notes,
        };
        services.extend(service(virtual_service, &mut reader, &mut names)?);
    }
    if services.is_empty() {
        anyhow::bail!(
            "no VirtualService here is for this proxy, with hosts and HTTP routes; give one that is"
        );
    }
    // The first service that has a host decides; Istio takes the most exact.
    services.sort_by_key(|service: &Service<'_>| {
        let wide = service.hosts.iter().any(|host| host.starts_with("*."));
        (service.hosts.is_empty(), wide)
    });
    Ok(Draft {
        tag: None,
        canary_alone: false,
        services,
    })
}

/// A `VirtualService` as a service; `None` where it says nothing of these proxies, or of HTTP.
fn service<'m>(
    part: &Part<'m>,
    reader: &mut Reader<'_, 'm, '_>,
    names: &mut BTreeSet<String>,
) -> Read<Option<Service<'m>>> {
    let (own_name, namespace) = identity(part)?;
    let spec = part.need("spec")?;
    let read = ["hosts", "gateways", "http", "exportTo", "tls", "tcp"];
    reader.notes.unread(&spec, &read)?;
    for other in ["tls", "tcp"] {
        if let Some(other) = spec.get(other) {
            reader.notes.say(&other.spot, "is not HTTP, of which alone the filter decides; leave these routes to the VirtualService");
        }
    }
    let hosts = spec.items_of("hosts")?;
    if hosts.is_empty() {
        reader.notes.say(
            &part.spot,
            "has no hosts: it counts where another hands over to it",
        );
        return Ok(None);
    }
    if !is_for(&spec, reader)? {
        return Ok(None);
    }
    let routes = reader.routes(part)?;
    if routes.is_empty() {
        reader.notes.say(
            &part.spot,
            "has no HTTP route for these proxies, and is left out",
        );
        return Ok(None);
    }
    if namespace.is_none() {
        reader
            .notes
            .say(&part.spot, "names no namespace; `default` is taken");
    }
    let namespace = namespace.unwrap_or("default");
    let mut all = Vec::new();
    for host in &hosts {
        all.extend(callers(host.text()?, namespace));
    }
    // Every host is none in particular.
    let hosts = if all.iter().any(|host| host == "*") {
        Vec::new()
    } else {
        all
    };
    if let Some(last) = routes.last().filter(|last| last.when.is_some()) {
        reader.notes.say(
            &last.spot,
            "no route takes everybody, so who fits none gets 404 there; here they are the baseline's, \
             and get what its route says",
        );
    }
    let mut destinations: Vec<Destination> = Vec::new();
    for route in &routes {
        let answering = route
            .destinations()
            .iter()
            .map(|(destination, _)| destination);
        for each in answering.chain(route.copies.iter().map(|(destination, _)| destination)) {
            if !destinations.contains(each) {
                destinations.push(each.clone());
            }
        }
    }
    let versions = versions(&destinations);
    let name_of = |destination: &Destination| {
        let at = destinations.iter().position(|own| own == destination);
        at.map_or(String::new(), |at| versions[at].name.clone())
    };
    let baseline = baseline(&routes, &versions, name_of, part, reader.settings)?;
    let rules = rules(&routes, &baseline, name_of, reader);
    let mirrors = mirrors(&routes, name_of, reader);
    let mut ordered = versions.clone();
    ordered.sort_by_key(|version| version.name != baseline);
    Ok(Some(Service {
        name: name(own_name, names),
        hosts,
        baseline,
        versions: ordered,
        rules,
        mirrors,
        origin: part.spot.clone(),
    }))
}

/// The gateways that it is for; where it names none, the mesh.
fn gateways<'m>(spec: &Part<'m>) -> Read<Vec<&'m str>> {
    let named = spec.items_of("gateways")?;
    let named = named.iter().map(Part::text).collect::<Read<Vec<_>>>()?;
    Ok(if named.is_empty() { vec![MESH] } else { named })
}

/// Whether it is for the proxies that are meant.
fn is_for(spec: &Part<'_>, reader: &mut Reader<'_, '_, '_>) -> Read<bool> {
    let gateways = gateways(spec)?;
    match reader.settings.gateway {
        Some(gateway) if !gateways.contains(&gateway) => {
            let note = format!("is not for {gateway}, and left out");
            reader.notes.say(&spec.spot, note);
            return Ok(false);
        }
        gateway => {
            if gateway.unwrap_or(MESH) == MESH && gateways.contains(&MESH) {
                reader.notes.say(
                    &spec.spot,
                    "is for sidecars as well: with `role: auto` a version that is chosen once is \
                     followed by the services behind, which Istio does not do; without, each decides \
                     for itself",
                );
            }
        }
    }
    Ok(true)
}

/// A host as callers write it: of Kubernetes' names the short ones as well.
fn callers(host: &str, namespace: &str) -> Vec<String> {
    let full = full(host, namespace);
    let Some(short) = full.strip_suffix(&format!(".{DOMAIN}")) else {
        return vec![host.to_owned()];
    };
    let Some((service, _)) = short.split_once('.').filter(|(service, _)| *service != "*") else {
        return vec![host.to_owned()];
    };
    vec![
        service.to_owned(),
        short.to_owned(),
        format!("{short}.svc"),
        full.clone(),
    ]
}

impl Route<'_> {
    fn destinations(&self) -> &[(Destination, u64)] {
        match &self.answer {
            Answer::Destinations(destinations) => destinations,
            Answer::Proxy => &[],
        }
    }
}
