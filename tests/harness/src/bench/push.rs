//! A policy changes while requests go on: how long until every worker has it, and how long a request
//! waits meanwhile.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::facts::Fact;
use super::policies::{Names, policy, tenants};
use crate::Progress;
use crate::client::{Bounds, Load, Record, Visit};
use crate::envoy::Setup;
use crate::lab::Lab;

const RULES: [usize; 3] = [10, 1_000, 10_000];
/// Load before the change, and after it.
const AROUND: Duration = Duration::from_secs(2);
/// How long a change may take on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(30);
const WORKERS: u32 = 2;

/// Puts policies of several sizes in force by renaming the file that Envoy watches.
///
/// # Errors
/// If Envoy does not start, or does not follow.
pub(super) async fn measure(module: PathBuf) -> Result<Vec<Fact>> {
    let lab = Lab::open(module, 0).await?;
    let progress = Progress::of("from a change to its being in force", RULES.len());
    let mut facts = Vec::new();
    for rules in RULES {
        facts.extend(push(&lab, rules).await?);
        progress.step();
    }
    Ok(facts)
}

async fn push(lab: &Lab, rules: usize) -> Result<Vec<Fact>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = Setup::of("dynamic")
        .policy(&all_on("v1", rules))
        .workers(WORKERS);
    let envoy = lab.envoy(&setup, &backends).await?;
    let users: Arc<[Visit]> = [Visit::of("anybody")].into();
    let load = Load::start(envoy.address(), &users, Bounds::default());
    tokio::time::sleep(AROUND).await;
    let logged = envoy.log().end();
    let new = all_on("v2", rules);
    let changed = Instant::now();
    envoy.policy_file()?.replace(&new)?;
    envoy
        .log()
        .wait("policy in force", logged, PATIENCE)
        .await?;
    tokio::time::sleep(AROUND).await;
    let records = load.stop().await?;
    if let Some(failed) = records.iter().find(|record| !record.is_success()) {
        bail!("a request failed: {:?} {:?}", failed.status, failed.failure);
    }
    let old = |record: &&Record| record.version.as_deref() == Some("v1");
    let last_old = records.iter().filter(old).map(|record| record.sent).max();
    let in_force = last_old.map_or(Duration::ZERO, |last| {
        last.saturating_duration_since(changed)
    });
    let (before, after): (Vec<_>, Vec<_>) =
        records.iter().partition(|record| record.answered < changed);
    let fact = |what: &str, without, with, note| Fact {
        what: format!("{what}, {rules} rules"),
        unit: "ms",
        without,
        with,
        note,
    };
    let note = format!("{} requests, {WORKERS} workers", records.len());
    Ok(vec![
        fact(
            "change to in force everywhere",
            None,
            milliseconds(in_force),
            note,
        ),
        fact(
            "worst latency around a change",
            Some(worst(&before)),
            worst(&after),
            "without: before the change".to_owned(),
        ),
    ])
}

/// Everybody on one version, behind rules that concern nobody.
fn all_on(version: &str, rules: usize) -> Value {
    let mut all = tenants(rules);
    all.pop();
    all.push(json!({ "name": "everybody", "use": version }));
    policy(Names::Clusters, &all)
}

fn worst(records: &[&Record]) -> f64 {
    let latencies = records.iter().map(|record| record.answered - record.sent);
    latencies.max().map_or(0.0, milliseconds)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
