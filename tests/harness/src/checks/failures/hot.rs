//! Hot restart: a second Envoy takes the port over from the first, under load.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::crowd::Crowd;
use super::port::Port;
use super::{NAME, PATIENCE, failed, setup, verdict};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::report::Row;

/// For how long the first drains, and when it ends, in seconds after the second has taken over.
const DRAIN: &str = "1";
const PARENT: &str = "2";
/// Load on the second alone.
const AFTERWARDS: Duration = Duration::from_millis(500);

/// What Envoys that hand over leave in shared memory.
struct Left(String);

impl Drop for Left {
    fn drop(&mut self) {
        // It may not be there yet.
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) async fn rows(lab: &Lab) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let port = Port::free()?;
    // A number that no other Envoy of this machine has, as its port is.
    let base = port.number().to_string();
    let _left = Left(format!("/dev/shm/envoy_shared_memory_{base}0"));
    let epoch = |number: &str| -> Setup {
        setup().at_port(port.number()).arguments([
            "--base-id",
            &base,
            "--restart-epoch",
            number,
            "--drain-time-s",
            DRAIN,
            "--parent-shutdown-time-s",
            PARENT,
        ])
    };
    let first = epoch("0");
    let crowd = Crowd::of(first.policy.as_ref().context("no policy")?)?;
    let mut parent = lab.envoy(&first, &backends).await?;
    verdict::close(&parent).await?;
    let load = crowd.load(parent.address());
    tokio::time::sleep(AFTERWARDS).await;
    let before = counted(&parent).await?;
    let envoy = lab.envoy(&epoch("1"), &backends).await?;
    let until = Instant::now() + PATIENCE;
    while parent.is_running() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(AFTERWARDS).await;
    let records = load.stop().await?;
    let case = "hot restart";
    let mut rows = vec![
        Row::exact(
            NAME,
            format!("{case}: the first ends by itself"),
            true,
            !parent.is_running(),
        ),
        failed(NAME, case, &records),
        crowd.stayed(case, &records),
        Row::exact(
            NAME,
            format!("{case}: a verdict of before"),
            verdict::LOST,
            verdict::standing(&envoy).await?,
        ),
    ];
    // What is told by ticks.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let after = counted(&envoy).await?;
    let served = backends.requests().await?;
    let rule = format!("{case}: graylane's counters of {served} requests, before and after");
    rows.push(Row::judged(
        NAME,
        rule,
        "—",
        format!("{:?}", [before, after]),
        "—",
        true,
    ));
    let open: u64 = envoy
        .admin()
        .stats("graylane_open_streams$")
        .await?
        .into_values()
        .sum();
    rows.push(Row::judged(
        NAME,
        format!("{case}: open by the gauge, where none is"),
        "—",
        open,
        "—",
        true,
    ));
    Ok(rows)
}

async fn counted(envoy: &Envoy) -> Result<u64> {
    Ok(envoy
        .admin()
        .stats("graylane_requests_total$")
        .await?
        .into_values()
        .sum())
}
