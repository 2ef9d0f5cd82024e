//! Envoy is to go, under load: it is drained, it tells health checks that it is unfit, it is ended.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::task::JoinHandle;

use super::crowd::{CLIENTS, Crowd};
use super::timeline::{Seen, ask};
use super::{NAME, PATIENCE, failed, setup};
use crate::backend::Fleet;
use crate::client::{Connection, Load, Protocol, Record, Talk};
use crate::envoy::Envoy;
use crate::lab::Lab;
use crate::report::Row;

/// How long a drain lasts.
const DRAIN: &str = "2";
/// Requests in flight when it begins wait so long for their answers: longer than that.
const WAITS: &str = "3000";
/// By then they are with their backend.
const UNDER_WAY: Duration = Duration::from_millis(400);
/// In flight over each protocol, and one WebSocket.
const IN_FLIGHT: usize = 3;

pub(super) async fn rows(lab: &Lab) -> Result<Vec<Row>> {
    let (drained, unfit, ended) = tokio::join!(drained(lab), unfit(lab), ended(lab));
    let mut rows = drained?;
    rows.extend(unfit?);
    rows.extend(ended?);
    Ok(rows)
}

/// An Envoy under load, with requests in flight.
struct Site {
    envoy: Envoy,
    crowd: Crowd,
    load: Load,
    waiting: Vec<JoinHandle<Seen>>,
    talk: Talk,
    _backends: Fleet,
}

impl Site {
    async fn start(lab: &Lab) -> Result<Self> {
        let backends = lab.backends(&["v1", "v2"]).await?;
        let setup = setup().arguments(["--drain-time-s", DRAIN]);
        let crowd = Crowd::of(setup.policy.as_ref().context("no policy")?)?;
        let envoy = lab.envoy(&setup, &backends).await?;
        let load = crowd.load(envoy.address());
        let visit = crowd.canary(Protocol::Http1)?;
        let mut talk = Talk::web_socket(envoy.address(), &visit).await?;
        talk.say().await?;
        let mut waiting = Vec::new();
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let mut connection = Connection::open(envoy.address(), protocol).await?;
            let visit = visit
                .clone()
                .over(protocol)
                .with("x-backend-delay-ms", WAITS);
            waiting.push(tokio::spawn(
                async move { ask(&mut connection, &visit).await },
            ));
        }
        tokio::time::sleep(UNDER_WAY).await;
        Ok(Self {
            envoy,
            crowd,
            load,
            waiting,
            talk,
            _backends: backends,
        })
    }
}

/// How many of those in flight came to their end.
async fn in_flight(waiting: Vec<JoinHandle<Seen>>, mut talk: Talk) -> Result<usize> {
    let mut good = 0;
    for one in waiting {
        good += usize::from(one.await?.got.is_canary());
    }
    Ok(good + usize::from(talk.say().await.is_ok()))
}

/// Drained, and ended when nobody is there any more: as it should be done.
async fn drained(lab: &Lab) -> Result<Vec<Row>> {
    let mut site = Site::start(lab).await?;
    let begun = Instant::now();
    site.envoy.admin().post("/drain_listeners?graceful").await?;
    let closed = refused(&site.envoy).await?;
    let finished = in_flight(site.waiting, site.talk).await?;
    let records = site.load.stop().await?;
    let case = format!("drained, {DRAIN} s");
    let (refusals, others) = failures(&records);
    let mut rows = vec![
        Row::judged(
            NAME,
            format!("{case}: failed, of {} requests", records.len()),
            "refused at the closed port only",
            format!("{refusals} refused, {others} otherwise"),
            format!("{CLIENTS}: one of each client, that the kernel had, and Envoy not yet"),
            others <= CLIENTS && records.len() > refusals + others,
        ),
        site.crowd.stayed(&case, &records),
        Row::exact(
            NAME,
            format!("{case}: in flight, to their end"),
            IN_FLIGHT,
            finished,
        ),
    ];
    let took = (closed - begun).as_millis();
    rows.push(Row::judged(
        NAME,
        format!("{case}: the port closes"),
        "—",
        format!("after {took} ms"),
        "—",
        true,
    ));
    site.envoy.terminate()?;
    rows.push(ends(&case, &mut site.envoy).await);
    Ok(rows)
}

/// When nobody is let in any more.
async fn refused(envoy: &Envoy) -> Result<Instant> {
    let until = Instant::now() + PATIENCE;
    loop {
        let before = Instant::now();
        if Connection::open(envoy.address(), Protocol::Http1)
            .await
            .is_err()
        {
            return Ok(before);
        }
        if Instant::now() > until {
            bail!("a drained Envoy lets clients in for {PATIENCE:?}");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// It says that it is unfit, and then that it is fit again.
async fn unfit(lab: &Lab) -> Result<Vec<Row>> {
    let site = Site::start(lab).await?;
    let admin = site.envoy.admin();
    admin.post("/healthcheck/fail").await?;
    let ready = admin.get("/ready").await;
    let observed = ready
        .err()
        .map_or_else(|| "LIVE".to_owned(), |error| error.to_string());
    let finished = in_flight(site.waiting, site.talk).await?;
    admin.post("/healthcheck/ok").await?;
    tokio::time::sleep(UNDER_WAY).await;
    let records = site.load.stop().await?;
    let case = "unfit, and fit again";
    Ok(vec![
        Row::judged(
            NAME,
            format!("{case}: /ready"),
            "503",
            &observed,
            "",
            observed.contains(" 503: DRAINING"),
        ),
        failed(NAME, case, &records),
        site.crowd.stayed(case, &records),
        Row::exact(
            NAME,
            format!("{case}: in flight, to their end"),
            IN_FLIGHT,
            finished,
        ),
    ])
}

/// Ended at once.
async fn ended(lab: &Lab) -> Result<Vec<Row>> {
    let mut site = Site::start(lab).await?;
    site.envoy.terminate()?;
    let case = "SIGTERM";
    let row = ends(case, &mut site.envoy).await;
    let finished = in_flight(site.waiting, site.talk).await?;
    let records = site.load.stop().await?;
    let (refusals, others) = failures(&records);
    Ok(vec![
        row,
        Row::exact(
            NAME,
            format!("{case}: in flight, to their end"),
            0,
            finished,
        ),
        site.crowd.stayed(case, &records),
        Row::judged(
            NAME,
            format!("{case}: failed, of {} requests", records.len()),
            "—",
            format!("{refusals} refused, {others} otherwise"),
            "—",
            true,
        ),
    ])
}

/// How many failed because the port was closed, and how many otherwise.
fn failures(records: &[Record]) -> (usize, usize) {
    let refused = |record: &&Record| {
        let failure = record.failure.as_deref().unwrap_or_default();
        failure.starts_with("no connection")
    };
    let failed = records.iter().filter(|record| !record.is_success());
    let (refused, others): (Vec<_>, Vec<_>) = failed.partition(refused);
    (refused.len(), others.len())
}

async fn ends(case: &str, envoy: &mut Envoy) -> Row {
    let until = Instant::now() + PATIENCE;
    while envoy.is_running() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Row::exact(
        NAME,
        format!("{case}: it ends by SIGTERM"),
        true,
        !envoy.is_running(),
    )
}
