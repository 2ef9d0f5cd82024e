//! Three Envoys, each with backends of its own and its own door to one centre, and their users.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use graylane::Node;
use serde_json::{Value, json};

use super::NAME;
use crate::backend::{Backend, Fleet, Mood, Trouble};
use crate::centre::{Access, Asked, Centre, Door, Kind};
use crate::checks::guard::verdicts::Verdict;
use crate::checks::people::with_user;
use crate::client::{Bounds, Load, Pace, Record, Visit};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::report::Row;

const CLUSTER: &str = "centre";
/// How many there are.
pub(super) const PROXIES: usize = 3;
/// How often each asks what the others tell: a verdict is told within a second.
const EVERY: &str = "2s";
/// How long any verdict may take, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Users of each service; half of them have the canary.
const USERS: usize = 40;
/// Requests of all users together in a second, on each service of each proxy.
const RATE: u32 = 20;
const CLIENTS: u32 = 4;
/// Load after the last verdict, and the end of it, in which nobody gets the canary.
pub(super) const AFTER: Duration = Duration::from_secs(4);
const LAST: Duration = Duration::from_secs(1);

/// A service under guard: its name, which its canary's backends have as well, and the guard.
pub(super) type Guarded = (&'static str, Value);

/// One proxy.
pub(super) struct Proxy {
    // Envoy goes first: it would log that the others are gone.
    pub(super) envoy: Envoy,
    pub(super) door: Door,
    backends: Fleet,
}

/// All of them, and their centre.
pub(super) struct Site {
    pub(super) proxies: Vec<Proxy>,
    services: Vec<&'static str>,
    _centre: Centre,
}

impl Site {
    pub(super) async fn start(
        lab: &Lab,
        kind: Kind,
        close_when: &str,
        services: &[Guarded],
    ) -> Result<Self> {
        let centre = kind.start(Access::Open).await?;
        let announce = json!({ "under": kind.document("fleet"), "close_when": close_when });
        let fields = json!({ "announce": announce, "every": EVERY });
        let mut policy = policy(services);
        policy["remote"] = centre.remote(CLUSTER, &fields);
        let names: Vec<_> = services.iter().map(|(name, _)| *name).collect();
        let versions = [&["v1"][..], &names].concat();
        let mut proxies = Vec::new();
        for number in 0..PROXIES {
            let door = Door::open(lab.client_ip().await?, centre.at()).await?;
            let backends = lab.backends(&versions).await?;
            let node = Node {
                id: format!("gateway-{number}"),
                ..Node::default()
            };
            let setup = Setup::of("standalone")
                .policy(&policy)
                .leading_to(CLUSTER, door.at())
                .node(&node);
            proxies.push(Proxy {
                envoy: lab.envoy(&setup, &backends).await?,
                door,
                backends,
            });
        }
        Ok(Self {
            proxies,
            services: names,
            _centre: centre,
        })
    }

    /// Waits until each has heard of all others, which tell nothing before they have traffic.
    async fn acquainted(&self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        for proxy in &self.proxies {
            loop {
                let stats = proxy.envoy.admin().stats("graylane_fleet_proxies$").await?;
                if stats.into_values().next() == Some(PROXIES as u64 - 1) {
                    break;
                }
                let log = proxy.envoy.log();
                anyhow::ensure!(
                    Instant::now() < until,
                    "a proxy does not hear of the others\n{}",
                    log.tail()
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    pub(super) fn proxy(&self, number: usize) -> Result<&Proxy> {
        self.proxies.get(number).context("there are three proxies")
    }

    /// Load on every service of every proxy, once they all have heard of each other.
    pub(super) async fn load(&self) -> Result<Vec<Load>> {
        let visits: Arc<[Visit]> = (0..USERS)
            .flat_map(|number| {
                let of = move |service: &&str| {
                    let visit = with_user(Visit::of(format!("{service}/{number}")));
                    visit.at(&host(service))
                };
                self.services.iter().map(of)
            })
            .collect();
        let rate = RATE * u32::try_from(self.services.len())?;
        let bounds = Bounds {
            time: Duration::from_hours(24),
            visits: usize::MAX,
            pause: Duration::from_secs(1) * CLIENTS / rate,
            pace: Pace {
                clients: CLIENTS as usize,
                ..Pace::default()
            },
        };
        let start = |proxy: &Proxy| Load::start(proxy.envoy.address(), &visits, bounds);
        let loads = self.proxies.iter().map(start).collect();
        self.acquainted().await?;
        Ok(loads)
    }

    /// Has a service's canary fail everything, behind these proxies.
    pub(super) async fn fails(&self, service: &str, behind: &[usize]) -> Result<()> {
        for &number in behind {
            let backend = self.proxy(number)?.backend(service)?;
            backend.turns(Mood::of(Trouble::Fails, 1_000)).await?;
        }
        Ok(())
    }

    /// Waits until a proxy has so many verdicts on a service; the last moment at which it had not.
    pub(super) async fn judged(
        &self,
        number: usize,
        service: &str,
        wanted: usize,
    ) -> Result<Instant> {
        let until = Instant::now() + PATIENCE;
        let mut absent = Instant::now();
        loop {
            let looked = Instant::now();
            let verdicts = self.verdicts(number, service)?;
            if verdicts.len() >= wanted {
                return Ok(absent);
            }
            absent = looked;
            let log = self.proxy(number)?.envoy.log();
            anyhow::ensure!(
                looked < until,
                "proxy {number} has no verdict on {service}\n{}",
                log.tail()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A proxy's verdicts on a service, each as `from → to: because`.
    pub(super) fn verdicts(&self, number: usize, service: &str) -> Result<Vec<String>> {
        let all = Verdict::all(self.proxy(number)?.envoy.log())?;
        let own = all.iter().filter(|own| own.is_on(service, "v2"));
        Ok(own.map(Verdict::short).collect())
    }

    /// That every baseline answered everybody, and no canary that is closed anybody in the end.
    pub(super) async fn ended(
        &self,
        case: &str,
        loads: Vec<Load>,
        open: &[&str],
    ) -> Result<Vec<Row>> {
        tokio::time::sleep(AFTER).await;
        let end = Instant::now();
        let (mut all, mut failed, mut late) = (0, 0, 0);
        for load in loads {
            let records = load.stop().await?;
            let by_canary = |record: &&Record| record.version.as_deref() != Some("v1");
            all += records.len();
            let lost = |record: &&Record| {
                !record.is_success() && record.version.as_deref().is_none_or(|own| own == "v1")
            };
            failed += records.iter().filter(lost).count();
            let is_open = |record: &&Record| open.iter().any(|own| record.user.starts_with(own));
            let still = records
                .iter()
                .filter(by_canary)
                .filter(|own| end.saturating_duration_since(own.sent) < LAST);
            late += still.filter(|record| !is_open(record)).count();
        }
        let failed_rule = format!("{case}: failed but by the canary, of {all} requests");
        let late_rule = format!("{case}: to a closed canary in the last second");
        Ok(vec![
            Row::judged(
                NAME,
                failed_rule,
                0,
                failed,
                "exact",
                failed == 0 && all > 0,
            ),
            Row::exact(NAME, late_rule, 0, late),
        ])
    }
}

impl Proxy {
    pub(super) fn backend(&self, service: &str) -> Result<&Backend> {
        let found = self.backends.get(service);
        found.with_context(|| format!("there is no backend of {service}"))
    }

    /// How often it has asked what the others tell, between two moments.
    pub(super) fn asked_between(&self, from: Instant, to: Instant) -> usize {
        let is_list = |asked: &&Asked| asked.method == "GET" || asked.path.ends_with("/range");
        let inside = |asked: &&Asked| asked.at > from && asked.answered.is_some_and(|at| at < to);
        let asked = self.door.asked();
        asked.iter().filter(is_list).filter(inside).count()
    }
}

fn policy(services: &[Guarded]) -> Value {
    let service = |(name, guard): &Guarded| {
        json!({
            "name": name,
            "hosts": [host(name)],
            "baseline": "v1",
            "versions": [
                { "name": "v1", "cluster": "checkout-v1" },
                { "name": "v2", "cluster": format!("checkout-{name}"), "guard": guard },
            ],
            "rules": [{
                "name": "split",
                "split": {
                    "by": [{ "header": "x-user-id" }],
                    "to": [{ "version": "v2", "percent": 50 }],
                },
            }],
        })
    };
    let services: Vec<_> = services.iter().map(service).collect();
    json!({ "schema": "graylane/v1", "services": services })
}

fn host(service: &str) -> String {
    format!("{service}.example.com")
}
