//! Parts of a policy that do nothing.

use super::Finding;
use crate::cli::input::Loaded;

pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let mut findings = Vec::new();
    if policy.document.get("trust").is_some() && policy.document["role"] == "mesh" {
        findings.push(Finding::warning(
            "trust".to_owned(),
            "is never asked: with `role: mesh` every tag is followed; leave it out".to_owned(),
        ));
    }
    for (at, service) in policy.rules.services().iter().enumerate() {
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
