//! What a proxy counts of each version.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::cli::admin::{Admin, Metric};

const OPEN: &str = "open_streams";
const REQUESTS: &str = "requests_total";

/// What a proxy counts of one version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Requests and streams that have not ended.
    pub(super) open: u64,
    /// All that were ever decided for it.
    pub(super) requests: u64,
}

/// By service and version.
pub(super) type Counts = BTreeMap<(String, String), Count>;

/// What the proxy has counted of every version that it knows.
pub(super) fn counts(admin: &Admin) -> Result<Counts> {
    Ok(of(admin.metrics(&[OPEN, REQUESTS])?))
}

fn of(metrics: Vec<Metric>) -> Counts {
    let mut counts = Counts::new();
    for mut metric in metrics {
        let mut tag = |name| metric.tags.remove(name);
        let (Some(service), Some(version)) = (tag("service"), tag("version")) else {
            continue;
        };
        let count = counts.entry((service, version)).or_default();
        if metric.name == OPEN {
            count.open = metric.value;
        } else {
            count.requests = metric.value;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_by_service_and_version() {
        let metric = |version: &str, name: &str, value| Metric {
            name: name.to_owned(),
            tags: [("service", "a.b"), ("version", version)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            value,
        };
        let counts = of(vec![
            metric("v1", "open_streams", 3),
            metric("v1", "requests_total", 40),
            metric("v-1", "requests_total", 5),
        ]);
        let count = |version: &str| counts[&("a.b".to_owned(), version.to_owned())];
        assert_eq!((count("v1").open, count("v1").requests), (3, 40));
        assert_eq!((count("v-1").open, count("v-1").requests), (0, 5));
        assert_eq!(counts.len(), 2);
    }
}
