//! Versions that nobody gets, or that get nobody's requests.

use std::collections::BTreeSet;

use super::{Finding, lanes};
use crate::cli::input::Loaded;
use crate::cli::layout;
use crate::rules::Version;

pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let mut findings = Vec::new();
    // A tag that is believed may bring users whom no rule here sends. With `role: auto` another
    // node may believe it.
    let tagged = policy.rules.believes_some() || policy.document["role"] == "auto";
    let lanes = lanes::entered(&policy.rules);
    for (at, service) in policy.rules.services().iter().enumerate() {
        let baseline = service.baseline().name();
        let copied = service
            .mirrors()
            .iter()
            .flat_map(|mirror| mirror.slices_at(0));
        let copied = copied.map(|slice| slice.version());
        let named = service.rules().iter().flat_map(layout::named).chain(copied);
        let named: BTreeSet<_> = named.map(Version::name).collect();
        let some_cluster = service
            .versions()
            .filter(|version| version.name() != baseline)
            .find(|version| version.cluster().is_some());
        for (index, version) in service.versions().enumerate() {
            let place = format!("services[{at}].versions[{index}]");
            if version.name() == baseline {
                continue;
            }
            let entered = version.is_in_lane() && lanes.contains(version.tag());
            if !tagged && !entered && !named.contains(version.name()) {
                findings.push(Finding::warning(
                    place.clone(),
                    format!(
                        "nobody gets {}: no rule and no mirror names it; name it in one, or leave it out",
                        version.name()
                    ),
                ));
            }
            if let (None, Some(other)) = (version.cluster(), some_cluster) {
                findings.push(Finding::warning(
                    place.clone(),
                    format!(
                        "{} names no cluster while {} does: its requests are tagged {}, and go \
                         where the baseline's go; name its cluster",
                        version.name(),
                        other.name(),
                        version.name()
                    ),
                ));
            }
            let same = service
                .versions()
                .take(index)
                .find(|other| version.cluster().is_some() && other.cluster() == version.cluster());
            if let Some(other) = same {
                findings.push(Finding::warning(
                    format!("{place}.cluster"),
                    format!(
                        "{} has this cluster too; give each version its own, or to both none and \
                         route by the tag",
                        other.name()
                    ),
                ));
            }
        }
        let spelt: Vec<_> = service.versions().map(Version::name).collect();
        for (index, name) in spelt.iter().enumerate() {
            let alike = |other: &&&str| other.eq_ignore_ascii_case(name);
            if let Some(other) = spelt[..index].iter().find(alike) {
                findings.push(Finding::warning(
                    format!("services[{at}].versions[{index}].name"),
                    format!("{name} and {other} differ in case alone; a tag must fit exactly"),
                ));
            }
        }
    }
    findings
}
