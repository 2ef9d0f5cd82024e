//! Another build of the module takes the place of the first under load, and the first comes back.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::crowd::Crowd;
use super::timeline::ask;
use super::{NAME, PATIENCE, failed, replace_module, setup, verdict};
use crate::client::{Connection, Protocol};
use crate::envoy::Envoy;
use crate::lab::Lab;
use crate::report::Row;

/// Load after each swap.
const SETTLED: Duration = Duration::from_millis(800);
/// Requests of each protocol that wait for their answers meanwhile, and for how long.
const WAITING: usize = 4;
const WAITS: &str = "2000";

pub(super) async fn rows(lab: &Lab, other: &Path) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = setup();
    let crowd = Crowd::of(setup.policy.as_ref().context("no policy")?)?;
    let envoy = lab.envoy(&setup, &backends).await?;
    verdict::close(&envoy).await?;
    let load = crowd.load(envoy.address());
    let mut rows = Vec::new();
    let (mut waiting, mut counted) = (Vec::new(), Vec::new());
    for (module, name) in [(other, "another build"), (lab.module(), "the first again")] {
        for number in 0..2 * WAITING {
            let protocol = [Protocol::Http1, Protocol::Http2][number % 2];
            let mut connection = Connection::open(envoy.address(), protocol).await?;
            let visit = crowd.canary(protocol)?.with("x-backend-delay-ms", WAITS);
            waiting.push(tokio::spawn(
                async move { ask(&mut connection, &visit).await },
            ));
        }
        counted.push(sum(&envoy, "graylane_requests_total$").await?);
        let logged = envoy.log().end();
        replace_module(&envoy, module).await?;
        envoy
            .log()
            .wait("policy in force", logged, PATIENCE)
            .await?;
        tokio::time::sleep(SETTLED).await;
        let standing = verdict::standing(&envoy).await?;
        rows.push(Row::exact(
            NAME,
            format!("swap: {name}: a verdict of before"),
            verdict::KEPT,
            standing,
        ));
    }
    let records = load.stop().await?;
    let mut answered = 0;
    for one in waiting {
        let seen = one.await?;
        answered += usize::from(seen.got.is_canary());
    }
    rows.push(failed(NAME, "swap", &records));
    rows.push(crowd.stayed("swap", &records));
    rows.push(Row::exact(
        NAME,
        "swap: in flight, answered by their version",
        4 * WAITING,
        answered,
    ));
    counted.push(sum(&envoy, "graylane_requests_total$").await?);
    let served = backends.requests().await?;
    let rule = format!("swap: graylane's counters of {served} requests, after each");
    rows.push(Row::judged(
        NAME,
        rule,
        "—",
        format!("{counted:?}"),
        "—",
        true,
    ));
    let open = settled(&envoy, "graylane_open_streams$", 0).await?;
    rows.push(Row::exact(
        NAME,
        "swap: open by the gauge, where none is",
        0,
        open,
    ));
    Ok(rows)
}

/// The sum of what has these names, as soon as it is as wanted, or when patience ends.
async fn settled(envoy: &Envoy, names: &str, wanted: u64) -> Result<u64> {
    let until = Instant::now() + PATIENCE / 4;
    loop {
        let sum = sum(envoy, names).await?;
        if sum == wanted || Instant::now() > until {
            return Ok(sum);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn sum(envoy: &Envoy, names: &str) -> Result<u64> {
    Ok(envoy.admin().stats(names).await?.into_values().sum())
}
