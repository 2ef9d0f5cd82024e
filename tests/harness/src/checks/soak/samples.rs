//! What Envoy takes of the machine, every few seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::ledger::Ledger;
use crate::envoy::{Admin, Envoy};
use crate::series::SoakSample;

/// Envoy's own word on its memory, in bytes.
#[derive(Debug, Deserialize)]
struct Memory {
    allocated: String,
    heap_size: String,
}

/// Sampling in the background.
pub(super) struct Sampling {
    enough: watch::Sender<bool>,
    task: JoinHandle<Result<Vec<SoakSample>>>,
}

impl Sampling {
    /// Takes a sample at once, and then one after each such time.
    pub(super) fn start(envoy: &Envoy, every: Duration, ledger: &Arc<Ledger>) -> Self {
        let (enough, mut ended) = watch::channel(false);
        let (admin, process) = (*envoy.admin(), envoy.process());
        let (began, ledger) = (Instant::now(), Arc::clone(ledger));
        let task = tokio::spawn(async move {
            let mut samples = Vec::new();
            loop {
                samples.push(sample(&admin, process, began, &ledger).await?);
                if tokio::time::timeout(every, ended.changed()).await.is_ok() {
                    samples.push(sample(&admin, process, began, &ledger).await?);
                    return Ok(samples);
                }
            }
        });
        Self { enough, task }
    }

    /// Ends with one more sample.
    ///
    /// # Errors
    /// If Envoy did not tell.
    pub(super) async fn stop(self) -> Result<Vec<SoakSample>> {
        self.enough.send_replace(true);
        self.task.await.context("the samples broke")?
    }
}

async fn sample(
    admin: &Admin,
    process: Option<u32>,
    began: Instant,
    ledger: &Ledger,
) -> Result<SoakSample> {
    let text = admin.get("/memory").await?;
    let memory: Memory = serde_json::from_str(&text).context("Envoy's /memory has another form")?;
    let vms = admin
        .stats(r"^wasm\.envoy\.wasm\.runtime\.v8\.active$")
        .await?;
    Ok(SoakSample {
        at_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        requests: ledger.ended(),
        changes: ledger.changes(),
        resident_bytes: process.map(resident).transpose()?,
        allocated_bytes: memory.allocated.parse()?,
        heap_bytes: memory.heap_size.parse()?,
        vms: vms.into_values().sum(),
    })
}

/// What a process holds of the machine's memory, as the kernel has it.
fn resident(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    let kilobytes: u64 = kilobytes
        .with_context(|| format!("{path} has no VmRSS"))?
        .parse()?;
    Ok(kilobytes * 1024)
}
