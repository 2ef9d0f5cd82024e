//! The routes of a `VirtualService` as rules and mirrors.

use std::collections::BTreeSet;

use super::super::draft::{ALL, Mirror, Rule, Split, Then, Version, name, shares};
use super::super::part::{Part, Read};
use super::super::settings::Settings;
use super::destination::Destination;
use super::route::{Reader, Route};

/// The version that is for whoever no rule sends elsewhere: the largest of the last route.
pub(super) fn baseline(
    routes: &[Route<'_>],
    versions: &[Version],
    name_of: impl Fn(&Destination) -> String,
    part: &Part<'_>,
    settings: &Settings<'_>,
) -> Read<String> {
    if let Some(name) = settings.baseline {
        if versions.iter().any(|version| version.name == name) {
            return Ok(name.to_owned());
        }
        let names = versions.iter().map(|version| version.name.as_str());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        anyhow::bail!(
            "--baseline: there is no version {name}; name one of {}",
            names.join(", ")
        );
    }
    let last = routes
        .iter()
        .rfind(|route| !route.destinations().is_empty());
    let most = last.and_then(|route| {
        // The first of several that have as much.
        let destinations = route.destinations().iter().rev();
        destinations.max_by_key(|(_, weight)| *weight)
    });
    match most {
        Some((destination, _)) => Ok(name_of(destination)),
        None => Err(part.refuse("leads to no destination; a policy has at least one version")),
    }
}

pub(super) fn rules<'m>(
    routes: &[Route<'m>],
    baseline: &str,
    name_of: impl Fn(&Destination) -> String,
    reader: &mut Reader<'_, 'm, '_>,
) -> Vec<Rule<'m>> {
    let mut names = BTreeSet::new();
    let mut rules: Vec<Rule<'m>> = Vec::new();
    for route in routes {
        let destinations = route.destinations();
        let weights: Vec<_> = destinations.iter().map(|(_, weight)| *weight).collect();
        let (wanted, then) = match destinations {
            [] => ("answered".to_owned(), Then::Use(baseline.to_owned())),
            [(only, _)] => (name_of(only), Then::Use(name_of(only))),
            several => {
                let (by, missing) = reader.settings.drawn(&route.spot, reader.notes);
                let shares = shares(&weights, weights.iter().sum());
                let versions = several.iter().map(|(destination, _)| name_of(destination));
                let to = versions
                    .zip(shares)
                    .filter(|(version, _)| version != baseline);
                let split = Split {
                    by,
                    to: to.collect(),
                    missing,
                    salt: None,
                };
                ("weights".to_owned(), Then::Split(split))
            }
        };
        rules.push(Rule {
            name: name(route.name.unwrap_or(&wanted), &mut names),
            when: route.when.clone(),
            then,
            origin: route.spot.clone(),
        });
    }
    // Whom no rule concerns is the baseline's anyhow.
    while rules
        .last()
        .is_some_and(|rule| rule.then == Then::Use(baseline.to_owned()))
    {
        rules.pop();
    }
    rules
}

/// Copies, where every route makes the same.
pub(super) fn mirrors(
    routes: &[Route<'_>],
    name_of: impl Fn(&Destination) -> String,
    reader: &mut Reader<'_, '_, '_>,
) -> Vec<Mirror> {
    let mut answered = routes
        .iter()
        .filter(|route| !route.destinations().is_empty());
    let Some(first) = answered.next() else {
        return Vec::new();
    };
    if answered.any(|route| route.copies != first.copies) {
        for route in routes.iter().filter(|route| !route.copies.is_empty()) {
            reader.notes.say(
                &route.spot,
                "its mirror is left out: a policy makes copies of all of a service's requests, and \
                 this route's alone are meant",
            );
        }
        return Vec::new();
    }
    if first.copies.is_empty() {
        return Vec::new();
    }
    let some = first.copies.iter().any(|(_, percent)| *percent < ALL);
    reader.notes.say(
        &first.spot,
        if some {
            "who is copied is drawn anew there for each request, and here by the key; who has no key \
             is not copied"
        } else {
            "who has none of the keys is not copied"
        },
    );
    let mirror = |(destination, percent): &(Destination, u32)| Mirror {
        version: name_of(destination),
        percent: *percent,
        by: reader.settings.copied(),
    };
    first.copies.iter().map(mirror).collect()
}
