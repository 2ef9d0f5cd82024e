//! The module does not come back from a request: no failure policy is about that.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::crowd::Crowd;
use super::each::on_each;
use super::timeline::{Timelines, ask};
use super::{NAME, setup};
use crate::client::{Connection, Protocol};
use crate::lab::{Lab, TRAP};
use crate::report::Row;

/// How long is looked on. Envoy's watchdog counts a thread that has not come back in 200 ms.
const OBSERVED: Duration = Duration::from_secs(2);

pub(super) async fn rows(lab: &Lab, trap: &Path) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = setup().module(trap);
    let crowd = Crowd::of(setup.policy.as_ref().context("no policy")?)?;
    let envoy = lab.envoy(&setup, &backends).await?;
    let visit = crowd.canary(Protocol::Http1)?;
    let timelines = Timelines::start(&envoy, &visit).await?;
    let open = async || Connection::open(envoy.address(), Protocol::Http1).await;
    let [mut caught, _] = on_each(&envoy, open).await?;
    let visit = visit.with(TRAP, "loop");
    let begun = Instant::now();
    let itself = tokio::spawn(async move { ask(&mut caught, &visit).await });
    tokio::time::sleep(OBSERVED).await;
    let missed: u64 = envoy
        .admin()
        .stats(r"^workers\.watchdog_miss$")
        .await?
        .into_values()
        .sum();
    let looked = Instant::now();
    let answered = itself.is_finished();
    // Nothing else ends it.
    envoy.kill();
    let [own, other] = timelines.stop().await?;
    // What was on its way when it began may have come back.
    let own = own
        .iter()
        .filter(|seen| seen.sent > begun && seen.answered < looked);
    let other: Vec<_> = other.iter().filter(|seen| seen.answered < looked).collect();
    let untouched = other.iter().filter(|seen| seen.got.is_canary()).count();
    let case = "the module hangs";
    Ok(vec![
        Row::exact(
            NAME,
            format!("{case}: that request is answered"),
            false,
            answered,
        ),
        Row::judged(
            NAME,
            format!("{case}: later ones there, answered"),
            0,
            own.clone().count(),
            "1: it came before",
            own.count() <= 1,
        ),
        Row::exact(
            NAME,
            format!("{case}: on the other worker, on v2"),
            other.len(),
            untouched,
        ),
        Row::judged(
            NAME,
            format!("{case}: Envoy's watchdog misses it"),
            "some",
            missed,
            "",
            missed > 0,
        ),
    ])
}
