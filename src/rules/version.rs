//! Versions of a service, and how they are found by their names.

use std::sync::Arc;

use super::lane::Lane;
use crate::error::{Error, Place};
use crate::policy::Text;

/// One version of a service.
#[derive(Debug)]
pub struct Version {
    pub(super) name: Arc<str>,
    pub(super) cluster: Option<Box<str>>,
    pub(super) lane: Option<Arc<Lane>>,
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
    #[cfg(feature = "cli")]
    pub(crate) fn is_in_lane(&self) -> bool {
        self.lane.is_some()
    }

    /// Whether nobody gets it, whatever rules say.
    pub(crate) fn is_closed(&self) -> bool {
        self.lane.as_ref().is_some_and(|lane| !lane.open)
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
