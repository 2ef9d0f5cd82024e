//! An Envoy that is measured: plain, or under callgrind.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::envoy::{Admin, Log};
use crate::launcher::Leashed;
use crate::place;

/// Under callgrind, and on a busy machine, a large policy takes its time.
const PATIENCE: Duration = Duration::from_mins(5);
const POLL: Duration = Duration::from_millis(20);

/// A running Envoy; it ends with this value.
#[derive(Debug)]
pub(super) struct Instance {
    // In this order: the process goes before its files.
    process: Leashed,
    address: SocketAddr,
    log: Log,
    folder: TempDir,
}

impl Instance {
    /// Starts `program`, which runs Envoy with the arguments after its own, and waits until Envoy
    /// answers. `own` is told the folder that is this instance's alone.
    ///
    /// # Errors
    /// If it does not start; with the log's tail.
    pub(super) async fn start(
        program: &Path,
        own: impl FnOnce(&Path) -> Vec<String>,
        bootstrap: &Value,
        workers: u32,
        log: PathBuf,
    ) -> Result<Self> {
        let folder = place::scratch()?;
        let (log, file) = Log::create(log)?;
        let config = folder.path().join("envoy.json");
        fs::write(&config, bootstrap.to_string())?;
        let admin = folder.path().join("admin-address");
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut arguments = own(folder.path());
        arguments.extend(["--config-path".to_owned(), text(&config)]);
        arguments.extend(["--admin-address-path".to_owned(), text(&admin)]);
        arguments.extend(["--concurrency".to_owned(), workers.to_string()]);
        arguments.extend(["--disable-hot-restart", "--log-level", "warning"].map(str::to_owned));
        let mut process = Leashed::start(program, &arguments, &file)?;
        let address = ready(&mut process, &admin, &log).await?;
        Ok(Self {
            process,
            address,
            log,
            folder,
        })
    }

    /// Where clients connect.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The folder that was told at its start.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What failed, with the log's tail.
    pub(super) fn explained(&mut self, error: &anyhow::Error) -> anyhow::Error {
        let ended = match self.process.ended() {
            Ok(Some(status)) => format!(" (Envoy ended: {status})"),
            _ => String::new(),
        };
        anyhow!("{error:#}{ended}\n{}", self.log.tail())
    }
}

async fn ready(process: &mut Leashed, admin: &PathBuf, log: &Log) -> Result<SocketAddr> {
    let until = Instant::now() + PATIENCE;
    loop {
        let error = match address(admin).await {
            Ok(address) => return Ok(address),
            Err(error) => error,
        };
        if let Some(status) = process.ended()? {
            bail!("Envoy ended before it was ready ({status})\n{}", log.tail());
        }
        if Instant::now() > until {
            bail!(
                "Envoy was not ready within {PATIENCE:?}: {error:#}\n{}",
                log.tail()
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn address(admin: &PathBuf) -> Result<SocketAddr> {
    let text = fs::read_to_string(admin).context("the admin interface has no address yet")?;
    let admin = Admin::new(text.trim().parse()?);
    admin.ready().await?;
    admin.listener().await
}
