//! The kinds of centres, and one that runs.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::etcd::{self, Etcd};

/// A kind of centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// etcd, the real one.
    Etcd,
}

/// Who may ask a centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Who knows [`SECRET`](super::SECRET).
    Secret {
        /// How long a token holds that nobody uses, where the centre gives tokens; at least a
        /// second.
        tokens: Duration,
    },
}

/// A centre that runs; it ends with this value.
#[derive(Debug)]
pub struct Centre {
    kind: Kind,
    server: Server,
}

#[derive(Debug)]
enum Server {
    Etcd(Etcd),
}

impl Kind {
    /// As the policy's `remote` calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
        }
    }

    /// What this machine lacks for it, and where that is to be had; `None` if nothing.
    #[must_use]
    pub fn missing(self) -> Option<&'static str> {
        match self {
            Self::Etcd => etcd::program().is_none().then_some(
                "etcd, which is neither on PATH nor named by ETCD_BIN (on Debian and Ubuntu: \
                 apt-get install etcd-server)",
            ),
        }
    }

    /// Starts one, without documents.
    ///
    /// # Errors
    /// If it is not there or does not start; with the end of its log.
    pub async fn start(self, access: Access) -> Result<Centre> {
        let server = match self {
            Self::Etcd => Server::Etcd(Etcd::start(access).await?),
        };
        Ok(Centre { kind: self, server })
    }

    /// What this kind calls the document of this name.
    #[must_use]
    pub fn document(self, name: &str) -> String {
        match self {
            Self::Etcd => format!("{}{name}", super::PREFIX),
        }
    }
}

impl Centre {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it listens, also after a restart.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        match &self.server {
            Server::Etcd(etcd) => etcd.at(),
        }
    }

    /// Publishes a document, or another one in its place. `name` is what [`Kind::document`] made.
    ///
    /// # Errors
    /// If the centre refuses it or is down.
    pub async fn publish(&self, name: &str, document: &[u8]) -> Result<()> {
        match &self.server {
            Server::Etcd(etcd) => etcd.publish(name, document).await,
        }
    }

    /// Deletes a document, if it is there.
    ///
    /// # Errors
    /// If the centre refuses that or is down.
    pub async fn delete(&self, name: &str) -> Result<()> {
        match &self.server {
            Server::Etcd(etcd) => etcd.delete(name).await,
        }
    }

    /// What a document is; `None` if it is not there.
    ///
    /// # Errors
    /// If the centre does not tell.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match &self.server {
            Server::Etcd(etcd) => etcd.read(name).await,
        }
    }

    /// Kills it: connections end, and new ones are refused.
    pub fn kill(&mut self) {
        match &mut self.server {
            Server::Etcd(etcd) => etcd.kill(),
        }
    }

    /// Starts it again on the same port, with the documents that such a centre keeps.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn restart(&mut self) -> Result<()> {
        match &mut self.server {
            Server::Etcd(etcd) => etcd.restart().await,
        }
    }

    /// The `remote` of a policy that follows `documents` here by way of Envoy's `cluster`: fields
    /// such as `policy` and their documents' names, and whatever else it says.
    #[must_use]
    pub fn remote(&self, cluster: &str, fields: &Value) -> Value {
        let own = match &self.server {
            Server::Etcd(etcd) => etcd.remote(),
        };
        let mut remote = json!({ "cluster": cluster, self.kind.name(): own });
        if let (Some(remote), Some(fields)) = (remote.as_object_mut(), fields.as_object()) {
            remote.extend(fields.clone());
        }
        remote
    }
}
