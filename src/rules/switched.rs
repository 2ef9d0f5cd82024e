//! A policy as switches have it.

use super::share::Share;
use crate::error::{Error, Place};
use crate::policy::{Algorithm, Policy, Service, Switch, Switches, Target, Text};

/// Makes a policy what switches have it: closes versions and lanes, and sets shares. Tells what of
/// the switches the policy has no place for, each as a sentence.
///
/// # Errors
///
/// A percentage that is none.
pub fn switched(policy: &mut Policy, switches: &Switches) -> Result<Vec<String>, Error> {
    let root = Place::ROOT.field("switches");
    let mut left_out = Vec::new();
    for (name, switch) in &switches.0 {
        let place = root.field(name);
        let done = match name.split_once('/') {
            Some((service, version)) => of_version(&place, policy, service, version, *switch)?,
            None => of_lane(&place, policy, name, *switch)?,
        };
        if let Err(why) = done {
            left_out.push(place.error(why).to_string());
        }
    }
    Ok(left_out)
}

/// Whether the policy has a place for a switch; else why not.
type Done = Result<(), &'static str>;

const NO_SHARE: &str = "has no percentage in the policy to set; close it, or change the policy";

fn of_version(
    place: &Place<'_>,
    policy: &mut Policy,
    service: &str,
    version: &str,
    switch: Switch,
) -> Result<Done, Error> {
    let mut services = policy.services.iter_mut();
    let Some(service) = services.find(|own| own.name.0 == service) else {
        return Ok(Err("is of no service of the policy"));
    };
    let mut versions = service.versions.iter_mut();
    let Some(own) = versions.find(|own| own.name.0 == version) else {
        return Ok(Err("is no version of the service"));
    };
    match switch {
        Switch::Closed if service.baseline.0 == version => Ok(Err(
            "is the baseline, behind which there is nothing; close others",
        )),
        Switch::Closed => {
            own.enabled = false;
            Ok(Ok(()))
        }
        Switch::Percent(percent) => {
            Share::from_percent(place, percent, Algorithm::GraylaneV1)?;
            Ok(set(targets(service, version), percent))
        }
    }
}

fn of_lane(
    place: &Place<'_>,
    policy: &mut Policy,
    name: &str,
    switch: Switch,
) -> Result<Done, Error> {
    let mut lanes = policy.lanes.iter_mut().flatten();
    let Some(lane) = lanes.find(|lane| lane.name.0 == name) else {
        return Ok(Err(
            "is no lane of the policy; a version is written as <service>/<version>",
        ));
    };
    match switch {
        Switch::Closed => {
            lane.enabled = false;
            Ok(Ok(()))
        }
        Switch::Percent(percent) => {
            Share::from_percent(place, percent, Algorithm::GraylaneV1)?;
            let services = policy.services.iter_mut();
            Ok(set(services.flat_map(|own| targets(own, name)), percent))
        }
    }
}

/// The targets of a service's splits that are of this name.
fn targets<'p>(service: &'p mut Service, name: &'p str) -> impl Iterator<Item = &'p mut Target> {
    let rules = service.rules.iter_mut().flatten();
    let splits = rules.filter_map(|rule| rule.split.as_mut());
    let targets = splits.flat_map(|split| &mut split.to);
    targets.filter(move |target| {
        let Text(version) = &target.version;
        version == name && (target.percent.is_some() || target.ramp.is_some())
    })
}

fn set<'p>(targets: impl Iterator<Item = &'p mut Target>, percent: crate::policy::Number) -> Done {
    let mut any = Err(NO_SHARE);
    for target in targets {
        target.ramp = None;
        target.percent = Some(percent);
        any = Ok(());
    }
    any
}
