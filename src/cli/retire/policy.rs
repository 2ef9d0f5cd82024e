//! Whether a policy still sends users to a version.

use anyhow::Context;

use super::Version;
use crate::cli::input::Loaded;
use crate::cli::output::percent;
use crate::rules::{Action, Rule, Service, Share, Split};

/// How the policy still sends users there, now or by a plan; `None` if it does not.
///
/// What is switched off or only counted is taken as it stands: it could be switched on.
pub(super) fn sends(
    policy: &Loaded,
    version: &Version,
    now: u64,
) -> anyhow::Result<Option<String>> {
    let Version { service, name } = version;
    let services = policy.rules.services();
    let found = services.iter().find(|own| own.name() == *service);
    let found = found.with_context(|| {
        let names: Vec<_> = services.iter().map(Service::name).collect();
        format!(
            "{} has no service {service:?}, but {}; name one of them",
            policy.source.label,
            names.join(", ")
        )
    })?;
    if found.baseline().name() == name {
        return Ok(Some(format!("it is the baseline of {service}")));
    }
    let rules = found.rules().iter();
    let mut rules = rules.filter_map(|rule| Some((rule, by_rule(rule, name, now)?)));
    if let Some((rule, how)) = rules.next() {
        return Ok(Some(format!("{} {how}", rule.name())));
    }
    let mut mirrors = found.mirrors().iter();
    let copied = mirrors.find_map(|mirror| by_split(mirror, name, now));
    Ok(copied.map(|how| format!("a mirror {how}")))
}

fn by_rule(rule: &Rule, version: &str, now: u64) -> Option<String> {
    match &rule.action {
        Action::Use(used) => (used.name() == version).then(|| "uses it".to_owned()),
        Action::Split(split) => by_split(split, version, now),
    }
}

fn by_split(split: &Split, version: &str, now: u64) -> Option<String> {
    let slices = split.slices_at(now);
    let own = slices
        .iter()
        .filter(|slice| slice.version().name() == version);
    let (mut named, mut share) = (false, 0);
    for slice in own {
        named = true;
        share += slice.buckets().len();
    }
    if share > 0 {
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        return Some(format!("gives it {}", percent(share)));
    }
    let mut ramps = split.ramps().filter(|(own, _)| own.name() == version);
    let to_come = |(from, share): (u64, Share)| from > now && share > Share::default();
    if ramps.any(|(_, ramp)| ramp.steps().any(to_come)) {
        return Some("has a ramp that will give it some".to_owned());
    }
    (named && split.keep.is_some()).then(|| "keeps users on it; take it out of `to`".to_owned())
}
