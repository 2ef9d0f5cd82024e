//! Higress' plugin traffic-tag: groups of conditions that write a tag, then one by weight.

mod config;
mod rules;

use std::collections::BTreeSet;

use super::draft::{Draft, Service, Version};
use super::notes::Notes;
use super::part::{Part, Read, Spot};
use super::settings::Settings;
use config::{Config, Tag};
use rules::{Walk, steps};

/// The header that the filter writes where nothing else is said.
const USUAL: &str = "x-gray-version";

/// Whether a document is the plugin's configuration.
pub(super) fn is_config(part: &Part<'_>) -> bool {
    let fields = ["conditionGroups", "weightGroups", "defaultTagKey"];
    fields.into_iter().any(|name| part.get(name).is_some())
}

/// Whether a `WasmPlugin` is the plugin.
pub(super) fn is_carried(part: &Part<'_>) -> bool {
    configs(part).is_ok_and(|configs| configs.iter().any(|(_, config)| is_config(config)))
}

/// The configurations that a document has and that are on, each with the part that says whom it is
/// for. Whom one is for that is off is decided by the default, as there.
fn configs<'m>(part: &Part<'m>) -> Read<Vec<(Part<'m>, Part<'m>)>> {
    let Some(spec) = part.get("spec") else {
        return Ok(vec![(part.clone(), part.clone())]);
    };
    let mut configs = Vec::new();
    for rule in spec.items_of("matchRules")? {
        if let Some(config) = rule.get("config")
            && !is_on(&rule, "configDisable")?
        {
            configs.push((rule, config));
        }
    }
    if let Some(config) = spec.get("defaultConfig")
        && !is_on(&spec, "defaultConfigDisable")?
    {
        configs.push((spec, config));
    }
    Ok(configs)
}

/// Whether a switch is there and on.
fn is_on(part: &Part<'_>, name: &str) -> Read<bool> {
    let switch = part.get(name).map(|switch| switch.flag());
    Ok(switch.transpose()?.unwrap_or(false))
}

pub(super) fn draft<'m>(
    documents: &[Part<'m>],
    settings: &Settings<'_>,
    notes: &mut Notes,
) -> Read<Draft<'m>> {
    let mut found = Vec::new();
    for document in documents {
        for (part, config) in configs(document)? {
            let hosts = hosts(&part, notes)?;
            let name = name_of(document, hosts.as_ref())?;
            match hosts {
                Some(hosts) => {
                    found.push((name, hosts, Config::read(&config, notes)?, config.spot));
                }
                None => notes.say(
                    &part.spot,
                    "is for routes or services by their names, which a policy does not know: it is \
                     left out, and their requests are decided as all others",
                ),
            }
        }
    }
    // The first service that has a host decides.
    found.sort_by_key(|(_, hosts, ..)| hosts.is_empty());
    let tags = found
        .iter()
        .flat_map(|(_, _, config, spot)| tags(config, spot));
    let tag = one_header(&tags.collect::<Vec<_>>(), notes);
    let canary_alone = found
        .iter()
        .all(|(_, _, config, _)| config.default.is_none());
    let services = found.iter().map(|(name, hosts, config, spot)| {
        if config.default.is_none() && !canary_alone {
            notes.say(
                spot,
                "writes no tag by default, and others do; here the baseline of each has one",
            );
        }
        service(name, hosts, config, spot, settings, notes)
    });
    Ok(Draft {
        tag: tag.filter(|name| name != USUAL),
        canary_alone,
        services: services.collect::<Read<_>>()?,
    })
}

/// Whom a configuration is for: everybody, or these hosts; `None` where that is no matter of hosts.
fn hosts(part: &Part<'_>, notes: &mut Notes) -> Read<Option<Vec<String>>> {
    let domains = part.items_of("domain")?;
    let domains = domains
        .iter()
        .map(|domain| domain.text().map(str::to_owned));
    let domains = domains.collect::<Read<Vec<_>>>()?;
    let others = part.get("ingress").or_else(|| part.get("service"));
    if let (Some(others), false) = (&others, domains.is_empty()) {
        notes.say(
            &others.spot,
            "is left out beside `domain`: a policy knows no routes",
        );
    }
    Ok((others.is_none() || !domains.is_empty()).then_some(domains))
}

fn name_of(document: &Part<'_>, hosts: Option<&Vec<String>>) -> Read<String> {
    if let Some(host) = hosts.and_then(|hosts| hosts.first()) {
        return Ok(host.trim_start_matches("*.").to_owned());
    }
    let metadata = document.get("metadata");
    let name = metadata.and_then(|metadata| metadata.text_of("name").transpose());
    Ok(name.transpose()?.unwrap_or("traffic-tag").to_owned())
}

/// Every tag that a configuration writes.
fn tags<'c, 'm>(config: &'c Config<'m>, spot: &'c Spot<'m>) -> Vec<(&'c Tag, &'c Spot<'m>)> {
    let groups = config.groups.iter().map(|group| (&group.tag, &group.spot));
    let weights = config
        .weights
        .iter()
        .map(|weight| (&weight.tag, &weight.spot));
    let default = config.default.iter().map(|tag| (tag, spot));
    groups.chain(weights).chain(default).collect()
}

/// The one header that tells versions apart.
fn one_header(tags: &[(&Tag, &Spot<'_>)], notes: &mut Notes) -> Option<String> {
    let (first, spot) = tags.first()?;
    let header = first.header.to_ascii_lowercase();
    notes.say(
        spot,
        format!(
            "who sends {header} keeps it there; here it is replaced by what is decided; where testers \
             send it, say by `trust` whose is followed"
        ),
    );
    for (tag, spot) in tags {
        if !tag.header.eq_ignore_ascii_case(&header) {
            let note = format!(
                "{} is not written: a policy has one tag, {header}; routes that match {} have to \
                 match that",
                tag.header, tag.header
            );
            notes.say(spot, note);
        }
    }
    Some(header)
}

fn service<'m>(
    name: &str,
    hosts: &[String],
    config: &Config<'m>,
    spot: &Spot<'m>,
    settings: &Settings<'_>,
    notes: &mut Notes,
) -> Read<Service<'m>> {
    let all = tags(config, spot);
    // Two headers may have one value, and are two versions all the same.
    let header = all.first().map(|(tag, _)| tag.header.to_ascii_lowercase());
    let version = |tag: &Tag| {
        let clashes = all.iter().any(|(other, _)| {
            other.value == tag.value && !other.header.eq_ignore_ascii_case(&tag.header)
        });
        if clashes && Some(tag.header.to_ascii_lowercase()) != header {
            format!("{}-{}", tag.header, tag.value)
        } else {
            tag.value.clone()
        }
    };
    let baseline = match (&config.default, settings.baseline) {
        (Some(_), Some(_)) => {
            anyhow::bail!(
                "--baseline is not for this: defaultTagVal says which it is; leave it out"
            )
        }
        (Some(tag), None) => version(tag),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "baseline".to_owned(),
    };
    let mut names = vec![baseline.clone()];
    for (tag, spot) in &all {
        let version = version(tag);
        if config.default.is_none() && version == baseline {
            return Err(spot.refuse(format!(
                "writes {version}, which is the name of the version without a tag; name that one by \
                 --baseline"
            )));
        }
        if !names.contains(&version) {
            names.push(version);
        }
    }
    let mut all_steps = Vec::new();
    for group in &config.groups {
        all_steps.extend(steps(group, &version(&group.tag), notes)?);
    }
    let weights = config.weights.iter().filter(|weight| weight.share > 0);
    let weights: Vec<_> = weights
        .map(|each| (version(&each.tag), each.share))
        .collect();
    let end = config.weights.first().map_or(spot, |weight| &weight.spot);
    let drawn = if weights.is_empty() {
        (Vec::new(), None)
    } else {
        settings.drawn(end, notes)
    };
    let mut walk = Walk {
        service: name,
        baseline: &baseline,
        weights: &weights,
        drawn,
        end: end.clone(),
        names: BTreeSet::new(),
        rules: Vec::new(),
    };
    walk.all(&all_steps)?;
    let rules = walk.rules;
    let version = |name| Version {
        name,
        cluster: None,
    };
    Ok(Service {
        name: name.to_owned(),
        hosts: hosts.to_vec(),
        baseline,
        versions: names.into_iter().map(version).collect(),
        rules,
        mirrors: Vec::new(),
        origin: spot.clone(),
    })
}
