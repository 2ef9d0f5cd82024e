//! The module dies on one of two workers, under load: what the request got that killed it, others
//! that were in flight there, later ones, and those of the other worker; and whether it heals.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::future::{join_all, try_join_all};
use tokio::task::JoinHandle;

use super::crowd::Crowd;
use super::each::{WORKERS, on_each};
use super::got::Got;
use super::strategies::{At, STRATEGIES, Strategy};
use super::timeline::{Seen, Timelines, ask};
use super::{NAME, PATIENCE, failed, setup, verdict};
use crate::client::{Caller, Connection, Protocol, Talk, Visit};
use crate::envoy::Envoy;
use crate::lab::Lab;
use crate::report::Row;

/// What asks the module to die.
const HEADER: &str = "x-graylane-trap";
/// How long a request waits for its answer that is in flight meanwhile.
const WAITS: &str = "1500";
/// By then it is with its backend.
const UNDER_WAY: Duration = Duration::from_millis(400);
/// How long is looked on afterwards. A VM that is younger than 1.5 s is not replaced at once.
const OBSERVED: Duration = Duration::from_millis(2_000);
/// The end of it, by which it has healed if it does so by itself.
const LAST: Duration = Duration::from_millis(300);
/// Of each kind, over each protocol.
const IN_FLIGHT: usize = 2;

pub(super) async fn rows(lab: &Lab, trap: &Path) -> Result<Vec<Row>> {
    let all = STRATEGIES.iter().map(|strategy| of_strategy(lab, trap, strategy));
    let all = try_join_all(all).await?;
    Ok(all.into_iter().flatten().collect())
}

async fn of_strategy(lab: &Lab, trap: &Path, strategy: &Strategy) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = setup().module(trap).edited(strategy.edit);
    let policy = setup.policy.clone().context("no policy")?;
    let envoy = lab.envoy(&setup, &backends).await?;
    verdict::close(&envoy).await?;
    let mut rows = Vec::new();
    let crowd = Crowd::of(&policy)?;
    for (round, at) in [At::Request, At::Response, At::Tick].into_iter().enumerate() {
        let timelines = Timelines::start(&envoy, &crowd.canary(Protocol::Http1)?).await?;
        let flight = Flight::begin(&envoy, &crowd.canary(Protocol::Http1)?).await?;
        let load = crowd.load(envoy.address());
        tokio::time::sleep(UNDER_WAY).await;
        let (died, itself) = kill(&envoy, &crowd, at).await?;
        let (waiting, open) = flight.end().await?;
        tokio::time::sleep(OBSERVED.saturating_sub(died.elapsed())).await;
        let records = load.stop().await?;
        let looked = Instant::now();
        // It decides nothing, and is another policy.
        let mut changed = policy.clone();
        if round % 2 == 0 {
            changed["enabled"] = true.into();
        }
        let logged = envoy.log().end();
        envoy.policy_file()?.replace(&changed)?;
        envoy.log().wait("policy in force", logged, PATIENCE).await?;
        let healed = heals(&envoy, &crowd).await?;
        let [own, other] = timelines.stop().await?;
        let course = Course {
            strategy,
            at,
            itself,
            waiting,
            open,
            later: own
                .into_iter()
                .filter(|seen| seen.sent > died && seen.answered < looked)
                .collect(),
        };
        rows.extend(course.rows(died, &other));
        let case = course.case();
        if strategy.in_flight {
            rows.push(failed(NAME, &case, &records));
        }
        let strays = crowd.strays(&records);
        rows.push(Row::exact(NAME, format!("{case}: on a canary not theirs"), 0, strays));
        rows.push(Row::exact(NAME, format!("{case}: after a change of the policy"), true, healed));
    }
    let standing = verdict::standing(&envoy).await?;
    let rule = format!("{}: a verdict of before", strategy.name);
    rows.push(Row::exact(NAME, rule, verdict::KEPT, standing));
    rows.push(drift(&envoy, strategy).await?);
    Ok(rows)
}

/// Kills the first worker's module; since when it is dead, and what the request got.
async fn kill(envoy: &Envoy, crowd: &Crowd, at: At) -> Result<(Instant, Got)> {
    let visit = crowd.canary(Protocol::Http2)?;
    let visit = match at {
        At::Request => visit.with(HEADER, "request"),
        At::Response => visit.answered_with(HEADER, "response"),
        At::Tick => visit.with(HEADER, "tick"),
    };
    let logged = envoy.log().end();
    let open = async || Connection::open(envoy.address(), Protocol::Http2).await;
    let [mut killer, _] = on_each(envoy, open).await?;
    let seen = ask(&mut killer, &visit).await;
    envoy.log().wait("asked to die", logged, PATIENCE).await?;
    Ok((Instant::now(), seen.got))
}

/// Whether the module decides on each worker, as soon as it does or in the end.
async fn heals(envoy: &Envoy, crowd: &Crowd) -> Result<bool> {
    let until = Instant::now() + PATIENCE;
    let visit = crowd.canary(Protocol::Http1)?;
    let open = async || Connection::open(envoy.address(), Protocol::Http1).await;
    loop {
        let mut connections = on_each(envoy, open).await?;
        let asked = connections.iter_mut().map(|connection| ask(connection, &visit));
        if join_all(asked).await.iter().all(|seen| seen.got == Got::Canary) {
            return Ok(true);
        }
        if Instant::now() > until {
            return Ok(false);
        }
    }
}

/// What is in flight on each worker: requests that wait for their answers, and open streams.
struct Flight {
    waiting: [Vec<JoinHandle<Seen>>; WORKERS],
    open: [Vec<Talk>; WORKERS],
}

impl Flight {
    async fn begin(envoy: &Envoy, visit: &Visit) -> Result<Self> {
        let to = envoy.address();
        let mut flight = Self {
            waiting: [Vec::new(), Vec::new()],
            open: [Vec::new(), Vec::new()],
        };
        let web_sockets = on_each(envoy, async || Talk::web_socket(to, visit).await).await?;
        let calls = on_each(envoy, async || {
            let mut caller = Caller::connect(to, &visit.authority).await?;
            caller.talk(&[("x-user-id", &visit.user)]).await
        });
        for talks in [web_sockets, calls.await?] {
            for (open, mut talk) in flight.open.iter_mut().zip(talks) {
                talk.say().await?;
                open.push(talk);
            }
        }
        let mut connections = Vec::new();
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let open = async || Connection::open(to, protocol).await;
            connections.push((protocol, on_each(envoy, open).await?));
        }
        for (protocol, connections) in connections {
            for (waiting, mut connection) in flight.waiting.iter_mut().zip(connections) {
                let visit = visit.clone().over(protocol).with("x-backend-delay-ms", WAITS);
                waiting.push(tokio::spawn(async move { ask(&mut connection, &visit).await }));
            }
        }
        Ok(flight)
    }

    /// How many were answered, and how many streams still are.
    async fn end(self) -> Result<([usize; WORKERS], [usize; WORKERS])> {
        let (mut answered, mut open) = ([0; WORKERS], [0; WORKERS]);
        for (answered, waiting) in answered.iter_mut().zip(self.waiting) {
            for one in waiting {
                *answered += usize::from(one.await?.got == Got::Canary);
            }
        }
        for (open, talks) in open.iter_mut().zip(self.open) {
            for mut talk in talks {
                let said = tokio::time::timeout(PATIENCE, talk.say()).await;
                *open += usize::from(said.is_ok_and(|said| said.is_ok()));
            }
        }
        Ok((answered, open))
    }
}

/// What one death did.
struct Course<'a> {
    strategy: &'a Strategy,
    at: At,
    itself: Got,
    waiting: [usize; WORKERS],
    open: [usize; WORKERS],
    later: Vec<Seen>,
}

impl Course<'_> {
    fn case(&self) -> String {
        let at = match self.at {
            At::Request => "with a request",
            At::Response => "with an answer",
            At::Tick => "with a tick",
        };
        format!("{}, dies {at}", self.strategy.name)
    }

    fn rows(&self, died: Instant, other: &[Seen]) -> Vec<Row> {
        let (case, strategy) = (self.case(), self.strategy);
        let itself = match (self.at, strategy.itself) {
            (At::Request, [itself, _]) | (At::Response, [_, itself]) => itself,
            // It was answered before.
            (At::Tick, _) => Got::Canary,
        };
        let all = if strategy.in_flight { IN_FLIGHT } else { 0 };
        let in_flight = |[waiting, open]: [usize; 2]| {
            format!("{waiting} of {IN_FLIGHT} answered, {open} of {IN_FLIGHT} streams go on")
        };
        let [waiting, other_waiting] = self.waiting;
        let [open, other_open] = self.open;
        let untouched = other.iter().filter(|seen| seen.got == Got::Canary).count();
        vec![
            Row::exact(NAME, format!("{case}: that request"), itself, self.itself),
            Row::exact(
                NAME,
                format!("{case}: in flight there"),
                in_flight([all; 2]),
                in_flight([waiting, open]),
            ),
            self.later(died),
            Row::exact(
                NAME,
                format!("{case}: on the other worker"),
                format!("{} on v2, {}", other.len(), in_flight([IN_FLIGHT; 2])),
                format!("{untouched} on v2, {}", in_flight([other_waiting, other_open])),
            ),
        ]
    }

    /// What later requests got on its worker. What heals by itself has done so in the end; the rest
    /// is the same throughout.
    fn later(&self, died: Instant) -> Row {
        let wanted = self.strategy.later;
        let others: Vec<_> = self.later.iter().filter(|seen| seen.got != wanted).collect();
        let late = |seen: &&&Seen| seen.sent > died + OBSERVED - LAST;
        let late = others.iter().filter(late).count();
        let passed = !self.later.is_empty()
            && if self.strategy.heals {
                late == 0
            } else {
                others.is_empty()
            };
        let mut observed = format!("{} of {}", self.later.len() - others.len(), self.later.len());
        if let Some(last) = others.last() {
            let after = (last.sent - died).as_millis();
            observed += &format!("; {} until {after} ms after", last.got);
        }
        let accepted = if self.strategy.heals { "in the end" } else { "all" };
        let rule = format!("{}: later ones there", self.case());
        Row::judged(NAME, rule, wanted, observed, accepted, passed)
    }
}

/// Streams that the gauge still has when none is open: those of a VM that died.
async fn drift(envoy: &Envoy, strategy: &Strategy) -> Result<Row> {
    // Told with each tick.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let stats = envoy.admin().stats("graylane_open_streams$").await?;
    let open: u64 = stats.values().sum();
    let rule = format!("{}: open by the gauge, where none is", strategy.name);
    Ok(Row::judged(NAME, rule, "—", open, "—", true))
}
