//! The module dies on one of two workers, under load: what the request got that killed it, others
//! that were in flight there, later ones, and those of the other worker; and whether it heals.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::future::{join_all, try_join_all};

use super::crowd::Crowd;
use super::each::{WORKERS, on_each};
use super::flight::{Flight, IN_FLIGHT};
use super::got::Got;
use super::strategies::{At, STRATEGIES, Strategy};
use super::timeline::{Seen, Timelines, ask};
use super::{NAME, PATIENCE, failed, setup, verdict};
use crate::client::{Connection, Protocol};
use crate::envoy::Envoy;
use crate::lab::{Lab, TRAP};
use crate::report::Row;

/// By then it is with its backend.
const UNDER_WAY: Duration = Duration::from_millis(400);
/// How long is looked on afterwards. A VM that is younger than 1.5 s is not replaced at once.
const OBSERVED: Duration = Duration::from_secs(2);

pub(super) async fn rows(lab: &Lab, trap: &Path) -> Result<Vec<Row>> {
    let all = STRATEGIES
        .iter()
        .map(|strategy| of_strategy(lab, trap, strategy));
    let all = try_join_all(all).await?;
    Ok(all.into_iter().flatten().collect())
}

async fn of_strategy(lab: &Lab, trap: &Path, strategy: &Strategy) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = setup().module(trap).edited(strategy.edit);
    let policy = setup.policy.clone().context("no policy")?;
    let envoy = lab.envoy(&setup, &backends).await?;
    verdict::close(&envoy).await?;
    let (mut rows, mut strays, mut healed) = (Vec::new(), 0, 0);
    let crowd = Crowd::of(&policy)?;
    for (round, at) in At::ALL.into_iter().enumerate() {
        let timelines = Timelines::start(&envoy, &crowd.canary(Protocol::Http1)?).await?;
        let open = async || Connection::open(envoy.address(), Protocol::Http2).await;
        let [killer, _] = on_each(&envoy, open).await?;
        let flight = Flight::begin(&envoy, &crowd.canary(Protocol::Http1)?).await?;
        let load = crowd.load(envoy.address());
        tokio::time::sleep(UNDER_WAY).await;
        let (died, itself) = kill(&envoy, killer, &crowd, at).await?;
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
        envoy
            .log()
            .wait("policy in force", logged, PATIENCE)
            .await?;
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
        if strategy.in_flight {
            rows.push(failed(NAME, &course.case(), &records));
        }
        strays += crowd.strays(&records);
        healed += usize::from(heals(&envoy, &crowd).await?);
    }
    let rule = |rule: &str| format!("{}: {rule}", strategy.name);
    let standing = verdict::standing(&envoy).await?;
    rows.extend([
        Row::exact(
            NAME,
            rule("users on a canary that is not theirs"),
            0,
            strays,
        ),
        Row::exact(
            NAME,
            rule("decides again after a change of the policy"),
            At::ALL.len(),
            healed,
        ),
        Row::exact(NAME, rule("a verdict of before"), verdict::KEPT, standing),
        drift(&envoy, strategy).await?,
    ]);
    Ok(rows)
}

/// Kills the module of the worker that has this connection; since when it is dead, and what the request got.
async fn kill(
    envoy: &Envoy,
    mut killer: Connection,
    crowd: &Crowd,
    at: At,
) -> Result<(Instant, Got)> {
    let visit = crowd.canary(Protocol::Http2)?;
    let visit = match at {
        At::Request => visit.with(TRAP, "request"),
        At::Response => visit.answered_with(TRAP, "response"),
        At::Tick => visit.with(TRAP, "tick"),
    };
    let logged = envoy.log().end();
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
        let asked = connections
            .iter_mut()
            .map(|connection| ask(connection, &visit));
        if join_all(asked)
            .await
            .iter()
            .all(|seen| seen.got.is_canary())
        {
            return Ok(true);
        }
        if Instant::now() > until {
            return Ok(false);
        }
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
            (At::Tick, _) if strategy.in_flight => Got::Canary,
            // It was answered before the tick, or was in flight like others.
            (At::Tick, _) => self.itself,
        };
        let all = if strategy.in_flight { IN_FLIGHT } else { 0 };
        let in_flight = |[waiting, open]: [usize; 2]| {
            format!("{waiting} of {IN_FLIGHT} answered, {open} of {IN_FLIGHT} streams go on")
        };
        let [waiting, other_waiting] = self.waiting;
        let [open, other_open] = self.open;
        let untouched = other.iter().filter(|seen| seen.got.is_canary()).count();
        vec![
            Row::exact(
                NAME,
                format!("{case}: that request; in flight there"),
                format!("{itself}; {}", in_flight([all; 2])),
                format!("{}; {}", self.itself, in_flight([waiting, open])),
            ),
            self.later(died),
            Row::exact(
                NAME,
                format!("{case}: on the other worker"),
                format!("{} on v2, {}", other.len(), in_flight([IN_FLIGHT; 2])),
                format!(
                    "{untouched} on v2, {}",
                    in_flight([other_waiting, other_open])
                ),
            ),
        ]
    }

    /// What later requests got on its worker. What heals by itself has done so in the end; the rest
    /// is the same throughout.
    fn later(&self, died: Instant) -> Row {
        let wanted = self.strategy.later;
        let others: Vec<_> = self
            .later
            .iter()
            .filter(|seen| seen.got != wanted)
            .collect();
        let healed = self.later.last().is_some_and(|seen| seen.got == wanted);
        let passed = healed && (self.strategy.heals || others.is_empty());
        let until = others.last().map(|last| {
            let after = (last.sent - died).as_millis();
            format!("; {} until {after} ms after", last.got)
        });
        let (right, all) = (self.later.len() - others.len(), self.later.len());
        let observed = format!("{right} of {all}{}", until.unwrap_or_default());
        let accepted = if self.strategy.heals {
            "in the end"
        } else {
            "all"
        };
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
