//! A process of Envoy on its way: its files, its arguments, and the wait until it answers.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::find::Runner;
use super::process::Ground;
use super::{Admin, Log, Sample};
use crate::docker::{self, ADMIN_PORT, Container, LISTENER_PORT, OUTBOUND_PORT};
use crate::launcher::Leashed;

/// The module is compiled before Envoy is ready, on a busy machine twice as slowly.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(50);

/// Where things are as Envoy sees them.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Where its first listener listens.
    pub(crate) listener: SocketAddr,
    /// Where the second one of a sidecar does.
    pub(crate) outbound: SocketAddr,
    /// Where its admin interface does.
    pub(crate) admin: SocketAddr,
    /// Its configuration's folder.
    pub(crate) folder: String,
    /// The module.
    pub(crate) module: String,
}

impl Site {
    pub(crate) fn of(ground: Ground<'_>, folder: &Path) -> Self {
        match ground.runner {
            Runner::Local(_) => {
                let any = (Ipv4Addr::LOCALHOST, 0).into();
                Self {
                    listener: any,
                    outbound: any,
                    admin: any,
                    folder: folder.to_string_lossy().into_owned(),
                    module: ground.module.to_string_lossy().into_owned(),
                }
            }
            Runner::Docker(_) => Self {
                listener: (Ipv4Addr::UNSPECIFIED, LISTENER_PORT).into(),
                outbound: (Ipv4Addr::UNSPECIFIED, OUTBOUND_PORT).into(),
                admin: (Ipv4Addr::UNSPECIFIED, ADMIN_PORT).into(),
                folder: docker::FOLDER.to_owned(),
                module: docker::MODULE.to_owned(),
            },
        }
    }
}

/// A process of Envoy that answers. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Running {
    // In this order: the process goes before its container.
    process: Leashed,
    container: Option<Container>,
    log: Log,
    admin: Admin,
    listeners: BTreeMap<String, SocketAddr>,
}

impl Running {
    /// Starts the sample, which stands ready in `folder`, and waits until Envoy answers.
    pub(crate) async fn start(
        ground: Ground<'_>,
        folder: &Path,
        sample: &Sample,
        workers: u32,
        further: &[String],
        log: PathBuf,
    ) -> Result<Self> {
        let (log, log_file) = Log::create(log)?;
        let site = Site::of(ground, folder);
        let bootstrap = sample.files.first().context("the sample has no file")?;
        let bootstrap = format!("{}/{}", site.folder, bootstrap.path.display());
        let mut arguments = arguments(&bootstrap, workers, further);
        let (mut process, container) = match ground.runner {
            Runner::Local(binary) => {
                let admin = admin_file(folder).to_string_lossy().into_owned();
                arguments.extend(["--admin-address-path".to_owned(), admin]);
                (Leashed::start(binary, &arguments, &log_file)?, None)
            }
            Runner::Docker(image) => {
                let network = ground.network.context("Envoy in Docker needs a network")?;
                let container = Container::named(network, "envoy");
                let run = container.envoy_arguments(image, folder, ground.module, &arguments);
                let process = Leashed::start(&docker::program()?, &run, &log_file)?;
                (process, Some(container))
            }
        };
        let until = Instant::now() + PATIENCE;
        loop {
            let error = match answers(container.as_ref(), folder).await {
                Ok((admin, listeners)) => {
                    return Ok(Self {
                        process,
                        container,
                        log,
                        admin,
                        listeners,
                    });
                }
                Err(error) => error,
            };
            if let Some(status) = process.ended()? {
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

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Its process id, where it is this machine's.
    pub(super) fn process(&self) -> Option<u32> {
        self.process.own_id().filter(|_| self.container.is_none())
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.process.ended()
    }

    /// Sends it SIGTERM.
    pub(super) fn terminate(&self) -> Result<()> {
        let id = i32::try_from(self.process.id())?;
        let id = Pid::from_raw(id).context("a process without an id")?;
        Ok(kill_process(id, Signal::TERM)?)
    }

    /// Where this machine's clients reach the one listener.
    pub(super) async fn published(&self) -> Result<SocketAddr> {
        match &self.container {
            None => self.listener(None),
            Some(container) => container.published(LISTENER_PORT).await,
        }
    }

    /// Where everybody of Envoy's network reaches a listener, in a container at this port.
    pub(crate) async fn within(&self, listener: &str, port: u16) -> Result<SocketAddr> {
        match &self.container {
            None => self.listener(Some(listener)),
            Some(container) => Ok((container.address().await?, port).into()),
        }
    }

    /// Where a listener listens, by its name, or the first.
    fn listener(&self, name: Option<&str>) -> Result<SocketAddr> {
        let found = match name {
            Some(name) => self.listeners.get(name),
            None => self.listeners.values().next(),
        };
        found.copied().context("there is no such listener")
    }
}

/// The admin interface and the listeners, once both are there.
async fn answers(
    container: Option<&Container>,
    folder: &Path,
) -> Result<(Admin, BTreeMap<String, SocketAddr>)> {
    let at = match container {
        None => fs::read_to_string(admin_file(folder))
            .context("the admin interface has no address yet")?
            .trim()
            .parse()?,
        Some(container) => container.published(ADMIN_PORT).await?,
    };
    let admin = Admin::new(at);
    admin.ready().await?;
    Ok((admin, admin.listeners().await?))
}

fn arguments(bootstrap: &str, workers: u32, further: &[String]) -> Vec<String> {
    let workers = workers.to_string();
    let mut arguments = [
        "--config-path",
        bootstrap,
        "--concurrency",
        &workers,
        // Access logs are read while it runs.
        "--file-flush-interval-msec",
        "100",
        "--log-level",
        "warning",
        "--component-log-level",
        "wasm:info,config:info,upstream:info",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.extend_from_slice(further);
    // Several Envoys run beside each other, and mostly none hands over to a next one: without hot
    // restart they share no base id and leave nothing in shared memory.
    if !further.iter().any(|argument| argument == "--restart-epoch") {
        arguments.push("--disable-hot-restart".to_owned());
    }
    arguments
}

fn admin_file(folder: &Path) -> PathBuf {
    folder.join("admin-address")
}

/// Writes a sample's files where an Envoy is to find them.
pub(crate) fn write(sample: &Sample, folder: &Path) -> Result<()> {
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
