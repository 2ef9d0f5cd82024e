//! A proxy of the mesh, asked as by `kubectl exec … -- pilot-agent request`.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cluster::say;

/// pilot-agent and Envoy of a pod.
#[derive(Clone, Debug)]
pub struct Proxy {
    agent: PathBuf,
    pod: String,
    address: Ipv4Addr,
}

impl Proxy {
    pub(super) fn new(agent: PathBuf, pod: String, address: Ipv4Addr) -> Self {
        Self {
            agent,
            pod,
            address,
        }
    }

    /// The pod.
    #[must_use]
    pub fn pod(&self) -> &str {
        &self.pod
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Asks Envoy's admin interface, which listens in the pod alone.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn ask(&self, path: &str) -> Result<String> {
        let agent = self.agent.to_string_lossy();
        let arguments = ["netns", "exec", &self.pod, &agent, "request", "GET", path];
        let said = say(Path::new("ip"), None, &arguments, "").await?;
        if !said.succeeded {
            bail!(
                "{} does not answer {path}: {}",
                self.pod,
                said.complaint.trim()
            );
        }
        Ok(said.output)
    }

    /// Its whole configuration.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn configuration(&self) -> Result<Value> {
        let text = self.ask("config_dump?include_eds").await?;
        serde_json::from_str(&text).context("a configuration is no JSON")
    }

    /// The counters and gauges whose names match, added up.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn stat(&self, filter: &str) -> Result<u64> {
        let text = self.ask(&format!("stats?filter={filter}")).await?;
        let values = text.lines().filter_map(|line| line.rsplit_once(": "));
        Ok(values
            .filter_map(|(_, value)| value.trim().parse::<u64>().ok())
            .sum())
    }
}
