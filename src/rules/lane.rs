//! Lanes: versions of several services that are one release.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::checks::{at_most, not_empty, once};
use super::name;
use super::version::unknown;
use crate::error::{Error, Place};
use crate::limits::MAX_LANES;
use crate::policy::{self, Mode, Text};

/// One lane.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) name: Arc<str>,
    /// Whether anybody gets its versions.
    pub(super) open: bool,
    /// The numbers of its versions, of which each that is closed closes all. Empty: none does.
    pub(super) bound: Box<[usize]>,
}

/// The lanes of a policy, while it is compiled.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: Vec<Arc<Lane>>,
    /// Of each service, the versions that are in one.
    members: Vec<Vec<(String, Arc<Lane>)>>,
}

impl Lanes {
    /// Holds the lanes against the services as they are written, before those are compiled.
    pub(super) fn compile(
        documents: Option<Vec<policy::Lane>>,
        services: &[policy::Service],
    ) -> Result<Self, Error> {
        let mut lanes = Self::default();
        let Some(documents) = documents else {
            return Ok(lanes);
        };
        let place = Place::ROOT.field("lanes");
        not_empty(&place, &documents, "leave it out to have none")?;
        at_most(
            &place,
            &documents,
            MAX_LANES,
            "lanes; remove those that have ended",
        )?;
        lanes.members.resize_with(services.len(), Vec::new);
        let mut names = BTreeSet::new();
        for (index, document) in documents.into_iter().enumerate() {
            lanes.add(&place.index(index), document, services, &mut names)?;
        }
        Ok(lanes)
    }

    fn add(
        &mut self,
        place: &Place<'_>,
        document: policy::Lane,
        services: &[policy::Service],
        names: &mut BTreeSet<Arc<str>>,
    ) -> Result<(), Error> {
        let at_name = place.field("name");
        let name: Arc<str> = name::name(&at_name, document.name)?.into();
        once(&at_name, names, &name)?;
        let at_members = place.field("members");
        not_empty(&at_members, &document.members, "name a version")?;
        let mut open = document.enabled;
        let mut bound = Vec::new();
        let mut members = Vec::with_capacity(document.members.len());
        for (index, Text(member)) in document.members.into_iter().enumerate() {
            let place = at_members.index(index);
            let (at, version) = find(&place, &member, services)?;
            if members.iter().any(|(other, _)| *other == at) {
                return Err(place.wrong(
                    &member,
                    "is the lane's second version of the service; keep one",
                ));
            }
            let taken = self.members.get(at).into_iter().flatten();
            if let Some((_, other)) = taken.into_iter().find(|(own, _)| own == version) {
                return Err(place.wrong(
                    &member,
                    format!("is in the lane {:?} as well; keep one", other.name),
                ));
            }
            let off = |service: &policy::Service| !service.enabled || service.dry_run;
            if document.mode == Mode::Strict {
                open &= !services
                    .get(at)
                    .is_some_and(|own| off(own) || is_closed(own, version));
                bound.extend(number(services, at, version));
            }
            members.push((at, version.to_owned()));
        }
        // A tag of this name means the lane, whichever service it comes to.
        for (at, service) in services.iter().enumerate() {
            let namesakes = service.versions.iter();
            let mut namesakes = namesakes.filter(|version| *version.name.0 == *name);
            let member = |(own, version): &(usize, String)| *own == at && **version == *name;
            if namesakes.next().is_some() && !members.iter().any(member) {
                return Err(at_name.error(format!(
                    "{name:?} is also a version of {:?} that is not in the lane; name the lane \
                     otherwise",
                    service.name.0
                )));
            }
        }
        let lane = Arc::new(Lane {
            name,
            open,
            bound: bound.into(),
        });
        for (at, version) in members {
            if let Some(own) = self.members.get_mut(at) {
                own.push((version, lane.clone()));
            }
        }
        self.lanes.push(lane);
        Ok(())
    }

    /// The lane that a version of a service is in.
    pub(super) fn of(&self, service: usize, version: &str) -> Option<&Arc<Lane>> {
        let own = self.members.get(service)?;
        let own = own.iter().find(|(member, _)| member == version);
        own.map(|(_, lane)| lane)
    }

    /// The lane of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Lane>> {
        self.lanes.iter().find(|lane| *lane.name == *name)
    }

    /// What a sentence about an unknown version adds: that it could have been one of these.
    pub(super) fn or_one(&self) -> String {
        let names: Vec<_> = self.lanes.iter().map(|lane| &*lane.name).collect();
        match &names[..] {
            [] => String::new(),
            names => format!(", or of the policy's lanes ({})", names.join(", ")),
        }
    }
}

/// The number of a service's version among all of the policy.
fn is_closed(service: &policy::Service, version: &str) -> bool {
    let mut versions = service.versions.iter();
    versions.any(|own| own.name.0 == version && !own.enabled)
}

fn number(services: &[policy::Service], at: usize, version: &str) -> Option<usize> {
    let own = services.get(at)?.versions.iter();
    let own = own.enumerate().find(|(_, each)| each.name.0 == version)?;
    let before = services.iter().take(at).map(|each| each.versions.len());
    Some(before.fold(own.0, usize::saturating_add))
}

/// The service of a member, by its place among them, and the version.
fn find<'m>(
    place: &Place<'_>,
    member: &'m str,
    services: &[policy::Service],
) -> Result<(usize, &'m str), Error> {
    let Some((service, version)) = member.split_once('/') else {
        return Err(place.wrong(
            member,
            "is not a service and its version; write it as `checkout/v2`",
        ));
    };
    let mut known = services.iter().enumerate();
    let Some((at, service)) = known.find(|(_, each)| each.name.0 == service) else {
        return Err(place.wrong(
            service,
            "is not one of the policy's services; name one of `services`",
        ));
    };
    if service.baseline.0 == version {
        return Err(place.wrong(
            member,
            "is its service's baseline, which is for everybody else; name another version",
        ));
    }
    let names: Vec<_> = service.versions.iter().map(|each| &*each.name.0).collect();
    if !names.contains(&version) {
        return Err(unknown(place, &names, version, ""));
    }
    Ok((at, version))
}
