//! Versions of a service, and how they are found by their names.

use std::sync::Arc;

use super::guard::Guard;
use super::lane::Lane;
use crate::error::{Error, Place};
use crate::guard::State;
use crate::moment::Moment;
use crate::policy::Text;

/// One version of a service.
#[derive(Debug)]
pub struct Version {
    /// Which of all versions of the policy it is, in their order; for a lane that has no version
    /// in the service, the baseline's.
    pub(super) number: usize,
    pub(super) name: Arc<str>,
    pub(super) cluster: Option<Box<str>>,
    /// Whether anybody gets it.
    pub(super) enabled: bool,
    pub(super) lane: Option<Arc<Lane>>,
    pub(super) guard: Option<Guard>,
}

impl Version {
    /// Its name; that of a lane, where the lane goes through a service that has no version in it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tag's value: the name of its lane, or its own.
    #[must_use]
    pub fn tag(&self) -> &str {
        self.lane.as_ref().map_or(&self.name, |lane| &lane.name)
    }

    /// Whether it is one release with versions of other services.
    #[cfg(feature = "tools")]
    pub(crate) fn is_in_lane(&self) -> bool {
        self.lane.is_some()
    }

    /// Its number among all versions of the policy, in their order.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// What it may do wrong, where somebody watches.
    #[must_use]
    pub fn guard(&self) -> Option<&Guard> {
        self.guard.as_ref()
    }

    /// Whether the policy leaves it its users.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether nobody gets it, whatever rules say.
    pub(crate) fn is_closed(&self, moment: Moment) -> bool {
        let closed = |number: usize| moment.standing(number).state == State::Closed;
        // Most have no guard, and so nothing to look up.
        !self.enabled
            || self.guard.is_some() && closed(self.number)
            || self
                .lane
                .as_ref()
                .is_some_and(|lane| !lane.open || lane.bound.iter().copied().any(closed))
    }

    /// Whether a few of its users try it again.
    pub(crate) fn is_probing(&self, moment: Moment) -> bool {
        self.guard.is_some() && moment.standing(self.number).state == State::Probing
    }

    /// Whether it is one release with versions of other services that goes on without it.
    pub(crate) fn is_in_open_lane(&self, moment: Moment) -> bool {
        let closed = |number: &usize| moment.standing(*number).state == State::Closed;
        let lane = self.lane.as_ref();
        lane.is_some_and(|lane| lane.open && !lane.bound.iter().any(closed))
    }

    /// The time that its ramps have, in milliseconds since the Unix epoch.
    pub(super) fn ramp_time(&self, moment: Moment) -> u64 {
        match self.guard {
            Some(_) => moment.standing(self.number).ramp_time(moment.now),
            None => moment.now,
        }
    }

    /// The cluster that it is reached by, if the policy names one.
    #[must_use]
    pub fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }
}

/// The version of this name.
pub(super) fn find<'v>(
    place: &Place<'_>,
    versions: &'v [Arc<Version>],
    Text(name): &Text,
) -> Result<&'v Arc<Version>, Error> {
    let found = versions.iter().find(|version| *version.name == **name);
    found.ok_or_else(|| {
        let names: Vec<_> = versions.iter().map(|version| version.name()).collect();
        unknown(place, &names, name, "")
    })
}

/// The sentence for a name that no version of the service has; `or` is what else it could have been.
#[cold]
#[inline(never)]
pub(super) fn unknown(place: &Place<'_>, versions: &[&str], name: &str, or: &str) -> Error {
    let versions = versions.join(", ");
    place.error(format!(
        "{name:?} is not one of the service's versions ({versions}){or}"
    ))
}
