//! The changes of a soak, each made when it is its turn and followed until every worker has it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::ledger::{Ledger, Says};
use super::plan::{BACKENDS, Change, backend};
use crate::Progress;
use crate::client::Visit;
use crate::envoy::{Envoy, Log};
use crate::native::Native;

/// How long a change may take until every worker has it, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(10);
/// What the module logs where it has a policy.
const IN_FORCE: &str = "policy in force";
/// What the module logs where it refuses a policy, and Envoy where a file ends in the middle.
const REFUSED: &str = "policy refused";
const UNREADABLE: &str = "Filesystem config update failure";

/// What became of the changes.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Those that came into force.
    pub(super) good: usize,
    /// Those that the module refused.
    pub(super) refused: usize,
    /// Those that Envoy refused before the module saw them.
    pub(super) unreadable: usize,
    /// Of the good ones, how long each took from its file to the last worker.
    pub(super) took: Vec<Duration>,
}

/// What the changes are made with.
#[derive(Clone, Copy)]
pub(super) struct Course<'a> {
    pub(super) envoy: &'a Envoy,
    pub(super) ledger: &'a Ledger,
    pub(super) users: &'a [Visit],
    /// Threads on which the module runs: Envoy's workers, and its main thread.
    pub(super) threads: usize,
}

impl Course<'_> {
    /// Makes the changes, evenly over so many requests.
    ///
    /// # Errors
    /// If a change is not followed, at its number; and at `until`.
    pub(super) async fn run(
        &self,
        changes: &[Change],
        requests: u64,
        until: Instant,
        progress: &Progress,
    ) -> Result<Changed> {
        let mut seen = Changed::default();
        let turns = changes.len() as u64 + 1;
        for (number, change) in changes.iter().enumerate() {
            let due = (number as u64 + 1) * requests / turns;
            self.wait(due, until).await?;
            self.make(change, &mut seen)
                .await
                .with_context(|| format!("change {number}"))?;
            self.ledger.changed();
            progress.step();
        }
        self.wait(requests, until).await?;
        Ok(seen)
    }

    /// Waits for so many requests to have ended.
    async fn wait(&self, requests: u64, until: Instant) -> Result<()> {
        while self.ledger.ended() < requests {
            if Instant::now() > until {
                bail!(
                    "only {} of {requests} requests were answered in all the time there was",
                    self.ledger.ended()
                );
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn make(&self, change: &Change, changed: &mut Changed) -> Result<()> {
        let file = self.envoy.policy_file()?;
        let log = self.envoy.log();
        let logged = log.end();
        match change {
            Change::Good(policy) => {
                let number = self.ledger.comes(says(policy, self.users)?);
                let began = Instant::now();
                file.replace(policy)?;
                self.follow(logged).await?;
                self.ledger.settled(number);
                changed.took.push(began.elapsed());
                changed.good += 1;
            }
            Change::Refused(policy) => {
                file.replace(policy)?;
                log.wait(REFUSED, logged, PATIENCE).await?;
                changed.refused += 1;
            }
            Change::Truncated(policy) => {
                let text = file.text_of(policy)?;
                let half = text.get(..text.len() / 2).unwrap_or_default();
                file.replace_text(half)?;
                log.wait(UNREADABLE, logged, PATIENCE).await?;
                changed.unreadable += 1;
            }
        }
        Ok(())
    }

    /// Waits until no request that is sent from now on can meet a policy before the one whose file
    /// was replaced at this place in the log.
    ///
    /// The module logs on each thread. Envoy's main thread tells the workers of the new filter in
    /// the same piece of work in which it has configured the module, so it has done so when it
    /// answers after that. A worker looks at what it was told before it looks at what came later:
    /// once each connection has had an answer to a request sent since, its worker has looked.
    async fn follow(&self, logged: u64) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while threads(self.envoy.log(), IN_FORCE, logged) < self.threads {
            wait_until(until, "not every thread has logged it").await?;
        }
        self.envoy.admin().get("/ready").await?;
        let call = self.ledger.call();
        while !self.ledger.heard(call) {
            wait_until(until, "not every connection has had an answer since").await?;
        }
        Ok(())
    }
}

async fn wait_until(until: Instant, why: &str) -> Result<()> {
    if Instant::now() > until {
        bail!("{why} within {PATIENCE:?}");
    }
    tokio::time::sleep(POLL).await;
    Ok(())
}

/// The threads that have logged a sentence: `[time][thread][level]…`.
fn threads(log: &Log, sentence: &str, from: u64) -> usize {
    let lines = log.find(sentence, from);
    let thread = |line: &String| Some(line.split('[').nth(2)?.split(']').next()?.to_owned());
    let threads: BTreeSet<_> = lines.iter().filter_map(thread).collect();
    threads.len()
}

/// What a policy says of each user.
pub(super) fn says(policy: &Value, users: &[Visit]) -> Result<Says> {
    let native = Native::compile(policy)?;
    let place = |visit: &Visit| {
        let version = native.decide(visit).version.context("no version")?;
        let name = backend(&version);
        let place = BACKENDS.iter().position(|own| *own == name);
        let place = place.with_context(|| format!("{name} has no backend"))?;
        Ok(u8::try_from(place)?)
    };
    users.iter().map(place).collect()
}
