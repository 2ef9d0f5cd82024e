//! What was run, when, and on which machine.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;
use serde::Serialize;

use crate::place;

/// A run's circumstances. What a machine does not tell is absent.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// When the report was made: RFC 3339, in UTC, to the second.
    pub at: String,
    /// How long the checks took, in seconds.
    pub seconds: u64,
    /// The commit, with `-dirty` where files differ from it.
    pub revision: Option<String>,
    /// What Envoy says of itself.
    pub envoy: String,
    /// The module's size in bytes.
    pub module_bytes: u64,
    /// How many users a check of every single user sent.
    pub users: usize,
    /// The processor, as it names itself.
    pub processor: Option<String>,
    /// So many threads run at once.
    pub threads: Option<usize>,
    /// The system and its kernel.
    pub system: String,
}

impl Facts {
    /// Asks for them.
    ///
    /// # Errors
    /// If the module is gone.
    pub fn gather(module: &Path, envoy: String, users: usize, seconds: u64) -> Result<Self> {
        Ok(Self {
            at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            seconds,
            revision: revision(),
            envoy,
            module_bytes: std::fs::metadata(module)?.len(),
            users,
            processor: processor(),
            threads: std::thread::available_parallelism().ok().map(Into::into),
            system: system(),
        })
    }
}

fn revision() -> Option<String> {
    let folder = place::repository().ok()?;
    let mut git = Command::new("git");
    let git = git.args([
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
        "--exclude=*",
    ]);
    let output = git.current_dir(folder).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let revision = text.trim();
    (output.status.success() && !revision.is_empty()).then(|| revision.to_owned())
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

fn system() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{system} {} {machine}", kernel.trim()).replace("  ", " ")
}
