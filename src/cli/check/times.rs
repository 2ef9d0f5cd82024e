//! Plans that are carried out, and stretches of time that are over.

use super::Finding;
use super::places::{self, items};
use crate::cli::clock::{read, written};
use crate::cli::input::Loaded;
use crate::rules::{Ramp, Split};

pub(super) fn look(policy: &Loaded, now: u64) -> Vec<Finding> {
    let mut findings = ramps(policy, now);
    findings.extend(stretches(policy, now));
    findings
}

fn ramps(policy: &Loaded, now: u64) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, service) in policy.rules.services().iter().enumerate() {
        let document = &policy.document["services"][at]["rules"];
        for (index, rule) in service.rules().iter().enumerate() {
            let ramps = rule.split().into_iter().flat_map(Split::ramps);
            for (version, ramp) in ramps {
                let Some(problem) = ended(ramp, now) else {
                    continue;
                };
                let mut targets = items(&document[index]["split"]["to"]);
                let target = targets.find(|(_, target)| target["version"] == *version.name());
                let target = target.map_or(0, |(target, _)| target);
                let place = format!("services[{at}].rules[{index}].split.to[{target}].ramp");
                findings.push(Finding::warning(place, problem));
            }
        }
    }
    findings
}

fn ended(ramp: &Ramp, now: u64) -> Option<String> {
    let (began, share) = ramp.steps().last().filter(|&(from, _)| from <= now)?;
    let began = written(began);
    Some(format!(
        "its last step began at {began}, and holds for good; write `percent: {share}` instead"
    ))
}

fn stretches(policy: &Loaded, now: u64) -> Vec<Finding> {
    let conditions = places::conditions(&policy.document);
    let stretches = conditions.iter().filter(|found| found.kind == "time");
    let findings = stretches.filter_map(|time| {
        let begun = |field: &str| Some(read(time.body.get(field)?.as_str()?)? <= now);
        let (field, problem) = match (begun("from"), begun("until")) {
            (_, Some(true)) => (
                "until",
                "is past: this never holds any more; leave out what it is for, or move it",
            ),
            (Some(true), None) => (
                "from",
                "is past, and nothing ends it: this always holds; leave it out",
            ),
            _ => return None,
        };
        let place = format!("{}.{field}", time.place);
        Some(Finding::warning(place, problem.to_owned()))
    });
    findings.collect()
}
