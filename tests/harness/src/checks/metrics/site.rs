//! Two Envoys of one policy, by a centre and by its own configuration, of which the second has a
//! module that is to die; and the Prometheus of the sample.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::PATIENCE;
use super::tampered::Tampered;
use crate::backend::{Fleet, Mood, Trouble};
use crate::centre::{Access, Centre, Door, Kind};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::place;
use crate::telemetry::Prometheus;

/// What v2 has of the split, in percent, and what the tampered target says that it should have.
pub(super) const SHARE: u32 = 12;
pub(super) const SAID: u32 = 10;
/// How many of a thousand of its requests v2 fails.
const FAILING: u64 = 100;
/// How long v3 takes for each.
pub(super) const DELAY: Duration = Duration::from_millis(150);
/// The jobs that are scraped: of the sample, and of the tampered target.
pub(super) const JOB: &str = "envoy";
pub(super) const TAMPERED: &str = "tampered";
/// Within this, every worker has what one has said to be in force.
const FOLLOWED: Duration = Duration::from_secs(2);
/// Envoy's clusters of the centre, and of whom verdicts are told.
const CENTRE: &str = "centre";
const NOBODY: &str = "nobody";

/// All of it.
pub(super) struct Site {
    // Those who ask go first: they would log that the others are gone.
    pub(super) prometheus: Prometheus,
    pub(super) envoy: Envoy,
    pub(super) dying: Envoy,
    pub(super) backends: Fleet,
    pub(super) centre: Centre,
    /// The names of its documents there.
    pub(super) document: String,
    pub(super) switches: String,
    /// What they both have in force at first.
    pub(super) policy: Value,
    _tampered: Tampered,
    _door: Door,
}

impl Site {
    pub(super) async fn start(lab: &Lab) -> Result<Self> {
        let centre = Kind::Http.start(Access::Open).await?;
        let policy = policy();
        let [document, switches] = ["policy", "switches"].map(|name| Kind::Http.document(name));
        let text = policy.to_string();
        centre.publish(&document, text.as_bytes()).await?;
        centre.publish(&switches, b"{}").await?;
        let door = Door::open(lab.client_ip().await?, centre.at()).await?;
        let backends = lab.backends(&["v1", "v2", "v3", "v4"]).await?;
        for (version, mood) in [
            ("v2", Mood::of(Trouble::Fails, FAILING)),
            ("v3", Mood::of(Trouble::Waits(DELAY), 1_000)),
            ("v4", Mood::of(Trouble::Fails, 1_000)),
        ] {
            let backend = backends.get(version).context("a backend is not there")?;
            backend.turns(mood).await?;
        }
        let remote = json!({ "policy": document, "switches": switches, "every": "1s" });
        let setup = |policy: &Value| {
            Setup::of("dynamic")
                .policy(policy)
                .leading_to(CENTRE, door.at())
                // Where nobody listens, of a port that is nobody's.
                .leading_to(NOBODY, (Ipv4Addr::LOCALHOST, 9).into())
        };
        let following = json!({
            "schema": "graylane/v1",
            "services": [{
                "name": "checkout",
                "baseline": "v1",
                "versions": [{ "name": "v1", "cluster": "checkout-v1" }],
            }],
            "remote": centre.remote(CENTRE, &remote),
        });
        let envoy = lab.envoy(&setup(&following), &backends).await?;
        // As a `Struct`, while the other has it as JSON: it is the same revision.
        let broken = setup(&policy).module(lab.trap()?);
        let dying = lab.envoy(&broken, &backends).await?;
        let revision = graylane::revision(text.as_bytes());
        let sentence = format!("policy in force: revision {revision:08x}");
        envoy.log().wait(&sentence, 0, PATIENCE).await?;
        // One worker says it for all; the others follow with their next tick.
        tokio::time::sleep(FOLLOWED).await;
        let tampered = Tampered::of(envoy.admin().address()).await?;
        let targets = [envoy.admin().address(), dying.admin().address()];
        let configuration = configuration(&targets, tampered.at())?;
        let rules = [("rules.yaml", &*hastened(&sample("rules.yaml")?))];
        Ok(Self {
            prometheus: Prometheus::start(&configuration, &rules).await?,
            envoy,
            dying,
            backends,
            centre,
            document,
            switches,
            policy,
            _tampered: tampered,
            _door: door,
        })
    }

    /// Writes what Envoy tells of graylane beside the report, as Prometheus scrapes it.
    pub(super) async fn keep(&self) -> Result<()> {
        let scraped = self.envoy.admin().get("/stats/prometheus").await?;
        let is_own = |line: &&str| {
            let name = line.strip_prefix("# TYPE ").unwrap_or(line);
            name.starts_with("graylane_")
        };
        let own: Vec<_> = scraped.lines().filter(is_own).collect();
        let path = place::results()?.join("metrics.txt");
        std::fs::write(&path, own.join("\n") + "\n")
            .with_context(|| format!("{} cannot be written", path.display()))
    }
}

/// A file of `envoy/telemetry`.
pub(super) fn sample(name: &str) -> Result<String> {
    let path = place::repository()?.join("envoy/telemetry").join(name);
    std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
}

/// A split of which v2 fails some and v3 is slow, and a service whose v4 fails all.
fn policy() -> Value {
    let watching = json!({ "consecutive_failures": 100, "then": "observe" });
    json!({
        "schema": "graylane/v1",
        "services": [
            {
                "name": "checkout",
                "hosts": ["checkout.example.com"],
                "baseline": "v1",
                "versions": [
                    { "name": "v1", "cluster": "checkout-v1" },
                    { "name": "v2", "cluster": "checkout-v2", "guard": watching },
                    { "name": "v3", "cluster": "checkout-v3", "guard": watching },
                ],
                "rules": [
                    { "name": "testers",
                      "when": { "header": { "name": "x-qa", "equals": "on" } },
                      "use": "v2" },
                    { "name": "release",
                      "split": {
                          "by": [{ "header": "x-user-id" }, { "cookie": "uid" }],
                          "to": [
                              { "version": "v2", "percent": SHARE },
                              { "version": "v3", "percent": 3 },
                          ],
                      } },
                ],
            },
            {
                "name": "pay",
                "hosts": ["pay.example.com"],
                "baseline": "v1",
                "versions": [
                    { "name": "v1", "cluster": "checkout-v1" },
                    { "name": "v4", "cluster": "checkout-v4",
                      "guard": { "consecutive_failures": 5 } },
                ],
                "rules": [{ "name": "all", "use": "v4" }],
            },
        ],
        "notify": { "cluster": NOBODY, "path": "/" },
    })
}

/// The sample's configuration, with these targets, and one more job of a tampered one. It scrapes
/// and looks every second.
fn configuration(targets: &[SocketAddr], tampered: SocketAddr) -> Result<String> {
    let mut tree: Value = yaml_serde::from_str(&sample("prometheus.yaml")?)?;
    tree["global"] = json!({ "scrape_interval": "1s", "evaluation_interval": "1s" });
    let jobs = tree["scrape_configs"].as_array_mut();
    let jobs = jobs.context("the sample scrapes nothing")?;
    let [job] = &mut jobs[..] else {
        anyhow::bail!("the sample has {} jobs, not one", jobs.len());
    };
    let leading_to = |targets: Value| json!([{ "targets": targets }]);
    let mut other = job.clone();
    job["static_configs"] = leading_to(targets.iter().map(ToString::to_string).collect());
    other["job_name"] = TAMPERED.into();
    other["static_configs"] = leading_to(json!([tampered.to_string()]));
    jobs.push(other);
    Ok(tree.to_string())
}

/// The rules, but that no alert waits for longer than a second.
fn hastened(rules: &str) -> String {
    let line = |line: &str| match line.split_once("for: ") {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}for: 1s\n"),
        _ => format!("{line}\n"),
    };
    rules.lines().map(line).collect()
}
