//! Hosts with canaries as services.

use std::collections::BTreeSet;

use super::super::condition::Condition;
use super::super::draft::{Rule, Service, Split, Then, name};
use super::super::notes::Notes;
use super::super::part::{Read, Spot};
use super::super::settings::Settings;
use super::Canary;
use super::locations::{Location, are_patterns};
use super::versions::{BASELINE, Versions};

/// What one host's locations come to.
struct Host<'m> {
    name: String,
    service: Service<'m>,
}

/// Paths with one canary, or with none.
struct Scope<'c, 'm> {
    /// None for every path.
    when: Option<Vec<Condition>>,
    canary: Option<&'c Canary<'m>>,
    slug: String,
    spot: Spot<'m>,
}

/// The services of all hosts that a canary is on; hosts that are decided alike are one service.
pub(super) fn services<'m>(
    mains: &[Location<'m>],
    canaries: &[Canary<'m>],
    settings: &Settings<'_>,
    notes: &mut Notes,
) -> Read<Vec<Service<'m>>> {
    let mut names: Vec<_> = mains
        .iter()
        .map(|location| location.host.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    // The first service that has a host decides, and nginx takes the most exact.
    names.sort_by_key(|name| (rank(name), std::cmp::Reverse(name.len())));
    let mut hosts: Vec<Host<'m>> = Vec::new();
    for name in &names {
        let own: Vec<_> = mains
            .iter()
            .filter(|location| location.host == *name)
            .collect();
        let is_canary = |name: &str| {
            let mut own = mains.iter().filter(|location| location.host == name);
            own.any(|location| canaries.iter().any(|canary| canary.of == location.backend))
        };
        // Or a wider host's service would have its requests.
        let is_shadowed = || {
            names
                .iter()
                .any(|wide| rank(wide) > rank(name) && has(wide, name) && is_canary(wide))
        };
        if is_canary(name) || is_shadowed() {
            let service = service(&own, canaries, settings, notes)?;
            hosts.push(Host {
                name: (*name).to_owned(),
                service,
            });
        }
    }
    Ok(joined(hosts))
}

/// How wide a host is.
fn rank(host: &str) -> u8 {
    match host {
        "" => 2,
        _ if host.starts_with("*.") => 1,
        _ => 0,
    }
}

/// Whether a wide host has a name.
fn has(wide: &str, name: &str) -> bool {
    wide.is_empty()
        || wide
            .strip_prefix('*')
            .is_some_and(|suffix| name.ends_with(suffix))
}

/// Hosts that are decided alike as one service.
fn joined(hosts: Vec<Host<'_>>) -> Vec<Service<'_>> {
    let mut services: Vec<Service<'_>> = Vec::new();
    let mut names = BTreeSet::new();
    for Host {
        name: host,
        mut service,
    } in hosts
    {
        let same = services.iter_mut().find(|other| {
            let first = other.hosts.first().map_or(2, |first| rank(first));
            first == rank(&host) && first < 2 && alike(other, &service)
        });
        if let Some(other) = same {
            other.hosts.push(host);
            continue;
        }
        let wanted = if names.contains(&service.name) && !host.is_empty() {
            host.trim_start_matches("*.").to_owned()
        } else {
            service.name
        };
        service.name = name(&wanted, &mut names);
        if !host.is_empty() {
            service.hosts.push(host);
        }
        services.push(service);
    }
    services
}

fn alike(one: &Service<'_>, other: &Service<'_>) -> bool {
    let rules = |service: &Service<'_>| -> Vec<_> {
        let rules = service.rules.iter();
        rules
            .map(|rule| (rule.name.clone(), rule.when.clone(), rule.then.clone()))
            .collect()
    };
    one.versions == other.versions && rules(one) == rules(other)
}

/// The locations of a host as a service without hosts.
fn service<'m>(
    own: &[&Location<'m>],
    canaries: &[Canary<'m>],
    settings: &Settings<'_>,
    notes: &mut Notes,
) -> Read<Service<'m>> {
    let pattern = are_patterns(own)?;
    let mut own = own.to_vec();
    own.sort_by_key(|location| location.order(pattern));
    let versions = Versions::new(&own, canaries);
    let scopes = scopes(&own, canaries, pattern);
    if scopes.iter().any(|scope| scope.when.is_some()) {
        notes.say(
            &own[0].spot,
            "nginx compares paths decoded and with `//` as `/`; Envoy does so with normalize_path and \
             merge_slashes, before the filter",
        );
    }
    let alone = scopes.iter().filter(|scope| scope.canary.is_some()).count() == 1;
    let mut names = BTreeSet::new();
    let mut rules = Vec::new();
    for (at, scope) in scopes.iter().enumerate() {
        let mut decided = false;
        let path = scope.when.clone().map(Condition::any);
        let mut push = |kind: &str, own: Option<Condition>, then, spot: &Spot<'m>| {
            let wanted = if alone && kind != BASELINE {
                kind.to_owned()
            } else {
                format!("{}-{kind}", scope.slug)
            };
            rules.push(Rule {
                name: name(&wanted, &mut names),
                when: Condition::all(path.clone().into_iter().chain(own)),
                then,
                origin: spot.clone(),
            });
        };
        if let Some(canary) = scope.canary {
            let version = versions.name(&canary.backend);
            for way in canary.shaping.ways() {
                let to = if way.is_canary {
                    &version
                } else {
                    &versions.baseline
                };
                push(
                    way.name,
                    Some(way.condition),
                    Then::Use(to.clone()),
                    &way.spot,
                );
            }
            if let Some((share, spot)) = &canary.shaping.share {
                let (by, missing) = settings.drawn(spot, notes);
                let split = Split {
                    by,
                    salt: None,
                    to: vec![(version, *share)],
                    missing,
                };
                push("weight", None, Then::Split(split), spot);
                decided = true;
            }
        }
        // A canary of a wider path must not get these.
        if !decided && scopes[at + 1..].iter().any(|later| later.canary.is_some()) {
            let then = Then::Use(versions.baseline.clone());
            push(BASELINE, None, then, &scope.spot);
        }
    }
    let first = &own[0].ingress;
    let name = first.need("metadata")?.need("name")?.text()?.to_owned();
    Ok(Service {
        name,
        hosts: Vec::new(),
        baseline: versions.baseline.clone(),
        versions: versions.list(),
        rules,
        mirrors: Vec::new(),
        origin: first.spot.clone(),
    })
}

/// The locations by what becomes of them, without those that no rule has to speak of.
fn scopes<'c, 'm>(
    own: &[&Location<'m>],
    canaries: &'c [Canary<'m>],
    pattern: bool,
) -> Vec<Scope<'c, 'm>> {
    let canary_of =
        |location: &Location<'m>| canaries.iter().find(|canary| canary.of == location.backend);
    let mut scopes: Vec<Scope<'c, 'm>> = Vec::new();
    for (at, location) in own.iter().enumerate() {
        let canary = canary_of(location);
        let mut later = own[at + 1..]
            .iter()
            .filter(|later| canary_of(later).is_some());
        if canary.is_none() && !later.any(|later| location.meets(later, pattern)) {
            continue;
        }
        let condition = location.condition(pattern);
        if let Some(last) = scopes.last_mut() {
            let same = match (last.canary, canary) {
                (None, None) => true,
                (Some(one), Some(other)) => {
                    one.backend == other.backend && one.shaping == other.shaping
                }
                _ => false,
            };
            if same {
                last.when = last.when.take().zip(condition).map(|(mut all, next)| {
                    all.push(next);
                    all
                });
                continue;
            }
        }
        scopes.push(Scope {
            when: condition.map(|condition| vec![condition]),
            canary,
            slug: slug(&location.path),
            spot: canary.map_or_else(
                || location.spot.clone(),
                |canary| canary.shaping.spot.clone(),
            ),
        });
    }
    scopes
}

/// What a path is called: its beginning, up to what makes it a pattern.
fn slug(path: &str) -> String {
    let plain = path.split(['(', '[', '\\', '*', '+', '?', '$', '|']).next();
    match plain.unwrap_or_default().trim_matches('/') {
        "" => "root".to_owned(),
        plain => plain.to_owned(),
    }
}
