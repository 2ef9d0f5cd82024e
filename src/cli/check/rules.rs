//! Rules that no request reaches, and splits that are not independent.

use std::collections::BTreeMap;

use super::Finding;
use crate::cli::input::Loaded;
use crate::cli::layout;

pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let mut findings = Vec::new();
    // The first split of each salt: its rule, its service, and whether the salt is written out.
    let mut salts: BTreeMap<&str, (String, usize, bool)> = BTreeMap::new();
    for (at, service) in policy.rules.services().iter().enumerate() {
        let document = &policy.document["services"][at]["rules"];
        for (index, rule) in service.rules().iter().enumerate() {
            let place = format!("services[{at}].rules[{index}]");
            let when = document[index].get("when");
            let mut earlier = service.rules().iter().enumerate().take(index);
            let stopped = earlier.find(|(other, earlier)| {
                let theirs = document[*other].get("when");
                layout::always_decides(earlier) && (theirs.is_none() || theirs == when)
            });
            if let Some((other, earlier)) = stopped {
                let whom = match document[other].get("when") {
                    None => "decides for everybody",
                    Some(_) => "has the same `when` and decides",
                };
                findings.push(Finding::warning(
                    place.clone(),
                    format!(
                        "{} is never asked: {} stands before it and {whom}; put it before {}",
                        rule.name(),
                        earlier.name(),
                        earlier.name()
                    ),
                ));
            }
            let Some(split) = rule.split() else { continue };
            let written = document[index]["split"].get("salt").is_some();
            let own = (format!("{}/{}", service.name(), rule.name()), at, written);
            let Some((other, its_service, its_written)) = salts.get(split.salt()) else {
                salts.insert(split.salt(), own);
                continue;
            };
            let place = format!("{place}.split{}", if written { ".salt" } else { "" });
            findings.push(if written && *its_written {
                let scope = if *its_service == at {
                    "rule"
                } else {
                    "service"
                };
                Finding::note(
                    place,
                    format!(
                        "{other} has this salt too, so the same users come first in both; \
                         unless that is meant, give each {scope} a salt of its own"
                    ),
                )
            } else {
                Finding::warning(
                    place,
                    format!(
                        "the salt {:?} is the one that {other} has: its default is \
                         `<service>/<rule>`, and the other is written out; give each its own",
                        split.salt()
                    ),
                )
            });
        }
    }
    findings
}
