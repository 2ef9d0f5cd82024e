//! What a proxy's admin interface counts of each version.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use ureq::Agent;
use ureq::http::Uri;

/// An admin interface that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Names as Envoy has them, with or without `stats_tags`.
const FILTER: &str = r"^wasmcustom\..*graylane_(open_streams|requests_total)$";

/// The admin interface of one Envoy.
#[derive(Clone, Debug)]
pub(super) struct Admin {
    url: String,
    agent: Agent,
}

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

#[derive(Deserialize)]
struct Stats {
    stats: Vec<Stat>,
}

#[derive(Deserialize)]
struct Stat {
    name: String,
    value: u64,
}

impl FromStr for Admin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Option<Uri> = text.trim_end_matches('/').parse().ok();
        let uri = uri.filter(|uri| uri.scheme_str() == Some("http") && uri.query().is_none());
        let uri = uri.ok_or("write it as http://127.0.0.1:9901, without TLS")?;
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            // Whoever sets `http_proxy` means the world outside.
            .proxy(None)
            .build();
        Ok(Self {
            url: uri.to_string().trim_end_matches('/').to_owned(),
            agent: agent.into(),
        })
    }
}

impl fmt::Display for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl Admin {
    /// What the proxy has counted of every version that it knows.
    pub(super) fn counts(&self) -> Result<Counts> {
        let request = self.agent.get(format!("{}/stats", self.url));
        let request = request.query("format", "json").query("filter", FILTER);
        let text = request
            .call()
            .and_then(|mut answer| answer.body_mut().read_to_string())
            .with_context(|| format!("{self} does not answer"))?;
        read(&text).with_context(|| format!("{self} is not Envoy's admin interface"))
    }
}

fn read(text: &str) -> Result<Counts> {
    let Stats { stats } = serde_json::from_str(text)?;
    let mut counts = Counts::new();
    for Stat { name, value } in stats {
        let mut parts = name.split(";.;").map(|part| part.split_once("=.="));
        let (Some(Some((_, service))), Some(Some((_, version)))) = (parts.next(), parts.next())
        else {
            continue;
        };
        let of = (service.to_owned(), version.to_owned());
        let count = counts.entry(of).or_default();
        if name.ends_with("graylane_open_streams") {
            count.open = value;
        } else {
            count.requests = value;
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_by_service_and_version() {
        let name = |service: &str, version: &str, name: &str| {
            format!("wasmcustom.gray_service=.={service};.;gray_version=.={version};.;{name}")
        };
        let stats = [
            (name("a.b", "v1", "graylane_open_streams"), 3),
            (name("a.b", "v1", "graylane_requests_total"), 40),
            (name("a.b", "v-1", "graylane_requests_total"), 5),
        ];
        let stats = stats.map(|(name, value)| serde_json::json!({ "name": name, "value": value }));
        let counts = read(&serde_json::json!({ "stats": stats }).to_string()).unwrap();
        let count = |version: &str| counts[&("a.b".to_owned(), version.to_owned())];
        assert_eq!(
            count("v1"),
            Count {
                open: 3,
                requests: 40
            }
        );
        assert_eq!(
            count("v-1"),
            Count {
                open: 0,
                requests: 5
            }
        );
        assert_eq!(counts.len(), 2);
    }
}
