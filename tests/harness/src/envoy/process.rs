//! A running Envoy.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use tempfile::TempDir;

use super::find::Runner;
use super::policy_file::PolicyFile;
use super::render::{Values, render};
use super::{Admin, Atlas, Log, Sample, Setup};
use crate::docker::{self, ADMIN_PORT, Container, LISTENER_PORT, Network};
use crate::launcher::Leashed;
use crate::place;

/// The module is compiled before Envoy is ready, on a busy machine twice as slowly.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(50);

/// Envoy, running. It is stopped when this value goes, and when the harness does.
#[derive(Debug)]
pub struct Envoy {
    // In this order: the process goes before its container and its files.
    process: Leashed,
    _container: Option<Container>,
    address: SocketAddr,
    admin: Admin,
    log: Log,
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
    /// The module, unless the setup names another.
    pub module: &'a Path,
    /// The versions and their backends.
    pub backends: &'a BTreeMap<String, SocketAddr>,
}

impl Envoy {
    /// Starts Envoy and waits until it answers.
    ///
    /// # Errors
    /// If it does not; with the last reason and the log's tail.
    pub async fn start(setup: &Setup, ground: Ground<'_>, log: PathBuf) -> Result<Self> {
        let folder = place::scratch()?;
        let (log, log_file) = Log::create(log)?;
        let module = setup.module.as_deref().unwrap_or(ground.module);
        let site = Site::of(ground.runner, folder.path(), module);
        let values = Values {
            listener: site.listener,
            admin: site.admin,
            folder: &site.folder,
            module: &site.module,
            policy: setup.policy.as_ref(),
            form: setup.form,
            backends: ground.backends,
            stripping: setup.stripping,
            hop_headers_removed: setup.hop_headers_removed,
            claims_in: setup.claims_in.as_deref(),
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
        let bootstrap = sample.files.first().context("the sample has no file")?;
        let arguments = arguments(
            &format!("{}/{}", site.folder, bootstrap.path.display()),
            setup,
        );

        let (process, container) = match ground.runner {
            Runner::Local(binary) => {
                let mut arguments = arguments;
                let admin = admin_file(folder.path());
                let admin = admin.to_string_lossy().into_owned();
                arguments.extend(["--admin-address-path".to_owned(), admin]);
                (Leashed::start(binary, &arguments, &log_file)?, None)
            }
            Runner::Docker(image) => {
                let network = ground.network.context("Envoy in Docker needs a network")?;
                let container = Container::named(network, "envoy");
                let run = container.envoy_arguments(image, folder.path(), module, &arguments);
                let process = Leashed::start(&docker::program()?, &run, &log_file)?;
                (process, Some(container))
            }
        };
        let mut starting = Starting { process, container };
        let (address, admin) = starting.ready(folder.path(), &log).await?;
        Ok(Self {
            process: starting.process,
            _container: starting.container,
            address,
            admin,
            log,
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
        &self.admin
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
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

    /// The folder of its configuration files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.ended(), Ok(None))
    }

    /// Kills it at once, with every connection.
    pub fn kill(self) {}
}

/// Where things are as Envoy sees them.
struct Site {
    listener: SocketAddr,
    admin: SocketAddr,
    folder: String,
    module: String,
}

impl Site {
    fn of(runner: &Runner, folder: &Path, module: &Path) -> Self {
        match runner {
            Runner::Local(_) => Self {
                listener: (Ipv4Addr::LOCALHOST, 0).into(),
                admin: (Ipv4Addr::LOCALHOST, 0).into(),
                folder: folder.to_string_lossy().into_owned(),
                module: module.to_string_lossy().into_owned(),
            },
            Runner::Docker(_) => Self {
                listener: (Ipv4Addr::UNSPECIFIED, LISTENER_PORT).into(),
                admin: (Ipv4Addr::UNSPECIFIED, ADMIN_PORT).into(),
                folder: docker::FOLDER.to_owned(),
                module: docker::MODULE.to_owned(),
            },
        }
    }
}

/// A process on its way; dropping it ends it.
struct Starting {
    process: Leashed,
    container: Option<Container>,
}

impl Starting {
    async fn ready(&mut self, folder: &Path, log: &Log) -> Result<(SocketAddr, Admin)> {
        let until = Instant::now() + PATIENCE;
        loop {
            let error = match self.addresses(folder).await {
                Ok(addresses) => return Ok(addresses),
                Err(error) => error,
            };
            if let Some(status) = self.process.ended()? {
                bail!("Envoy ended before it was ready ({status})\n{}", log.tail());
            }
            if Instant::now() > until {
                return Err(anyhow!(
                    "Envoy was not ready within {PATIENCE:?}: {error:#}\n{}",
                    log.tail()
                ));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn addresses(&self, folder: &Path) -> Result<(SocketAddr, Admin)> {
        let Some(container) = &self.container else {
            let text = fs::read_to_string(admin_file(folder))
                .context("the admin interface has no address yet")?;
            let admin = Admin::new(text.trim().parse()?);
            admin.ready().await?;
            return Ok((admin.listener().await?, admin));
        };
        let admin = Admin::new(container.published(ADMIN_PORT).await?);
        admin.ready().await?;
        admin.listener().await?;
        Ok((container.published(LISTENER_PORT).await?, admin))
    }
}

fn arguments(bootstrap: &str, setup: &Setup) -> Vec<String> {
    let workers = setup.workers.to_string();
    [
        "--config-path",
        bootstrap,
        "--concurrency",
        &workers,
        // Several Envoys run beside each other, and none hands over to a next one: without hot
        // restart they share no base id and leave nothing in shared memory.
        "--disable-hot-restart",
        "--log-level",
        "warning",
        "--component-log-level",
        "wasm:info,config:info,upstream:info",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn admin_file(folder: &Path) -> PathBuf {
    folder.join("admin-address")
}

fn write(sample: &Sample, folder: &Path) -> Result<()> {
    for file in &sample.files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        // JSON is YAML; indented, for whoever looks into the folder.
        fs::write(&path, serde_json::to_string_pretty(&file.tree)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    // An image may run Envoy as another user.
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}
