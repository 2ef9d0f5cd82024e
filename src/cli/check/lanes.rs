//! Lanes that nobody enters or that are closed, and versions that a tag couples by chance.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::places::items;
use crate::cli::input::Loaded;
use crate::cli::layout;
use crate::rules::{Rules, Service, Version};

pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let tagged = policy.rules.believes_some() || policy.document["role"] == "auto";
    let mut findings = Vec::new();
    let entered = entered(&policy.rules);
    let services = policy.rules.services();
    for (at, lane) in items(&policy.document["lanes"]) {
        let name = lane["name"].as_str().unwrap_or_default();
        if !tagged && !entered.contains(name) {
            findings.push(Finding::warning(
                format!("lanes[{at}]"),
                format!(
                    "nobody enters {name}: no rule names it or a version in it; name it in one, \
                     or leave it out"
                ),
            ));
        }
        if lane["enabled"] == false {
            findings.push(Finding::note(
                format!("lanes[{at}].enabled"),
                format!("{name} is closed; take it out to open it"),
            ));
        } else if lane["mode"] == "strict" {
            let members = items(&lane["members"]).filter_map(|(_, member)| member.as_str());
            let members = members.filter_map(|member| Some(member.split_once('/')?.0));
            let off = members.filter(|member| {
                let mut services = services.iter();
                let service = services.find(|service| service.name() == *member);
                service.is_some_and(|service| !service.enabled || service.dry_run)
            });
            findings.extend(off.map(|off| {
                Finding::note(
                    format!("lanes[{at}].mode"),
                    format!("{name} is closed, since {off} is off; switch that on to open it"),
                )
            }));
        }
    }
    if tagged {
        findings.extend(coupled(&policy.rules));
    }
    findings
}

/// The lanes that some rule names.
pub(super) fn entered(rules: &Rules) -> BTreeSet<&str> {
    let rules = rules.services().iter().flat_map(Service::rules);
    let named = rules.flat_map(layout::named);
    let in_lanes = named.filter(|version| version.is_in_lane());
    in_lanes.map(Version::tag).collect()
}

/// Versions of one name in several services: whoever is on one is on all.
fn coupled(rules: &Rules) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut known = BTreeMap::new();
    for (at, service) in rules.services().iter().enumerate() {
        let baseline = service.baseline().name();
        for (index, version) in service.versions().enumerate() {
            if version.name() == baseline || version.is_in_lane() {
                continue;
            }
            let name = version.name();
            if let Some(other) = known.insert(name, service.name()) {
                findings.push(Finding::note(
                    format!("services[{at}].versions[{index}].name"),
                    format!(
                        "{other} has a {name} too, so whoever is on one is on the other; put them \
                         into one lane if that is meant, or into two"
                    ),
                ));
            }
        }
    }
    findings
}
