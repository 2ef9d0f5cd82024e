//! Where checks are made: it starts what they ask for, and keeps every log.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Result, bail};

use crate::backend::Fleet;
use crate::docker::Network;
use crate::envoy::{self, Envoy, Ground, Log, Runner, Setup};
use crate::facts::Facts;
use crate::mesh::{Pod, Sidecar};
use crate::place;

/// The header that asks [the module for it](Lab::trap) to die: of a request `request`, `tick` or
/// `loop`, of an answer `response`.
pub const TRAP: &str = "x-graylane-trap";

/// An Envoy to start, a module to load, and a place for logs.
///
/// Everything that it starts is a value that ends with its scope.
#[derive(Clone, Debug)]
pub struct Lab {
    runner: Runner,
    network: Option<Arc<Network>>,
    module: PathBuf,
    users: usize,
    last_log: Arc<Mutex<Option<Log>>>,
}

impl Lab {
    /// Finds Envoy and, for Docker, makes a network.
    ///
    /// # Errors
    /// If there is no Envoy to be had.
    pub async fn open(module: PathBuf, users: usize) -> Result<Self> {
        Self::around(envoy::find().await?, module, users).await
    }

    /// As [`Lab::open`], with this Envoy.
    ///
    /// # Errors
    /// If Docker makes no network.
    pub async fn around(runner: Runner, module: PathBuf, users: usize) -> Result<Self> {
        place::sweep();
        let network = match &runner {
            Runner::Local(_) => None,
            Runner::Docker(_) => Some(Arc::new(Network::create().await?)),
        };
        Ok(Self {
            runner,
            network,
            module,
            users,
            last_log: Arc::default(),
        })
    }

    /// Another one beside it, where several checks can be made at once: in containers they would
    /// take each other's names.
    #[must_use]
    pub fn beside(&self) -> Option<Self> {
        let alone = self.network.is_some();
        (!alone).then(|| Self {
            last_log: Arc::default(),
            ..self.clone()
        })
    }

    /// The address from which this process's clients come, as Envoy sees them: for rules on it.
    ///
    /// # Errors
    /// If Docker does not tell.
    pub async fn client_ip(&self) -> Result<IpAddr> {
        match &self.network {
            None => Ok(Ipv4Addr::LOCALHOST.into()),
            Some(network) => network.gateway().await,
        }
    }

    /// What is run here, by checks that took so many seconds.
    ///
    /// # Errors
    /// If Envoy does not run, or the module is gone.
    pub async fn facts(&self, seconds: u64) -> Result<Facts> {
        let envoy = self.runner.version().await?;
        Facts::gather(&self.module, envoy, self.users, seconds)
    }

    /// The module that every Envoy loads, unless its setup names another.
    #[must_use]
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// The one built beside it that dies where [`TRAP`] asks for it.
    ///
    /// # Errors
    /// If it is not there.
    pub fn trap(&self) -> Result<PathBuf> {
        let path = self.module.with_file_name("graylane-trap.wasm");
        if !path.is_file() {
            bail!(
                "there is no module at {}; build it with `make trap`",
                path.display()
            );
        }
        Ok(path)
    }

    /// How many users a check of every single user has.
    #[must_use]
    pub fn users(&self) -> usize {
        self.users
    }

    /// Starts one backend for each version: in this process, or in containers beside Envoy's.
    ///
    /// # Errors
    /// If one does not start.
    pub async fn backends(&self, versions: &[&str]) -> Result<Fleet> {
        Fleet::start(versions, self.network.as_deref()).await
    }

    /// Starts Envoy in front of `backends` and waits until it answers.
    ///
    /// # Errors
    /// If it does not start; with the end of its log.
    pub async fn envoy(&self, setup: &Setup, backends: &Fleet) -> Result<Envoy> {
        self.envoy_before(setup, &backends.addresses()).await
    }

    /// As [`Lab::envoy`], with whatever listens at these addresses as the versions.
    ///
    /// # Errors
    /// If it does not start; with the end of its log.
    pub async fn envoy_before(
        &self,
        setup: &Setup,
        versions: &BTreeMap<String, SocketAddr>,
    ) -> Result<Envoy> {
        // One that does not start tells the end of its log by itself.
        self.remember(None);
        let envoy = Envoy::start(setup, self.ground(), versions, place::new_log()?).await?;
        self.remember(Some(envoy.log().clone()));
        Ok(envoy)
    }

    /// Starts a pod's sidecar and waits until it answers.
    ///
    /// # Errors
    /// If it does not start; with the end of its log.
    pub(crate) async fn sidecar(&self, pod: &Pod<'_>) -> Result<Sidecar> {
        Sidecar::start(pod, self.ground(), place::new_log()?).await
    }

    fn ground(&self) -> Ground<'_> {
        Ground {
            runner: &self.runner,
            network: self.network.as_deref(),
            module: &self.module,
        }
    }

    fn remember(&self, log: Option<Log>) {
        if let Ok(mut last) = self.last_log.lock() {
            *last = log;
        }
    }

    /// The end of the latest Envoy's log.
    #[must_use]
    pub fn log_tail(&self) -> Option<String> {
        Some(self.last_log.lock().ok()?.as_ref()?.tail())
    }
}
