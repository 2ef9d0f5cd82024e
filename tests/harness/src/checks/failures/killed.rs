//! Envoy is killed under load, and started again as by a supervisor.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::crowd::Crowd;
use super::got::Got;
use super::port::Port;
use super::timeline::ask;
use super::{NAME, failed, setup, verdict};
use crate::client::{Connection, Protocol};
use crate::lab::Lab;
use crate::report::Row;

/// Load before, and afterwards.
const SETTLED: Duration = Duration::from_millis(500);
const CASE: &str = "SIGKILL, and start";

pub(super) async fn rows(lab: &Lab) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let port = Port::free()?;
    let setup = setup().at_port(port.number());
    let policy = setup.policy.clone().context("no policy")?;
    let crowd = Crowd::of(&policy)?;
    let envoy = lab.envoy(&setup, &backends).await?;
    verdict::close(&envoy).await?;
    let load = crowd.load(envoy.address());
    tokio::time::sleep(SETTLED).await;
    let killed = Instant::now();
    envoy.kill();
    let envoy = lab.envoy(&setup, &backends).await?;
    let ready = Instant::now();
    tokio::time::sleep(SETTLED).await;
    let records = load.stop().await?;
    let standing = verdict::standing(&envoy).await?;
    let late = records.iter().filter(|record| !record.is_success());
    let lost = late.clone().count();
    let until = late.map(|record| record.answered).max();
    let away = until.map_or(Duration::ZERO, |until| {
        until.saturating_duration_since(killed)
    });
    let (before, after): (Vec<_>, Vec<_>) = records
        .iter()
        .filter(|record| record.answered < killed || record.sent > ready)
        .cloned()
        .partition(|record| record.sent < killed);
    let observed = format!("{lost}, until {} ms after", away.as_millis());
    let mut rows = vec![
        failed(NAME, &format!("{CASE}: before"), &before),
        Row::judged(
            NAME,
            format!("{CASE}: failed meanwhile"),
            "—",
            observed,
            "—",
            true,
        ),
        failed(NAME, &format!("{CASE}: afterwards"), &after),
        crowd.stayed(CASE, &records),
        Row::exact(
            NAME,
            format!("{CASE}: a verdict of before"),
            verdict::LOST,
            standing,
        ),
    ];
    envoy.kill();

    let mut broken = policy;
    broken["services"][0]["baseline"] = "v9".into();
    let envoy = lab.envoy(&setup.policy(&broken), &backends).await?;
    let mut connection = Connection::open(envoy.address(), Protocol::Http1).await?;
    let seen = ask(&mut connection, &crowd.canary(Protocol::Http1)?).await;
    let rule = "start under a policy with a mistake: a user of v2";
    rows.push(Row::exact(NAME, rule, Got::Baseline, seen.got));
    Ok(rows)
}
