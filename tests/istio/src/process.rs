//! A program that runs in the background, and logs to a file.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// What it is called, in messages.
    pub(crate) name: String,
    /// The command and its arguments.
    pub(crate) command: Vec<OsString>,
    /// Its environment, beside that of this process.
    pub(crate) environment: Vec<(String, String)>,
    /// Its working folder.
    pub(crate) folder: PathBuf,
    /// Where both of its streams go.
    pub(crate) log: PathBuf,
    /// The user who may open the log again by way of /dev/stdout, as Envoy does.
    pub(crate) logger: Option<u32>,
}

/// It runs. It is killed when this value goes.
#[derive(Debug)]
pub(crate) struct Running {
    program: Program,
    child: Child,
}

impl Program {
    /// Starts it.
    pub(crate) fn start(self) -> Result<Running> {
        let child = self
            .spawn()
            .with_context(|| format!("{} could not be started", self.name))?;
        Ok(Running {
            program: self,
            child,
        })
    }

    /// Runs it to its end.
    pub(crate) async fn finish(self) -> Result<()> {
        let mut running = self.start()?;
        let status = running.child.wait().await?;
        if !status.success() {
            bail!(
                "{} failed ({status})\n{}",
                running.program.name,
                running.tail()
            );
        }
        Ok(())
    }

    fn spawn(&self) -> Result<Child> {
        let [program, arguments @ ..] = &*self.command else {
            bail!("there is nothing to start");
        };
        // Appended: who opens it again must not begin at its start.
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("{} cannot be written", self.log.display()))?;
        if let Some(user) = self.logger {
            chown(&self.log, Some(user), Some(user))?;
        }
        let child = Command::new(program)
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        Ok(child)
    }
}

impl Running {
    /// Asks it to end, and kills it after `patience`.
    pub(crate) async fn stop(&mut self, patience: Duration) -> Result<()> {
        if let Some(pid) = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()))
        {
            kill_process(pid, Signal::TERM)?;
        }
        if tokio::time::timeout(patience, self.child.wait())
            .await
            .is_err()
        {
            self.child.kill().await?;
        }
        Ok(())
    }

    /// Starts it again once it has ended.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        self.child = self.program.spawn()?;
        Ok(())
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until `ready` says so, for as long as the program lives.
    pub(crate) async fn until<F: Future<Output = bool>>(
        &mut self,
        patience: Duration,
        ready: impl Fn() -> F,
    ) -> Result<()> {
        let began = Instant::now();
        while !ready().await {
            if self.has_ended() {
                bail!(
                    "{} ended before it was ready\n{}",
                    self.program.name,
                    self.tail()
                );
            }
            if began.elapsed() > patience {
                bail!(
                    "{} was not ready within {patience:?}\n{}",
                    self.program.name,
                    self.tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// The end of its log.
    pub(crate) fn tail(&self) -> String {
        let text = std::fs::read(&self.program.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(20)..];
        format!(
            "the end of {}:\n{}",
            self.program.log.display(),
            tail.join("\n")
        )
    }
}
