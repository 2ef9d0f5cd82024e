//! The versions of a host, by the names of their services.

use super::super::draft::Version;
use super::Canary;
use super::locations::{Backend, Location};

/// The baseline, where the routes say by the path which backend it is.
pub(super) const BASELINE: &str = "baseline";

/// The versions of a host.
pub(super) struct Versions<'b> {
    pub(super) baseline: String,
    /// The one backend of the baseline, where it has but one.
    backend: Option<&'b Backend>,
    canaries: Vec<&'b Backend>,
}

impl<'b> Versions<'b> {
    pub(super) fn new(own: &[&'b Location<'_>], canaries: &'b [Canary<'_>]) -> Self {
        let first = own.first().map(|location| &location.backend);
        let backend = first.filter(|first| own.iter().all(|each| each.backend == **first));
        let mut found: Vec<&Backend> = Vec::new();
        for location in own {
            let canary = canaries.iter().find(|canary| canary.of == location.backend);
            if let Some(canary) = canary
                && !found.contains(&&canary.backend)
            {
                found.push(&canary.backend);
            }
        }
        Self {
            baseline: backend
                .map_or(BASELINE, |backend| &backend.service)
                .to_owned(),
            backend,
            canaries: found,
        }
    }

    /// A service's name, and what tells it from another version of that name.
    pub(super) fn name(&self, backend: &Backend) -> String {
        let others = self.canaries.iter().copied().chain(self.backend);
        let mut alike =
            others.filter(|other| *other != backend && other.service == backend.service);
        match alike.next() {
            None if backend.service != self.baseline || self.backend.is_some() => {
                backend.service.clone()
            }
            Some(other) if other.namespace != backend.namespace => {
                format!("{}-{}", backend.service, backend.namespace)
            }
            _ => format!("{}-{}", backend.service, backend.port),
        }
    }

    pub(super) fn list(&self) -> Vec<Version> {
        let baseline = Version {
            name: self.baseline.clone(),
            cluster: self.backend.map(|backend| backend.service.clone()),
        };
        let canary = |backend: &&Backend| {
            let name = self.name(backend);
            Version {
                cluster: Some(name.clone()),
                name,
            }
        };
        std::iter::once(baseline)
            .chain(self.canaries.iter().map(canary))
            .collect()
    }
}
