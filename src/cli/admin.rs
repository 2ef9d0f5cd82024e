//! What a proxy tells of graylane, by its admin interface.

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

/// The admin interface of one Envoy.
#[derive(Clone, Debug)]
pub(super) struct Admin {
    url: String,
    agent: Agent,
}

/// A number of graylane's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metric {
    /// Without the `graylane_` that it begins with.
    pub(super) name: String,
    /// What it is of: `service`, `version`, …, without the `gray_` that they begin with.
    pub(super) tags: BTreeMap<String, String>,
    pub(super) value: u64,
}

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
    /// What the proxy has of these numbers, each named without `graylane_`.
    pub(super) fn metrics(&self, names: &[&str]) -> Result<Vec<Metric>> {
        // As Envoy has them, with or without `stats_tags`.
        let filter = format!(r"^wasmcustom\..*graylane_({})$", names.join("|"));
        let request = self.agent.get(format!("{}/stats", self.url));
        let request = request.query("format", "json").query("filter", filter);
        let text = request
            .call()
            .and_then(|mut answer| answer.body_mut().read_to_string())
            .with_context(|| format!("{self} does not answer"))?;
        read(&text).with_context(|| format!("{self} is not Envoy's admin interface"))
    }
}

fn read(text: &str) -> Result<Vec<Metric>> {
    let Stats { stats } = serde_json::from_str(text)?;
    Ok(stats.into_iter().filter_map(metric).collect())
}

/// `wasmcustom.gray_service=.=checkout;.;gray_version=.=v2;.;graylane_open_streams`, the way in
/// which the filter names them.
fn metric(Stat { name, value }: Stat) -> Option<Metric> {
    let mut parts: Vec<_> = name.strip_prefix("wasmcustom.")?.split(";.;").collect();
    let name = parts.pop()?.strip_prefix("graylane_")?.to_owned();
    let tag = |part: &str| {
        let (name, value) = part.strip_prefix("gray_")?.split_once("=.=")?;
        Some((name.to_owned(), value.to_owned()))
    };
    Some(Metric {
        name,
        tags: parts.into_iter().map(tag).collect::<Option<_>>()?,
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_with_what_it_is_of() {
        let metrics = |names: &[&str]| {
            let stats = names
                .iter()
                .map(|name| serde_json::json!({ "name": name, "value": 7 }));
            let stats: Vec<_> = stats.collect();
            read(&serde_json::json!({ "stats": stats }).to_string()).unwrap()
        };
        let found = metrics(&[
            "wasmcustom.gray_service=.=a.b;.;gray_version=.=v-1;.;graylane_open_streams",
            "wasmcustom.graylane_policy_revision",
            "wasmcustom.another_graylane_policy_revision",
            "wasmcustom.gray_service;.;graylane_open_streams",
            "cluster.graylane_policy_revision",
        ]);
        let tags = [("service", "a.b"), ("version", "v-1")];
        let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let expected = [
            ("open_streams", tags.into()),
            ("policy_revision", BTreeMap::new()),
        ];
        let expected = expected.map(|(name, tags)| Metric {
            name: name.to_owned(),
            tags,
            value: 7,
        });
        assert_eq!(found, expected);
    }
}
