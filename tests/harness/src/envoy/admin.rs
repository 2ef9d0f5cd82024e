//! Envoy's admin interface.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::client::{fetch, post};

/// The admin interface of one running Envoy.
#[derive(Clone, Copy, Debug)]
pub struct Admin {
    at: SocketAddr,
}

impl Admin {
    pub(crate) fn new(at: SocketAddr) -> Self {
        Self { at }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// The text at a path.
    ///
    /// # Errors
    /// If Envoy does not answer 200.
    pub async fn get(&self, path: &str) -> Result<String> {
        fetch(self.at, path).await
    }

    /// The text that a POST to a path answers.
    ///
    /// # Errors
    /// If Envoy does not answer 200.
    pub async fn post(&self, path: &str) -> Result<String> {
        post(self.at, path).await
    }

    /// Nothing, once Envoy is ready; else why it is not.
    pub(crate) async fn ready(&self) -> Result<()> {
        let state = self.get("/ready").await?;
        if state.trim() != "LIVE" {
            bail!("Envoy is {}", state.trim());
        }
        Ok(())
    }

    /// The address on which the one listener listens.
    pub(crate) async fn listener(&self) -> Result<SocketAddr> {
        let listeners = self.listeners().await?;
        listeners.into_values().next().context("no listener yet")
    }

    /// The listeners, by name, and where each listens.
    pub(crate) async fn listeners(&self) -> Result<BTreeMap<String, SocketAddr>> {
        let text = self.get("/listeners?format=json").await?;
        let tree: Value = serde_json::from_str(&text)?;
        let statuses = tree["listener_statuses"].as_array();
        let listener = |status: &Value| {
            let name = status["name"].as_str().context("a listener has no name")?;
            let address = &status["local_address"]["socket_address"];
            let ip = address["address"].as_str().context("no listener yet")?;
            let port = address["port_value"].as_u64().context("no port yet")?;
            let port = u16::try_from(port)?;
            if port == 0 {
                bail!("the listener {name} has no port yet");
            }
            Ok((name.to_owned(), SocketAddr::new(ip.parse()?, port)))
        };
        statuses
            .filter(|statuses| !statuses.is_empty())
            .context("no listener yet")?
            .iter()
            .map(listener)
            .collect()
    }

    /// The counters and gauges whose names match a regular expression.
    ///
    /// # Errors
    /// If Envoy does not answer.
    pub async fn stats(&self, filter: &str) -> Result<BTreeMap<String, u64>> {
        let text = self
            .get(&format!("/stats?filter={}", quote(filter)))
            .await?;
        let stat = |line: &str| {
            let (name, value) = line.rsplit_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Ok(text.lines().filter_map(stat).collect())
    }

    /// The downstream connections that each worker has taken.
    ///
    /// # Errors
    /// If Envoy does not answer.
    pub async fn connections_by_worker(&self) -> Result<Vec<u64>> {
        let stats = self
            .stats(r"^listener\..*\.worker_\d+\.downstream_cx_total$")
            .await?;
        Ok(stats.into_values().collect())
    }
}

/// A query value, percent-encoded.
pub(crate) fn quote(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut quoted, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(quoted, "%{byte:02X}");
        }
        quoted
    })
}
