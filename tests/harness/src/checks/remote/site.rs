//! One Envoy that follows a centre by way of a door, and its backends.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use graylane::revision;
use serde_json::{Value, json};

use super::traffic::SETTLED;
use crate::backend::Fleet;
use crate::centre::{Access, Centre, Door, Kind};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;

/// Envoy's cluster that leads to the centre.
pub(super) const CLUSTER: &str = "centre";
/// How often a centre is asked that does not hold its answer.
pub(super) const EVERY: Duration = Duration::from_secs(1);
/// How long anything may take until it is in force, on however busy a machine; a centre that holds
/// its answer may hold one for a minute.
pub(super) const PATIENCE: Duration = Duration::from_secs(100);
const WORKERS: u32 = 3;
/// Where the plugin's own policy has everybody, and none that a centre has.
pub(super) const OWN: &str = "v3";

/// Envoy, a centre, and the door between them.
pub(super) struct Site {
    // Envoy goes first: it would log that the others are gone.
    pub(super) envoy: Envoy,
    pub(super) door: Door,
    pub(super) centre: Centre,
    /// The names of its documents there.
    pub(super) policy: String,
    pub(super) switches: String,
    _backends: Fleet,
}

/// A centre with a door, before there is an Envoy.
pub(super) struct Ground {
    pub(super) door: Door,
    pub(super) centre: Centre,
    policy: String,
    switches: String,
}

impl Ground {
    pub(super) async fn start(lab: &Lab, kind: Kind, access: Access) -> Result<Self> {
        let centre = kind.start(access).await?;
        let door = Door::open(lab.client_ip().await?, centre.at()).await?;
        Ok(Self {
            door,
            centre,
            policy: kind.document("checkout"),
            switches: kind.document("checkout-switches"),
        })
    }

    /// The plugin's own policy, which follows the centre, with these fields of `remote` beside the
    /// usual ones.
    pub(super) fn own(&self, fields: &Value) -> Value {
        let mut all = json!({
            "policy": self.policy,
            "switches": self.switches,
            "every": format!("{}s", EVERY.as_secs()),
        });
        if let (Some(all), Some(fields)) = (all.as_object_mut(), fields.as_object()) {
            all.extend(fields.clone());
        }
        let mut own = everybody(OWN);
        own["remote"] = self.centre.remote(CLUSTER, &all);
        own
    }

    /// Puts a document there, or another policy.
    pub(super) async fn publish(&self, document: &Value) -> Result<()> {
        let text = document.to_string();
        self.centre.publish(&self.policy, text.as_bytes()).await
    }

    /// Starts Envoy.
    pub(super) async fn open(self, lab: &Lab, fields: &Value) -> Result<Site> {
        let backends = lab.backends(&["v1", "v2", OWN]).await?;
        let setup = Setup::of("dynamic")
            .policy(&self.own(fields))
            .leading_to(CLUSTER, self.door.at())
            .workers(WORKERS);
        Ok(Site {
            envoy: lab.envoy(&setup, &backends).await?,
            door: self.door,
            centre: self.centre,
            policy: self.policy,
            switches: self.switches,
            _backends: backends,
        })
    }
}

impl Site {
    /// One whose policy is already there when Envoy starts, and is in force when this returns.
    pub(super) async fn start(
        lab: &Lab,
        kind: Kind,
        access: Access,
        policy: &Value,
        fields: &Value,
    ) -> Result<Self> {
        let ground = Ground::start(lab, kind, access).await?;
        ground.publish(policy).await?;
        let site = ground.open(lab, fields).await?;
        site.in_force(policy, 0).await?;
        // One worker says it for all; the others follow with their next tick.
        tokio::time::sleep(SETTLED).await;
        Ok(site)
    }

    /// Publishes a policy and waits until it is in force.
    pub(super) async fn publish(&self, policy: &Value) -> Result<()> {
        let logged = self.envoy.log().end();
        self.put(policy).await?;
        self.in_force(policy, logged).await
    }

    /// Publishes a policy.
    pub(super) async fn put(&self, policy: &Value) -> Result<()> {
        let text = policy.to_string();
        self.centre.publish(&self.policy, text.as_bytes()).await
    }

    /// Waits until a worker says, from `logged` on, that a policy is in force.
    pub(super) async fn in_force(&self, policy: &Value, logged: u64) -> Result<()> {
        let revision = revision(policy.to_string().as_bytes());
        let sentence = format!("policy in force: revision {revision:08x}");
        let log = self.envoy.log();
        log.wait(&sentence, logged, PATIENCE).await.map(drop)
    }

    /// A counter or gauge of a document: `policy`, `switches` or `fleet`. 0 until it is shown.
    pub(super) async fn count(&self, document: &str, name: &str) -> Result<u64> {
        let full = format!("wasmcustom.gray_document=.={document};.;{name}");
        let stats = self.envoy.admin().stats("^wasmcustom").await?;
        Ok(stats.get(&full).copied().unwrap_or_default())
    }

    /// How often the policy could not be had, or was none: a web page is no answer of a centre, but
    /// may be a file.
    pub(super) async fn troubles(&self) -> Result<u64> {
        let failures = self
            .count("policy", "graylane_remote_failures_total")
            .await?;
        let refused = self
            .count("policy", "graylane_remote_refused_total")
            .await?;
        Ok(failures + refused)
    }

    /// Waits until there were so many; whether there were.
    pub(super) async fn troubled(&self, wanted: u64) -> Result<bool> {
        let until = Instant::now() + PATIENCE;
        while self.troubles().await? < wanted {
            if Instant::now() > until {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(true)
    }

    /// Waits until a count is what `wanted` says.
    pub(super) async fn counted(
        &self,
        document: &str,
        name: &str,
        wanted: impl Fn(u64) -> bool,
    ) -> Result<u64> {
        let until = Instant::now() + PATIENCE;
        loop {
            let count = self.count(document, name).await?;
            if wanted(count) {
                return Ok(count);
            }
            if Instant::now() > until {
                bail!("{name} of {document} is {count} after {PATIENCE:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The last line of the log, from `logged` on, that is about the centre; without what is the
    /// host's in it.
    pub(super) fn said(&self, logged: u64) -> Option<String> {
        let lines = self.envoy.log().find("remote: ", logged);
        let line = lines.last()?;
        let at = line.find("remote: ")?;
        line.get(at..).map(str::to_owned)
    }
}

/// Everybody on one version.
pub(super) fn everybody(version: &str) -> Value {
    with_rules(&json!([{ "name": "live", "use": version }]))
}

/// A share of the users on `v2`, in percent.
pub(super) fn share(percent: f64) -> Value {
    with_rules(&json!([{
        "name": "split",
        "split": {
            "by": [{ "header": "x-user-id" }],
            "to": [{ "version": "v2", "percent": percent }],
        },
    }]))
}

fn with_rules(rules: &Value) -> Value {
    json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [
                { "name": "v1", "cluster": "checkout-v1" },
                { "name": "v2", "cluster": "checkout-v2" },
                { "name": OWN, "cluster": format!("checkout-{OWN}") },
            ],
            "rules": rules,
        }],
    })
}
