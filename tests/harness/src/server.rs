//! A server as a child process, which can be killed and started again as it was.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use tempfile::TempDir;

use crate::launcher::Leashed;
use crate::place;

/// How long a server may take to answer: Nacos needs seconds, on a busy machine many.
const PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(50);
/// Below the ports that a kernel gives to whoever asks for any: so that a port stays free while
/// its server is down.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A program, running or killed, and a folder that is its own.
#[derive(Debug)]
pub(crate) struct Server {
    // In this order: the process goes before its files.
    process: Option<Leashed>,
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Server {
    /// Not started yet; `arguments` are told its folder.
    pub(crate) fn new(
        program: PathBuf,
        arguments: impl FnOnce(&Path) -> Vec<String>,
    ) -> Result<Self> {
        let folder = place::scratch()?;
        Ok(Self {
            process: None,
            program,
            arguments: arguments(folder.path()),
            folder,
        })
    }

    /// Starts it and waits until `answers` does.
    pub(crate) async fn start(&mut self, answers: impl AsyncFn() -> Result<()>) -> Result<()> {
        let name = self.program.display().to_string();
        let log = File::options().create(true).append(true).open(self.log())?;
        let started = Leashed::start(&self.program, &self.arguments, &log);
        let process = self.process.insert(started.with_context(|| name.clone())?);
        let until = Instant::now() + PATIENCE;
        loop {
            let Err(error) = answers().await else {
                return Ok(());
            };
            if let Some(status) = process.ended()? {
                bail!(
                    "{name} ended before it answered ({status})\n{}",
                    self.tail()
                );
            }
            if Instant::now() > until {
                return Err(anyhow!("{error:#}\n{}", self.tail()))
                    .with_context(|| format!("{name} did not answer within {PATIENCE:?}"));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The folder that is its own.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it at once.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// All that it has said.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn tail(&self) -> String {
        let log = self.said();
        let lines: Vec<_> = log.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// A port of this machine that nobody has, and that no other call of this process gets.
pub(crate) fn free_port() -> Result<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let width = PORTS.end - PORTS.start;
    // Harnesses beside this one begin far from here, though their ids may be neighbours.
    let begin = std::process::id().wrapping_mul(997) % u32::from(width);
    let begin = u16::try_from(begin).unwrap_or_default();
    for _ in 0..width {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(begin) % width;
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, PORTS.start + offset));
        if TcpListener::bind(at).is_ok() {
            return Ok(at);
        }
    }
    bail!("no port of {PORTS:?} is free on 127.0.0.1")
}
