//! Prometheus.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{first_of, ready};
use crate::client::fetch;
use crate::envoy::quote;
use crate::server::{Server, free_port};

/// A running Prometheus; it ends with this value.
#[derive(Debug)]
pub struct Prometheus {
    at: SocketAddr,
    _server: Server,
}

/// A series, and what it is at the moment of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels; its name is that of `__name__`.
    pub labels: BTreeMap<String, String>,
    /// What it is.
    pub value: f64,
}

impl Sample {
    /// A label's value; empty if it has none, as Prometheus takes it.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// The program; `None` if there is none.
pub(super) fn program() -> Option<PathBuf> {
    first_of(&["prometheus"])
}

impl Prometheus {
    /// Starts one with this configuration, and with these files of rules beside it, by their names.
    ///
    /// # Errors
    /// If it is not there or does not start; with the end of its log.
    pub async fn start(configuration: &str, rules: &[(&str, &str)]) -> Result<Self> {
        let program = program().context("there is no prometheus")?;
        let at = free_port()?;
        let mut server = Server::new(program, |folder| {
            let file = folder.join("prometheus.yml");
            [
                ("config.file", file.display().to_string()),
                (
                    "storage.tsdb.path",
                    folder.join("data").display().to_string(),
                ),
                ("web.listen-address", at.to_string()),
                ("log.level", "warn".to_owned()),
            ]
            .map(|(flag, value)| format!("--{flag}={value}"))
            .to_vec()
        })?;
        for (name, text) in [("prometheus.yml", configuration)].iter().chain(rules) {
            fs::write(server.folder().join(name), text)?;
        }
        server.start(async || ready(at).await).await?;
        Ok(Self {
            at,
            _server: server,
        })
    }

    /// Whether it has anything for a query.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn has(&self, query: &str) -> Result<bool> {
        Ok(!self.query(query).await?.is_empty())
    }

    /// What it has for a query by now.
    ///
    /// # Errors
    /// If it refuses the query or does not answer.
    pub async fn query(&self, query: &str) -> Result<Vec<Sample>> {
        let path = format!("/api/v1/query?query={}", quote(query));
        let series = self.series(&path).await?;
        series.iter().map(sample).collect()
    }

    /// How many series it has had for a query within the last so many seconds.
    ///
    /// # Errors
    /// If it refuses the query or does not answer.
    pub async fn query_range(&self, query: &str, seconds: u64) -> Result<usize> {
        let now = crate::client::now();
        let path = format!(
            "/api/v1/query_range?step=1&start={}&end={now}&query={}",
            now.saturating_sub(seconds),
            quote(query)
        );
        Ok(self.series(&path).await?.len())
    }

    async fn series(&self, path: &str) -> Result<Vec<Value>> {
        let mut answer: Value = serde_json::from_str(&fetch(self.at, path).await?)?;
        let series = answer["data"]["result"].take();
        serde_json::from_value(series).context("Prometheus answers no series")
    }

    /// Where it listens.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        self.at
    }
}

fn sample(series: &Value) -> Result<Sample> {
    let labels = serde_json::from_value(series["metric"].clone());
    let value = series["value"][1].as_str().map(str::parse);
    Ok(Sample {
        labels: labels.context("a series has no labels")?,
        value: value.context("a series has no value")??,
    })
}
