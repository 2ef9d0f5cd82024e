//! Envoy under valgrind's callgrind, which counts instructions: the same on a busy machine as on an
//! idle one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::process::Command;

use super::instance::Instance;
use crate::place;

/// How callgrind's files begin.
const DUMP: &str = "instructions";

/// Where valgrind is.
#[derive(Clone, Debug)]
pub(super) struct Valgrind {
    valgrind: PathBuf,
    vgdb: PathBuf,
}

impl Valgrind {
    /// Valgrind on `PATH`.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn find() -> Result<Self> {
        let find = |program: &str| {
            place::on_path(program).with_context(|| {
                format!("instructions are counted by valgrind, and {program} is not there: install it (on Debian and Ubuntu `apt-get install valgrind`)")
            })
        };
        Ok(Self {
            valgrind: find("valgrind")?,
            vgdb: find("vgdb")?,
        })
    }

    /// Starts Envoy with one worker, and begins to count once it is ready.
    ///
    /// # Errors
    /// If it does not start.
    pub(super) async fn start(
        &self,
        envoy: &Path,
        bootstrap: &Value,
        log: PathBuf,
    ) -> Result<Counted> {
        let own = |folder: &Path| {
            vec![
                "--tool=callgrind".to_owned(),
                // V8 writes the code it runs.
                "--smc-check=all-non-file".to_owned(),
                // The start is long, and is not measured.
                "--instr-atstart=no".to_owned(),
                // Other threads work by the clock: the slower the machine, the more to a request.
                "--separate-threads=yes".to_owned(),
                format!("--callgrind-out-file={}", dumps(folder).display()),
                format!("--vgdb-prefix={}", pipes(folder)),
                envoy.to_string_lossy().into_owned(),
            ]
        };
        let instance = Instance::start(&self.valgrind, own, bootstrap, 1, log).await?;
        let counted = Counted {
            instance,
            vgdb: self.vgdb.clone(),
            dumped: 0,
        };
        counted.tell("instrumentation on").await?;
        Ok(counted)
    }
}

/// A running Envoy whose instructions are counted.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) instance: Instance,
    vgdb: PathBuf,
    dumped: usize,
}

impl Counted {
    /// The worker's instructions since the last call, or since the start.
    ///
    /// # Errors
    /// If callgrind does not tell.
    pub(super) async fn take(&mut self) -> Result<u64> {
        self.tell("dump").await?;
        self.dumped += 1;
        self.busiest().context("callgrind wrote no dump")
    }

    /// The greatest count of a thread in the last dump, of which each thread has a file.
    fn busiest(&self) -> Option<u64> {
        let start = format!("{DUMP}.{}-", self.dumped);
        let files = self.instance.folder().read_dir().ok()?.flatten();
        let of_dump = files.filter(|file| file.file_name().to_string_lossy().starts_with(&start));
        let counts = of_dump.filter_map(|file| totals(&fs::read_to_string(file.path()).ok()?));
        counts.max()
    }

    async fn tell(&self, command: &str) -> Result<()> {
        let output = Command::new(&self.vgdb)
            .arg(format!("--vgdb-prefix={}", pipes(self.instance.folder())))
            .args(command.split(' '))
            .kill_on_drop(true)
            .output()
            .await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("vgdb {command}: {}", said.trim());
        }
        Ok(())
    }
}

fn dumps(folder: &Path) -> PathBuf {
    folder.join(DUMP)
}

/// A prefix of this instance's own, so that no other valgrind is meant.
fn pipes(folder: &Path) -> String {
    folder.join("vgdb").to_string_lossy().into_owned()
}

fn totals(dump: &str) -> Option<u64> {
    let line = |line: &str| line.strip_prefix("totals: ")?.trim().parse().ok();
    dump.lines().find_map(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_found_in_a_dump() {
        let dump = "# callgrind format\nevents: Ir\nsummary: 7\n\nfn=(1)\n0 42\n\ntotals: 42\n";
        assert_eq!(totals(dump), Some(42));
        assert_eq!(totals("events: Ir\n"), None);
    }
}
