//! Prometheus.

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
        let path = format!("/api/v1/query?query={}", quote(query));
        let answer: Value = serde_json::from_str(&fetch(self.at, &path).await?)?;
        let result = answer["data"]["result"].as_array();
        Ok(result.is_some_and(|series| !series.is_empty()))
    }

    /// Where it listens.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        self.at
    }
}
