//! Where a `VirtualService` sends requests: versions, by their clusters' names.

use std::collections::BTreeMap;

use super::super::draft::Version;
use super::super::notes::Notes;
use super::super::part::{Part, Read};
use super::super::settings::Settings;

/// What Kubernetes appends to a service's name and namespace.
pub(super) const DOMAIN: &str = "svc.cluster.local";

/// A host, a subset of it or none, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    host: String,
    subset: Option<String>,
    port: u64,
}

/// The subsets that `DestinationRule`s define, by their hosts.
pub(super) type Subsets = BTreeMap<String, Vec<String>>;

/// A host as Istio resolves it: a name without dots is one of the namespace.
pub(super) fn full(host: &str, namespace: &str) -> String {
    if host.contains('.') || host.contains('*') {
        host.to_owned()
    } else {
        format!("{host}.{namespace}.{DOMAIN}")
    }
}

impl Destination {
    pub(super) fn read(
        of: &Part<'_>,
        namespace: &str,
        subsets: &Subsets,
        settings: &Settings<'_>,
        notes: &mut Notes,
    ) -> Read<Self> {
        let host = full(of.need("host")?.text()?, namespace);
        let subset = of.text_of("subset")?.map(str::to_owned);
        let port = if let Some(port) = of.get("port") {
            port.need("number")?.count()?
        } else {
            let note = format!(
                "a destination names no port, so it has the service's; {} is taken for it, another by \
                 --port",
                settings.port
            );
            notes.say(&of.spot, note);
            settings.port.into()
        };
        if let (Some(subset), Some(known)) = (&subset, subsets.get(&host))
            && !known.contains(subset)
        {
            let note = format!(
                "no DestinationRule here has the subset {subset} of {host}: its requests get 503, there \
                 as here"
            );
            notes.say(&of.spot, note);
        }
        Ok(Self { host, subset, port })
    }

    /// The cluster's name in gateways and sidecars.
    fn cluster(&self) -> String {
        let subset = self.subset.as_deref().unwrap_or_default();
        format!("outbound|{}|{subset}|{}", self.port, self.host)
    }

    /// Its name, in this much detail.
    fn name(&self, detail: usize) -> String {
        let label = self.host.split('.').next().unwrap_or_default();
        let subset = self.subset.as_deref();
        let of = |host: &str| match subset {
            Some(subset) => format!("{host}-{subset}"),
            None => host.to_owned(),
        };
        match detail {
            0 => subset.unwrap_or(label).to_owned(),
            1 => of(label),
            2 => of(&self.host),
            _ => format!("{}-{}", of(&self.host), self.port),
        }
    }
}

/// Destinations as versions, in their order: by the shortest names that tell them apart.
pub(super) fn versions(destinations: &[Destination]) -> Vec<Version> {
    let names = |detail| -> Vec<_> { destinations.iter().map(|each| each.name(detail)).collect() };
    let differ = |names: &Vec<String>| {
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        sorted.len() == names.len()
    };
    let names = (0..3).map(names).find(differ).unwrap_or_else(|| names(3));
    let version = |(destination, name): (&Destination, String)| Version {
        name,
        cluster: Some(destination.cluster()),
    };
    destinations.iter().zip(names).map(version).collect()
}
