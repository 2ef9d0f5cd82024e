//! Versions that a guard has closed, as a command line names them.

use anyhow::Context;

use crate::guard::{Standing, State};
use crate::rules::{Rules, Service, Version};

/// How the versions stand where these, each a service and its version, are closed.
pub(in crate::cli) fn standings(rules: &Rules, closed: &[String]) -> anyhow::Result<Vec<Standing>> {
    let versions = rules.services().iter().flat_map(Service::versions);
    let mut standings = vec![Standing::default(); versions.count()];
    for name in closed {
        let version = guarded(rules, name).with_context(|| {
            format!("--closed {name}: no guarded version has this name; write checkout/v2")
        })?;
        standings[version.number()] = Standing::default().becomes(State::Closed, 0);
    }
    Ok(standings)
}

fn guarded<'r>(rules: &'r Rules, name: &str) -> Option<&'r Version> {
    let (service, version) = name.split_once('/')?;
    let mut services = rules.services().iter();
    let service = services.find(|own| own.name() == service)?;
    let mut versions = service.versions().filter(|own| own.guard().is_some());
    versions.find(|own| own.name() == version)
}
