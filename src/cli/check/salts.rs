//! Splits and mirrors that are not independent, since they have one salt.

use std::collections::BTreeMap;

use super::Finding;
use crate::cli::input::Loaded;
use crate::rules::Split;

/// What draws by a salt.
struct Drawn<'p> {
    place: String,
    owner: String,
    service: usize,
    split: &'p Split,
    /// Whether the salt is written out.
    written: bool,
}

pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let drawn = all(policy);
    // Other algorithms make other buckets of one salt.
    let draw = |drawn: &Drawn<'_>| {
        (
            drawn.split.draw().algorithm().name(),
            drawn.split.draw().salt().to_owned(),
        )
    };
    let defaults = drawn.iter().filter(|drawn| !drawn.written);
    let defaults: BTreeMap<_, _> = defaults.map(|drawn| (draw(drawn), &*drawn.owner)).collect();
    let mut firsts = BTreeMap::new();
    let mut findings = Vec::new();
    for drawn in drawn.iter().filter(|drawn| drawn.written) {
        let place = format!("{}.salt", drawn.place);
        if let Some(owner) = defaults.get(&draw(drawn)) {
            findings.push(Finding::warning(
                place,
                format!(
                    "{:?} is the salt that {owner} has by default, so the same users come first in \
                     both; write another",
                    drawn.split.draw().salt()
                ),
            ));
        } else if let Some((other, service)) = firsts.get(&draw(drawn)) {
            let scope = if *service == drawn.service {
                "rule"
            } else {
                "service"
            };
            findings.push(Finding::note(
                place,
                format!(
                    "{other} has this salt too, so the same users come first in both; unless that \
                     is meant, give each {scope} a salt of its own"
                ),
            ));
        } else {
            firsts.insert(draw(drawn), (&drawn.owner, drawn.service));
        }
    }
    findings
}

fn all(policy: &Loaded) -> Vec<Drawn<'_>> {
    let services = policy.rules.services().iter().enumerate();
    let drawn = services.flat_map(|(at, service)| {
        let document = &policy.document["services"][at]["rules"];
        let rules = service.rules().iter().enumerate();
        let splits = rules.filter_map(move |(index, rule)| {
            Some(Drawn {
                place: format!("services[{at}].rules[{index}].split"),
                owner: format!("{}/{}", service.name(), rule.name()),
                service: at,
                split: rule.split()?,
                written: document[index]["split"].get("salt").is_some(),
            })
        });
        let mirrors = service.mirrors().iter().enumerate();
        let mirrors = mirrors.map(move |(index, split)| Drawn {
            place: format!("services[{at}].mirror[{index}]"),
            owner: format!("mirror[{index}] of {}", service.name()),
            service: at,
            split,
            written: false,
        });
        splits.chain(mirrors)
    });
    drawn.collect()
}
