//! Parts of a policy that do nothing.

use super::Finding;
use crate::cli::input::Loaded;
use crate::rules::{Missing, Rule, Split};

pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let mut findings = Vec::new();
    if policy.document.get("trust").is_some() && policy.document["role"] == "mesh" {
        findings.push(Finding::warning(
            "trust".to_owned(),
            "is never asked: with `role: mesh` every tag is followed; leave it out".to_owned(),
        ));
    }
    for (at, service) in policy.rules.services().iter().enumerate() {
        let place = format!("services[{at}]");
        if service.dry_run {
            findings.push(Finding::note(
                format!("{place}.dry_run"),
                format!(
                    "{} is only counted; take it out to apply it",
                    service.name()
                ),
            ));
        }
        for (index, rule) in service.rules().iter().enumerate() {
            if rule.dry_run {
                findings.push(Finding::note(
                    format!("{place}.rules[{index}].dry_run"),
                    format!("{} is only counted; take it out to apply it", rule.name()),
                ));
            }
        }
        let mut splits = service.rules().iter().filter_map(Rule::split);
        let sets =
            |split: &Split| split.keep.is_some() || matches!(split.missing, Missing::Mint(_));
        let written = policy.document["services"][at].get("cookies").is_some();
        if written && !splits.any(sets) {
            findings.push(Finding::warning(
                format!("{place}.cookies"),
                "no split sets a cookie: none has `missing: mint` or `keep`; leave it out"
                    .to_owned(),
            ));
        }
        for (index, mirror) in service.mirrors().iter().enumerate() {
            // A mirror's share does not move with time.
            let slices = mirror.slices_at(0);
            if slices.iter().all(|slice| slice.buckets().is_empty()) {
                findings.push(Finding::warning(
                    format!("services[{at}].mirror[{index}].percent"),
                    "0 copies nobody; raise it, or leave the mirror out".to_owned(),
                ));
            }
        }
    }
    findings
}
