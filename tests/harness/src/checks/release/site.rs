//! Envoy that follows an etcd, a Prometheus that scrapes it, and users.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::PATIENCE;
use crate::Progress;
use crate::backend::Fleet;
use crate::centre::{Access, Centre, Door, Kind};
use crate::checks::people::with_user;
use crate::client::{Bounds, Load, Pace, Protocol, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::place;
use crate::telemetry::Prometheus;

/// Users of the service, each of whom asks over and over.
const USERS: usize = 400;
/// Clients at once, and each one's pause: 200 requests in a second.
const CLIENTS: usize = 8;
const PAUSE: Duration = Duration::from_millis(40);
/// Where nobody listens, of a port that is nobody's.
const NOWHERE: &str = "127.0.0.1:9";

/// What documents call the policy and its switches in etcd.
pub(super) const POLICY: &str = "graylane/checkout";
pub(super) const SWITCHES: &str = "graylane/checkout/switches";

/// All of it.
pub(super) struct Site {
    // Envoy goes first: it would log that the others are gone.
    pub(super) envoy: Envoy,
    pub(super) centre: Centre,
    pub(super) prometheus: Prometheus,
    pub(super) backends: Fleet,
    _door: Door,
}

impl Site {
    /// Starts all of it, with the filter's own policy, and the Prometheus of `docs/examples/alert`.
    pub(super) async fn start(
        lab: &Lab,
        own: &Value,
        alertmanager: Option<SocketAddr>,
    ) -> Result<Self> {
        let centre = Kind::Etcd.start(Access::Open).await?;
        let door = Door::open(lab.client_ip().await?, centre.at()).await?;
        let backends = lab.backends(&["v1", "v2"]).await?;
        let setup = Setup::of("dynamic")
            .policy(own)
            .leading_to("etcd", door.at());
        let envoy = lab.envoy(&setup, &backends).await?;
        let alertmanager = alertmanager.map_or(NOWHERE.to_owned(), |at| at.to_string());
        let configuration = example("alert/prometheus.yml")?
            .replace("127.0.0.1:9901", &envoy.admin().address().to_string())
            .replace("127.0.0.1:9093", &alertmanager);
        let rules = example("alert/rules.yml")?;
        let prometheus = Prometheus::start(&configuration, &[("rules.yml", &rules)]).await?;
        let until = Instant::now() + PATIENCE;
        while !prometheus.has("graylane_policy_revision").await? {
            if Instant::now() > until {
                bail!("Prometheus has scraped nothing of graylane's after {PATIENCE:?}");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(Self {
            envoy,
            centre,
            prometheus,
            backends,
            _door: door,
        })
    }

    /// The address of a document, as `--to` takes it.
    pub(super) fn address(&self, key: &str) -> String {
        format!("etcd://{}/{key}", self.centre.at())
    }

    /// Everybody asks, until this value goes.
    pub(super) fn load(&self) -> Load {
        let bounds = Bounds {
            time: Duration::from_hours(1),
            visits: usize::MAX,
            pause: PAUSE,
            pace: Pace {
                clients: CLIENTS,
                ..Pace::default()
            },
        };
        Load::start(self.envoy.address(), &users(), bounds)
    }

    /// How many users are answered by the version that a policy says.
    pub(super) async fn where_it_says(&self, policy: &Value) -> Result<usize> {
        let native = Native::compile(policy)?;
        let users = users();
        let to = self.envoy.address();
        let progress = Progress::of("release: users", users.len());
        let answers = drive(to, &users, Pace::default(), progress).await?;
        let right = users.iter().zip(&answers);
        Ok(right
            .filter(|(user, answer)| native.is_right(user, answer))
            .count())
    }

    /// Waits until the centre has this policy and Envoy has said that it is in force.
    pub(super) async fn in_force(&self, policy: &Value) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let document = loop {
            let document = self.centre.read(POLICY).await?.unwrap_or_default();
            let read: Option<Value> = serde_json::from_slice(&document).ok();
            if read.as_ref() == Some(policy) {
                break document;
            }
            if Instant::now() > until {
                bail!("{POLICY} is still another after {PATIENCE:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let revision = graylane::revision(&document);
        let sentence = format!("policy in force: revision {revision:08x}");
        let log = self.envoy.log();
        log.wait(&sentence, 0, PATIENCE).await.map(drop)
    }

    /// The revision of the policy in force, by Envoy's statistics.
    pub(super) async fn revision(&self) -> Result<u64> {
        let stats = self.envoy.admin().stats("graylane_policy_revision").await?;
        stats
            .into_values()
            .next()
            .context("Envoy tells no revision")
    }
}

/// How many users there are.
pub(super) fn everybody() -> usize {
    USERS
}

fn users() -> Arc<[Visit]> {
    let visit = |number: usize| {
        let visit = with_user(Visit::of(format!("user-{number}")));
        visit.over([Protocol::Http1, Protocol::Http2][number % 2])
    };
    (0..USERS).map(visit).collect()
}

/// The folder of the documentation's examples.
pub(super) fn examples() -> Result<PathBuf> {
    Ok(place::repository()?.join("docs/examples"))
}

/// The text of an example.
pub(super) fn example(name: &str) -> Result<String> {
    let path = examples()?.join(name);
    fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
}

/// An example that is YAML.
pub(super) fn tree(name: &str) -> Result<Value> {
    yaml_serde::from_str(&example(name)?).with_context(|| format!("{name} is no YAML"))
}
