//! Alertmanager.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{first_of, ready};
use crate::server::{Server, free_port};

/// A running Alertmanager; it ends with this value.
#[derive(Debug)]
pub struct Alertmanager {
    at: SocketAddr,
    _server: Server,
}

/// The program; `None` if there is none. Debian gives it another name.
pub(super) fn program() -> Option<PathBuf> {
    first_of(&["prometheus-alertmanager", "alertmanager"])
}

impl Alertmanager {
    /// Starts one with this configuration.
    ///
    /// # Errors
    /// If it is not there or does not start; with the end of its log.
    pub async fn start(configuration: &str) -> Result<Self> {
        let program = program().context("there is no alertmanager")?;
        let at = free_port()?;
        let mut server = Server::new(program, |folder| {
            let file = folder.join("alertmanager.yml");
            [
                ("config.file", file.display().to_string()),
                ("storage.path", folder.join("data").display().to_string()),
                ("web.listen-address", at.to_string()),
                // Alone: no second port.
                ("cluster.listen-address", String::new()),
            ]
            .map(|(flag, value)| format!("--{flag}={value}"))
            .to_vec()
        })?;
        fs::write(server.folder().join("alertmanager.yml"), configuration)?;
        server.start(async || ready(at).await).await?;
        Ok(Self {
            at,
            _server: server,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        self.at
    }
}
