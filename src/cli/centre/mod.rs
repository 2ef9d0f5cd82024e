//! Documents of config centres, as `--to` says where they are.

mod address;
mod credentials;
mod kubernetes;
mod server;

use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use address::{Address, Kind};
use credentials::Wants;
use kubernetes::WasmPlugin;
use server::Server;

use super::diff;

pub(super) use credentials::{Credentials, secret};
pub(super) use kubernetes::manifest;

/// What is added to a document's name for the one that was in force before it.
const PREVIOUS: &str = ".previous";
/// How long what is written may take until it is read. Nacos needs half a second.
const UNTIL_READ: Duration = Duration::from_secs(5);

/// Where a document is, and who asks.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct To {
    /// Where it is: etcd://HOST/KEY, consul://HOST/KEY, <nacos://HOST/DATAID?group=G&namespace=N>,
    /// <apollo://PORTAL/APP/NAMESPACE?env=E&cluster=C>, http://HOST/PATH, or
    /// k8s://NAMESPACE/WASMPLUGIN; with TLS etcd+https:// and so on
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    credentials: Credentials,
}

/// A document, and the one before it, wherever they are.
#[derive(Debug)]
pub(super) struct Document {
    /// Its address.
    shown: String,
    at: At,
}

#[derive(Debug)]
enum At {
    Server {
        server: Server,
        name: String,
        /// Where the one before it is; `None` where the centre keeps it by itself.
        previous: Option<String>,
    },
    WasmPlugin(WasmPlugin),
}

/// What was read.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// `None`: there is none.
    pub(super) document: Option<Vec<u8>>,
    /// What the centre tells it from others by.
    version: String,
}

/// What became of a document that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// Somebody else was first.
    Changed,
}

impl To {
    pub(super) fn open(&self) -> Result<Document> {
        Document::open(&self.to, &self.credentials)
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Document {
    /// The document at this address.
    pub(super) fn open(address: &str, credentials: &Credentials) -> Result<Self> {
        let shown = address::shown(address);
        let at = Self::at(address, credentials).with_context(|| shown.clone())?;
        Ok(Self { shown, at })
    }

    fn at(address: &str, credentials: &Credentials) -> Result<At> {
        Ok(match Address::parse(address)? {
            Address::Centre(at) => {
                let kept = !matches!(at.kind, Kind::Apollo { .. });
                At::Server {
                    server: Server::new(&at, credentials)?,
                    previous: kept.then(|| format!("{}{PREVIOUS}", at.name)),
                    name: at.name,
                }
            }
            Address::Kubernetes { namespace, name } => {
                credentials.given(Wants::Nothing)?;
                At::WasmPlugin(WasmPlugin::new(namespace, name))
            }
        })
    }

    /// The name and namespace of a `WasmPlugin`; `None` where it is a document of another kind.
    pub(super) fn wasm_plugin(&self) -> Option<&WasmPlugin> {
        match &self.at {
            At::WasmPlugin(plugin) => Some(plugin),
            At::Server { .. } => None,
        }
    }

    /// Bytes that it may have there, and what says so.
    pub(super) fn most(&self) -> (usize, &'static str) {
        match &self.at {
            At::Server { server, .. } => server.most(),
            At::WasmPlugin(_) => kubernetes::MOST,
        }
    }

    pub(super) fn read(&self) -> Result<Seen> {
        let seen = match &self.at {
            At::Server { server, name, .. } => server.read(name),
            At::WasmPlugin(plugin) => plugin.read(),
        };
        seen.with_context(|| self.shown.clone())
    }

    /// Writes it in place of what was seen, and reads it again.
    pub(super) fn write(&self, bytes: &[u8], over: &Seen) -> Result<Written> {
        let written = match &self.at {
            At::Server { server, name, .. } => server.write(name, bytes, Some(over)),
            At::WasmPlugin(plugin) => plugin.write(bytes, over),
        };
        match written.with_context(|| self.shown.clone())? {
            Written::Done => self.is_there(bytes, over),
            Written::Changed => Ok(Written::Changed),
        }
    }

    /// Whether one is what is read where the other is written: a centre keeps bytes, Kubernetes
    /// their meaning.
    pub(super) fn is_same(&self, one: &[u8], other: &[u8]) -> bool {
        match (
            &self.at,
            serde_json::from_slice(one),
            serde_json::from_slice(other),
        ) {
            (At::WasmPlugin(_), Ok(one), Ok(other)) => diff::is_same(&one, &other),
            _ => one == other,
        }
    }

    /// Waits until it is read as it was written.
    fn is_there(&self, bytes: &[u8], over: &Seen) -> Result<Written> {
        let began = Instant::now();
        loop {
            let now = self.read()?.document;
            let there = now.as_deref();
            if there.is_some_and(|there| self.is_same(there, bytes)) {
                return Ok(Written::Done);
            }
            // A centre that cannot compare lets the last one win.
            if now != over.document {
                return Ok(Written::Changed);
            }
            if began.elapsed() > UNTIL_READ {
                bail!(
                    "{self}: took the document, and still has the one before; look at it again \
                     before anything is published"
                );
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// The one that was in force before; `None`: nobody has kept one.
    pub(super) fn previous(&self) -> Result<Option<Vec<u8>>> {
        let previous = match &self.at {
            At::Server {
                server,
                previous: Some(name),
                ..
            } => server.read(name).map(|seen| seen.document),
            At::Server { previous: None, .. } => bail!(
                "{self}: Apollo keeps every release; roll it back in its portal, or switch the \
                 policy off by --disable"
            ),
            At::WasmPlugin(plugin) => plugin.previous(),
        };
        previous.with_context(|| self.shown.clone())
    }

    /// Keeps it as the one that was in force before.
    pub(super) fn keep(&self, bytes: &[u8]) -> Result<()> {
        let kept = match &self.at {
            At::Server {
                server,
                previous: Some(name),
                ..
            } => server.write(name, bytes, None).map(drop),
            At::Server { previous: None, .. } => Ok(()),
            At::WasmPlugin(plugin) => plugin.keep(bytes),
        };
        kept.with_context(|| format!("{self}: the document before cannot be kept"))
    }
}
