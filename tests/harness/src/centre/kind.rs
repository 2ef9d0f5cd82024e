//! The kinds of centres, and one that runs.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::PREFIX;
use super::apollo::Apollo;
use super::consul::{self, Consul};
use super::etcd::{self, Etcd};
use super::files::Files;
use super::nacos::{self, Nacos};

/// A kind of centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// etcd, a real one.
    Etcd,
    /// Consul, a real one.
    Consul,
    /// Nacos, a real one.
    Nacos,
    /// A stand-in for Apollo.
    Apollo,
    /// A plain file server.
    Http,
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
    Consul(Consul),
    Nacos(Nacos),
    Apollo(Apollo),
    Http(Files),
}

impl Kind {
    /// As the policy's `remote` calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Consul => "consul",
            Self::Nacos => "nacos",
            Self::Apollo => "apollo",
            Self::Http => "http",
        }
    }

    /// As people call it, with its release.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Consul => "Consul 1.14.11",
            Self::Nacos => "Nacos 0.8.0",
            Self::Apollo => "a stand-in for Apollo",
            Self::Http => "a file server",
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
            Self::Consul => consul::missing(),
            Self::Nacos => nacos::missing(),
            Self::Apollo | Self::Http => None,
        }
    }

    /// Starts one, without documents. Nacos asks for no password, whatever `access` says.
    ///
    /// # Errors
    /// If it is not there or does not start; with the end of its log.
    pub async fn start(self, access: Access) -> Result<Centre> {
        let server = match self {
            Self::Etcd => Server::Etcd(Etcd::start(access).await?),
            Self::Consul => Server::Consul(Consul::start(access).await?),
            Self::Nacos => Server::Nacos(Nacos::start().await?),
            Self::Apollo => Server::Apollo(Apollo::start(access).await?),
            Self::Http => Server::Http(Files::start(access).await?),
        };
        Ok(Centre { kind: self, server })
    }

    /// What this kind calls the document of this name.
    #[must_use]
    pub fn document(self, name: &str) -> String {
        match self {
            Self::Etcd | Self::Consul => format!("{PREFIX}{name}"),
            Self::Nacos => format!("graylane.{name}"),
            Self::Apollo => format!("{name}.json"),
            Self::Http => format!("/{PREFIX}{name}.json"),
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
            Server::Consul(consul) => consul.at(),
            Server::Nacos(nacos) => nacos.at(),
            Server::Apollo(apollo) => apollo.at(),
            Server::Http(files) => files.at(),
        }
    }

    /// Publishes a document, or another one in its place. `name` is what [`Kind::document`] made.
    ///
    /// # Errors
    /// If the centre refuses it or is down.
    pub async fn publish(&self, name: &str, document: &[u8]) -> Result<()> {
        match &self.server {
            Server::Etcd(etcd) => etcd.publish(name, document).await?,
            Server::Consul(consul) => consul.publish(name, document).await?,
            Server::Nacos(nacos) => nacos.publish(name, document).await?,
            Server::Apollo(apollo) => apollo.publish(name, document),
            Server::Http(files) => files.publish(name, document),
        }
        Ok(())
    }

    /// Deletes a document, if it is there.
    ///
    /// # Errors
    /// If the centre refuses that or is down.
    pub async fn delete(&self, name: &str) -> Result<()> {
        match &self.server {
            Server::Etcd(etcd) => etcd.delete(name).await?,
            Server::Consul(consul) => consul.delete(name).await?,
            Server::Nacos(nacos) => nacos.delete(name).await?,
            Server::Apollo(apollo) => apollo.delete(name),
            Server::Http(files) => files.delete(name),
        }
        Ok(())
    }

    /// What a document is; `None` if it is not there.
    ///
    /// # Errors
    /// If the centre does not tell.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match &self.server {
            Server::Etcd(etcd) => etcd.read(name).await,
            Server::Consul(consul) => consul.read(name).await,
            Server::Nacos(nacos) => nacos.read(name).await,
            Server::Apollo(apollo) => Ok(apollo.read(name)),
            Server::Http(files) => Ok(files.read(name)),
        }
    }

    /// Kills it: connections end, and new ones are refused.
    pub async fn kill(&mut self) {
        match &mut self.server {
            Server::Etcd(etcd) => etcd.kill(),
            Server::Consul(consul) => consul.kill(),
            Server::Nacos(nacos) => nacos.kill(),
            Server::Apollo(apollo) => apollo.kill().await,
            Server::Http(files) => files.kill().await,
        }
    }

    /// Starts it again on the same port, with the documents that such a centre keeps.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn restart(&mut self) -> Result<()> {
        match &mut self.server {
            Server::Etcd(etcd) => etcd.restart().await,
            Server::Consul(consul) => consul.restart().await,
            Server::Nacos(nacos) => nacos.restart().await,
            Server::Apollo(apollo) => apollo.restart().await,
            Server::Http(files) => files.restart().await,
        }
    }

    /// Sets the clock of Apollo's stand-in ahead of this machine's, by so many milliseconds, or
    /// behind it; of other centres no clock matters.
    pub fn set_clock(&self, ahead: i64) {
        if let Server::Apollo(apollo) = &self.server {
            apollo.set_clock(ahead);
        }
    }

    /// The `remote` of a policy that follows `documents` here by way of Envoy's `cluster`: fields
    /// such as `policy` and their documents' names, and whatever else it says.
    #[must_use]
    pub fn remote(&self, cluster: &str, fields: &Value) -> Value {
        let own = match &self.server {
            Server::Etcd(etcd) => etcd.remote(),
            Server::Consul(consul) => consul.remote(),
            Server::Nacos(_) => json!({}),
            Server::Apollo(apollo) => apollo.remote(),
            Server::Http(files) => files.remote(),
        };
        let mut remote = json!({ "cluster": cluster, self.kind.name(): own });
        if let (Some(remote), Some(fields)) = (remote.as_object_mut(), fields.as_object()) {
            remote.extend(fields.clone());
        }
        remote
    }
}
