//! Streams that stay open, through a rollback: those that are open stay where they are until they
//! end, new ones go to the baseline, and the old version is idle once the last has ended.

mod held;
mod retire;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use super::people::{policy, with_user};
use crate::Progress;
use crate::client::{Connection, Protocol, Visit};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::report::Row;
use held::{HALF, Held, OPEN};

const NAME: &str = "streams";
/// How long a change may take, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// New connections that tell whether every worker follows: all meet one of two workers once in
/// 32,768 times.
const FRESH: usize = 16;
/// So many failures in a row close the version.
const FAILURES: usize = 5;

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let progress = Progress::of("streams: through a rollback", 4);
    let mut rows = by_policy(lab, &progress).await?;
    rows.extend(by_guard(lab, &progress).await?);
    Ok(rows)
}

async fn by_policy(lab: &Lab, progress: &Progress) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = Setup::of("dynamic").policy(&policy(&[("v2", 100.0)]));
    let envoy = lab.envoy(&setup, &backends).await?;
    let before = Held::open(envoy.address()).await?;
    let logged = envoy.log().end();
    envoy.policy_file()?.replace(&policy(&[("v2", 0.0)]))?;
    let log = envoy.log();
    log.wait("policy in force", logged, PATIENCE).await?;
    let (mut rows, before, after) = rolled_back("policy", &envoy, before).await?;
    progress.step();
    rows.extend(retire::rows(&envoy, before).await?);
    progress.step();
    rows.push(closed_in_order("policy, new ones", after).await);
    Ok(rows)
}

async fn by_guard(lab: &Lab, progress: &Progress) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let mut policy = policy(&[("v2", 100.0)]);
    policy["services"][0]["versions"][1]["guard"] = json!({ "consecutive_failures": FAILURES });
    let setup = Setup::of("dynamic").policy(&policy);
    let envoy = lab.envoy(&setup, &backends).await?;
    let ended = Held::open(envoy.address()).await?.end().await;
    let answers = told(&envoy, "v2", "graylane_guard_answers_total", OPEN).await?;
    let failed = told(&envoy, "v2", "graylane_guard_failed_total", 0).await?;
    let before = Held::open(envoy.address()).await?;
    progress.step();
    let failing = with_user(Visit::of("failing")).with("x-backend-status", "500");
    let mut connection = Connection::open(envoy.address(), Protocol::Http1).await?;
    for _ in 0..FAILURES {
        connection.send(&failing).await?;
    }
    envoy.log().wait("verdict: ", 0, PATIENCE).await?;
    let (mut rows, before, after) = rolled_back("guard", &envoy, before).await?;
    rows.extend([
        Row::exact(NAME, "guard: streams that ended in order", OPEN, ended),
        Row::exact(NAME, "guard: answers that it saw of them", OPEN, answers),
        Row::exact(NAME, "guard: failures that it took them for", 0, failed),
    ]);
    rows.push(closed_in_order("guard", before).await);
    rows.push(closed_in_order("guard, new ones", after).await);
    progress.step();
    Ok(rows)
}

/// Once every worker sends users back: what became of the streams that were open before, and where
/// new ones are.
async fn rolled_back(
    case: &str,
    envoy: &Envoy,
    mut before: Held,
) -> Result<(Vec<Row>, Held, Held)> {
    settled(envoy.address(), "v1").await?;
    let mut after = Held::open(envoy.address()).await?;
    let (sockets, calls) = before.answered_by("v2").await;
    let (new_sockets, new_calls) = after.answered_by("v1").await;
    let rows = [
        ("WebSockets of before, still on v2", HALF, sockets),
        ("gRPC streams of before, still on v2", HALF, calls),
        ("new WebSockets, on v1", HALF, new_sockets),
        ("new gRPC streams, on v1", HALF, new_calls),
        (
            "open on v2, by its gauge",
            OPEN,
            open(envoy, "v2", OPEN).await?,
        ),
        (
            "open on v1, by its gauge",
            OPEN,
            open(envoy, "v1", OPEN).await?,
        ),
    ];
    let rows = rows.map(|(rule, expected, observed)| {
        Row::exact(NAME, format!("{case}: {rule}"), expected, observed)
    });
    Ok((rows.into(), before, after))
}

async fn closed_in_order(case: &str, held: Held) -> Row {
    let rule = format!("{case}: closed by both sides in order");
    Row::exact(NAME, rule, OPEN, held.end().await)
}

/// Waits until every worker sends new connections to this version.
async fn settled(to: SocketAddr, version: &str) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    let visit = with_user(Visit::of("fresh"));
    loop {
        let mut others = 0;
        for _ in 0..FRESH {
            let mut connection = Connection::open(to, Protocol::Http1).await?;
            let reply = connection.send(&visit).await?;
            others += usize::from(reply.version() != Some(version));
        }
        if others == 0 {
            return Ok(());
        }
        if Instant::now() > until {
            bail!("{others} of {FRESH} new connections do not get {version}");
        }
    }
}

/// The gauge of open streams: as soon as it is as expected, else in the end.
async fn open(envoy: &Envoy, version: &str, expected: usize) -> Result<usize> {
    told(envoy, version, "graylane_open_streams", expected).await
}

/// A number of a version's: as soon as it is as expected, else in the end.
async fn told(envoy: &Envoy, version: &str, name: &str, expected: usize) -> Result<usize> {
    let until = Instant::now() + PATIENCE;
    let name = format!(r"gray_version=\.={version};\.;{name}$");
    loop {
        let number: u64 = envoy.admin().stats(&name).await?.into_values().sum();
        let number = usize::try_from(number)?;
        if number == expected || Instant::now() > until {
            return Ok(number);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
