//! A guard that only counts, and its counters.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::envoy::Envoy;

/// Longer than from a count to its counter.
const FLUSHED: Duration = Duration::from_millis(750);
const PATIENCE: Duration = Duration::from_secs(20);

/// Gives every version but the baseline, which is the first, a guard that closes nothing.
pub(super) fn watch(policy: &mut Value) {
    let versions = policy["services"][0]["versions"].as_array_mut();
    for version in versions.into_iter().flatten().skip(1) {
        version["guard"] = json!({ "consecutive_failures": 100, "then": "observe" });
    }
}

/// What a guard's counter has come to, once it stands still.
pub(super) async fn counted(envoy: &Envoy, name: &str) -> Result<u64> {
    let until = Instant::now() + PATIENCE;
    let mut before = None;
    loop {
        let stats = envoy
            .admin()
            .stats(&format!("graylane_guard_{name}_total$"))
            .await?;
        let now = stats.values().sum();
        if before == Some(now) {
            return Ok(now);
        }
        if Instant::now() > until {
            bail!("graylane_guard_{name}_total does not come to rest within {PATIENCE:?}");
        }
        before = Some(now);
        tokio::time::sleep(FLUSHED).await;
    }
}
