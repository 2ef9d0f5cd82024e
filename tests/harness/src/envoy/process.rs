//! A running Envoy.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::find::Runner;
use super::launch::{Running, Site, write};
use super::policy_file::PolicyFile;
use super::render::{Values, render};
use super::{Admin, Atlas, Log, Sample, Setup};
use crate::docker::Network;
use crate::place;

/// Envoy, running. It is stopped when this value goes, and when the harness does.
#[derive(Debug)]
pub struct Envoy {
    // In this order: the process goes before its files.
    running: Running,
    address: SocketAddr,
    policy: Option<PolicyFile>,
    folder: TempDir,
}

/// What every Envoy of a run has in common.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// What runs it.
    pub runner: &'a Runner,
    /// The network of its container.
    pub network: Option<&'a Network>,
    /// The module.
    pub module: &'a Path,
}

impl Envoy {
    /// Starts Envoy in front of the versions' backends and waits until it answers. The module is the
    /// ground's, unless the setup names another.
    ///
    /// # Errors
    /// If it does not; with the last reason and the log's tail.
    pub async fn start(
        setup: &Setup,
        ground: Ground<'_>,
        backends: &BTreeMap<String, SocketAddr>,
        log: PathBuf,
    ) -> Result<Self> {
        let folder = place::scratch()?;
        let module = setup.module.as_deref().unwrap_or(ground.module);
        let ground = Ground { module, ..ground };
        let site = Site::of(ground, folder.path());
        let values = Values {
            listener: match setup.port {
                0 => site.listener,
                port => (site.listener.ip(), port).into(),
            },
            admin: site.admin,
            folder: &site.folder,
            module: &site.module,
            policy: setup.policy.as_ref(),
            form: setup.form,
            backends,
            stripping: setup.stripping,
            hop_headers_removed: setup.hop_headers_removed,
            claims_in: setup.claims_in.as_deref(),
            clusters: &setup.clusters,
            beside: &setup.beside,
            edit: setup.edit,
            node: setup.node.as_ref(),
            raw: setup.raw,
            inbound: setup.inbound,
        };
        let sample = render(Sample::load(&setup.sample)?, &values)?;
        write(&sample, folder.path())?;
        if Atlas::is_asked_by(&sample) {
            Atlas::of_the_run()?.write_into(folder.path())?;
        }
        let policy = PolicyFile::lay_out(&sample, folder.path(), setup.form, setup.layout)?;
        let (workers, further) = (setup.workers, &setup.arguments);
        let running = Running::start(ground, folder.path(), &sample, workers, further, log).await?;
        Ok(Self {
            address: running.published().await?,
            running,
            policy,
            folder,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where clients connect, as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its admin interface, with counters and gauges.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        self.running.admin()
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> &Log {
        self.running.log()
    }

    /// The id of its process; in a container that of what runs it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Its policy file.
    ///
    /// # Errors
    /// If the sample has none.
    pub fn policy_file(&self) -> Result<&PolicyFile> {
        self.policy
            .as_ref()
            .context("this sample's policy stands in the bootstrap, which does not change")
    }

    /// Its process id; `None` where it runs in a container, or is held by another process.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.running.process()
    }

    /// The folder of its configuration files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        matches!(self.running.ended(), Ok(None))
    }

    /// Asks it to end, as a supervisor does.
    ///
    /// # Errors
    /// If it has ended already.
    pub fn terminate(&self) -> Result<()> {
        self.running.terminate()
    }

    /// Kills it at once, with every connection.
    pub fn kill(self) {}
}
