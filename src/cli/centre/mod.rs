//! Documents of config centres, as `--to` says where they are.

mod address;
mod credentials;
mod kubernetes;
mod query;
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

/// What is added to a document's name for the one that was in force before it.
const PREVIOUS: &str = ".previous";
/// How long what is written may take until it is read. Nacos needs half a second.
const UNTIL_READ: Duration = Duration::from_secs(5);

/// Where a document is, and who asks.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct To {
    /// Where it is: `etcd://HOST/KEY`, `consul://HOST/KEY`, `nacos://HOST/DATAID`,
    /// `apollo://PORTAL/APP/NAMESPACE`, `http://HOST/PATH`, or `k8s://NAMESPACE/WASMPLUGIN`; with TLS
    /// `etcd+https://HOST/KEY` and so on
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
        server: Box<Server>,
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
                    server: Box::new(Server::new(&at, credentials)?),
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
        self.at.read().with_context(|| self.shown.clone())
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
        until_told(|| {
            let now = self.at.read()?.document;
            Ok(match &now {
                Some(now) if self.is_same(now, bytes) => Some(Written::Done),
                // A centre that cannot compare lets the last one win.
                _ if now != over.document => Some(Written::Changed),
                _ => None,
            })
        })
        .with_context(|| self.shown.clone())
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

    /// The same, where the centre does not keep it by itself.
    pub(super) fn kept(&self) -> Result<Option<Vec<u8>>> {
        match self.at {
            At::Server { previous: None, .. } => Ok(None),
            _ => self.previous(),
        }
    }

    /// Keeps it as the one that was in force before.
    pub(super) fn keep(&self, bytes: &[u8]) -> Result<()> {
        let kept = match &self.at {
            At::Server {
                server,
                previous: Some(name),
                ..
            } => server.write(name, bytes, None).and_then(|_| {
                until_told(|| {
                    let kept = server.read(name)?.document;
                    Ok((kept.as_deref() == Some(bytes)).then_some(()))
                })
            }),
            At::Server { previous: None, .. } => Ok(()),
            At::WasmPlugin(plugin) => plugin.keep(bytes),
        };
        kept.with_context(|| format!("{self}: the document before cannot be kept"))
    }
}

impl At {
    fn read(&self) -> Result<Seen> {
        match self {
            Self::Server { server, name, .. } => server.read(name),
            Self::WasmPlugin(plugin) => plugin.read(),
        }
    }
}

/// Asks until there is an answer. What goes wrong after a write may be over soon.
fn until_told<T>(ask: impl Fn() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    loop {
        match ask() {
            Ok(Some(told)) => return Ok(told),
            Err(error) if began.elapsed() > UNTIL_READ => return Err(error),
            Ok(None) if began.elapsed() > UNTIL_READ => bail!(
                "took the document, and still has the one before; look again before anything else \
                 is written"
            ),
            _ => sleep(Duration::from_millis(100)),
        }
    }
}
