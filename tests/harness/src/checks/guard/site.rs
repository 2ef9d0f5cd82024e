//! One Envoy whose services are the cases, their backends, and their users.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::calls::Calls;
use super::cases::{Asks, Baseline, Case, Turn};
use super::verdicts::Verdict;
use crate::backend::{Backend, Fleet, Mood};
use crate::checks::people::with_user;
use crate::client::{Bounds, Load, Pace, Protocol, Record, Visit};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::native::Native;

/// What part of a service's users each canary has, in percent.
pub(super) const SHARE: f64 = 45.0;
/// Users of a service.
const USERS: u32 = 120;
/// Clients at once: enough for those who hang.
const CLIENTS: u32 = 192;
/// How long users wait for an answer.
const PATIENCE: Duration = Duration::from_secs(4);
const WORKERS: u32 = 3;
/// How long all verdicts together may take, on however busy a machine.
pub(super) const VERDICTS: Duration = Duration::from_secs(40);

/// A user, and where the policy has them.
pub(super) struct User {
    pub(super) service: &'static str,
    /// The canary's own name among all; `None` for the baseline.
    pub(super) canary: Option<String>,
    /// The backend of their service's baseline.
    pub(super) baseline: &'static str,
    /// Whether they call by gRPC.
    pub(super) is_calling: bool,
    /// The trace of their requests.
    pub(super) trace: String,
    visit: Visit,
}

/// The services of the cases, running.
pub(super) struct Site<'c> {
    pub(super) cases: &'c [Case],
    pub(super) envoy: Envoy,
    pub(super) users: BTreeMap<String, User>,
    backends: Fleet,
}

/// Load on every service.
pub(super) struct Traffic {
    visits: Load,
    calls: Option<Calls>,
}

impl<'c> Site<'c> {
    pub(super) async fn start(lab: &Lab, cases: &'c [Case]) -> Result<Self> {
        let names: Vec<_> = cases.iter().map(Case::name).collect();
        let baselines = Baseline::ALL.map(Baseline::name);
        let versions = names.iter().map(String::as_str).chain(baselines);
        let backends = lab.backends(&versions.collect::<Vec<_>>()).await?;
        let policy = policy(cases, SHARE);
        let setup = Setup::of("standalone").policy(&policy).workers(WORKERS);
        let site = Self {
            envoy: lab.envoy(&setup, &backends).await?,
            users: users(cases, &Native::compile(&policy)?),
            cases,
            backends,
        };
        for baseline in Baseline::ALL {
            site.backend(baseline.name())?
                .turns(baseline.mood())
                .await?;
        }
        for case in cases {
            site.get(case)?.turns(case.before).await?;
        }
        Ok(site)
    }

    /// The backend of a case.
    pub(super) fn get(&self, case: &Case) -> Result<&Backend> {
        self.backend(&case.name())
    }

    fn backend(&self, name: &str) -> Result<&Backend> {
        let found = self.backends.get(name);
        found.with_context(|| format!("there is no backend of {name}"))
    }

    /// Has every version turn as its case says.
    pub(super) async fn turn(&self) -> Result<()> {
        for case in self.cases {
            let backend = self.get(case)?;
            match case.turn {
                Turn::Mood(mood) => backend.turns(mood).await?,
                Turn::Gone(time) => backend.closes_for(time).await?,
            }
        }
        Ok(())
    }

    /// Has a service's version get well.
    pub(super) async fn heal(&self, service: &str) -> Result<()> {
        let case = self.cases.iter().find(|case| case.service == service);
        let case = case.with_context(|| format!("there is no service {service}"))?;
        self.get(case)?.turns(Mood::well()).await
    }

    /// Starts load: so many requests in a second on each service.
    pub(super) async fn load(&self, rate: u32) -> Result<Traffic> {
        let asks = |asks| self.cases.iter().find(|case: &&Case| case.asks == asks);
        let calls = match asks(Asks::Calls) {
            None => None,
            Some(case) => {
                let users = self.visits_to(case.service).cloned().collect();
                Some(Calls::start(self.envoy.address(), users, rate).await?)
            }
        };
        let visits = self.rounds();
        let bounds = Bounds {
            time: Duration::from_hours(24),
            visits: usize::MAX,
            pause: USERS * Duration::from_secs(1) * CLIENTS / rate / u32::try_from(visits.len())?,
            pace: Pace {
                clients: CLIENTS as usize,
                patience: PATIENCE,
                ..Pace::default()
            },
        };
        let visits = Load::start(self.envoy.address(), &visits, bounds);
        Ok(Traffic { visits, calls })
    }

    /// The first user of every service, then the second: neighbours in time ask for different ones.
    fn rounds(&self) -> Arc<[Visit]> {
        let mut rounds = vec![Vec::new(); USERS as usize];
        for service in services(self.cases) {
            let asks = asks(self.cases, service);
            if asks != Asks::Calls {
                let own = rounds.iter_mut().step_by(asks.step());
                for (visit, round) in self.visits_to(service).zip(own) {
                    round.push(visit.clone());
                }
            }
        }
        rounds.into_iter().flatten().collect()
    }

    /// Those of a service's users, in order.
    pub(super) fn visits_to(&self, service: &str) -> impl Iterator<Item = &Visit> {
        let users = self.users.values();
        let own = users.filter(move |user| user.service == service);
        own.map(|user| &user.visit)
    }

    /// Waits until the log has so many verdicts on each case as `wanted` says, or until patience ends;
    /// the moment at which the last of them was not there yet.
    pub(super) async fn judged(
        &self,
        until: Instant,
        wanted: impl Fn(&Case) -> usize,
    ) -> Result<Instant> {
        let mut absent = Instant::now();
        loop {
            let looked = Instant::now();
            let verdicts = Verdict::all(self.envoy.log())?;
            let made = |case: &Case| {
                let own = verdicts
                    .iter()
                    .filter(|verdict| verdict.is_on(case.service, case.version));
                own.count()
            };
            let late = self.cases.iter().find(|case| made(case) < wanted(case));
            let Some(late) = late else {
                return Ok(absent);
            };
            absent = looked;
            if looked > until {
                // What was waited for is missing; the rows will tell.
                eprintln!("{}: no more verdicts in time", late.name());
                return Ok(absent);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Traffic {
    /// Ends it after the requests under way; the records in the order they were sent.
    pub(super) async fn stop(self) -> Result<Vec<Record>> {
        let mut records = self.visits.stop().await?;
        if let Some(calls) = self.calls {
            records.extend(calls.stop().await?);
        }
        records.sort_by_key(|record| record.sent);
        Ok(records)
    }
}

/// The services, each once.
pub(super) fn services(cases: &[Case]) -> BTreeSet<&'static str> {
    cases.iter().map(|case| case.service).collect()
}

fn baseline(cases: &[Case], service: &str) -> Baseline {
    let case = cases.iter().find(|case| case.service == service);
    case.map_or(Baseline::Well, |case| case.baseline)
}

fn asks(cases: &[Case], service: &str) -> Asks {
    let case = cases.iter().find(|case| case.service == service);
    case.map_or(Asks::Often, |case| case.asks)
}

/// A service for each name among the cases, whose canaries have this share of its users.
pub(super) fn policy(all: &[Case], percent: f64) -> Value {
    let service = |service: &str| {
        let cases = || all.iter().filter(|case| case.service == service);
        let cluster = format!("checkout-{}", baseline(all, service).name());
        let mut versions = vec![json!({ "name": "v1", "cluster": cluster })];
        versions.extend(cases().map(|case| {
            let cluster = format!("checkout-{}", case.name());
            json!({ "name": case.version, "cluster": cluster, "guard": case.guard })
        }));
        let to = cases().map(|case| json!({ "version": case.version, "percent": percent }));
        let to: Vec<_> = to.collect();
        json!({
            "name": service,
            "hosts": [host(service)],
            "baseline": "v1",
            "versions": versions,
            "rules": [{ "name": "split", "split": { "by": [{ "header": "x-user-id" }], "to": to } }],
        })
    };
    let services: Vec<_> = services(all).into_iter().map(service).collect();
    json!({ "schema": "graylane/v1", "services": services })
}

fn host(service: &str) -> String {
    format!("{service}.example.com")
}

/// The users of every service, and where the core has them.
fn users(cases: &[Case], native: &Native) -> BTreeMap<String, User> {
    let mut users = BTreeMap::new();
    for service in services(cases) {
        let asks = asks(cases, service);
        for number in (0..USERS as usize).step_by(asks.step()) {
            let name = format!("{service}/{number:03}");
            let trace = format!("{:032x}", users.len() + 1);
            let visit = with_user(Visit::of(&*name))
                .at(&host(service))
                .over([Protocol::Http1, Protocol::Http2][number / asks.step() % 2])
                .with("traceparent", format!("00-{trace}-00000000000000a1-01"));
            let visit = match asks {
                Asks::InVain => visit.with("x-backend-status", "404"),
                Asks::Often | Asks::Seldom | Asks::Calls => visit,
            };
            let cluster = native.decide(&visit).cluster.unwrap_or_default();
            let backend = cluster.strip_prefix("checkout-").unwrap_or_default();
            let is_canary = cases.iter().any(|case| case.name() == backend);
            let user = User {
                service,
                baseline: baseline(cases, service).name(),
                is_calling: asks == Asks::Calls,
                canary: is_canary.then(|| backend.to_owned()),
                trace,
                visit,
            };
            users.insert(name, user);
        }
    }
    users
}
