//! What the native core says of the whole chain: the gateway's decision, what the applications pass
//! on, and each sidecar's decision about that.

use anyhow::{Context, Result};
use graylane::{HeaderEffect, Moment, Node, Policy, Rules, effects};
use graylane_harness::client::Visit;
use serde_json::Value;

/// Where calls go, one after the other: the service, and the host by which it is asked.
const CHAIN: [(&str, &str); 3] = [
    ("checkout", "shop.example.com"),
    ("stock", "stock.shop"),
    ("pay", "pay.shop"),
];
/// The services of the chain.
pub const SERVICES: [&str; CHAIN.len()] = [CHAIN[0].0, CHAIN[1].0, CHAIN[2].0];
/// What the routes do where nothing is said.
const BASELINE: &str = "v1";
/// What applications pass on.
const PASSED_ON: [&str; 3] = ["x-gray-version", "baggage", "x-user-id"];
/// What comes from outside is not believed: Envoy itself takes it off.
const STRIPPED: [&str; 3] = ["x-gray-version", "x-gray-cluster", "x-gray-mirror"];

/// A policy in the proxies that have it.
#[derive(Debug)]
pub struct Core {
    gateway: Option<Rules>,
    sidecars: Option<Rules>,
    now: u64,
}

/// What a service gets of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The service.
    pub name: String,
    /// The version that answers.
    pub version: String,
    /// The tag that reaches it.
    pub tag: Option<String>,
}

impl Core {
    /// The policy in the gateway, and in the sidecars if `everywhere`.
    ///
    /// # Errors
    /// If the core refuses it.
    pub fn new(policy: &Value, everywhere: bool) -> Result<Self> {
        Ok(Self {
            gateway: Some(compile(policy, "router")?),
            sidecars: everywhere.then(|| compile(policy, "sidecar")).transpose()?,
            now: 0,
        })
    }

    /// The same at a moment, in milliseconds since the Unix epoch, where a policy knows time.
    #[must_use]
    pub fn at(mut self, now: u64) -> Self {
        self.now = now;
        self
    }

    /// No policy anywhere: what the routes do by themselves.
    #[must_use]
    pub fn none() -> Self {
        Self {
            gateway: None,
            sidecars: None,
            now: 0,
        }
    }

    /// The policy of a `WasmPlugin`, in the proxies that it is for.
    ///
    /// # Errors
    /// If the core refuses it.
    pub fn of_plugin(plugin: &Value) -> Result<Self> {
        let spec = &plugin["spec"];
        Self::new(&spec["pluginConfig"], spec.get("selector").is_none())
    }

    /// What each service of the chain gets of this visit.
    #[must_use]
    pub fn chain(&self, visit: &Visit) -> Vec<Hop> {
        let mut visit = visit.clone();
        visit
            .headers
            .retain(|(name, _)| !STRIPPED.contains(&name.as_str()));
        let mut rules = self.gateway.as_ref();
        let mut hops = Vec::new();
        for (name, host) in CHAIN {
            visit = visit.at(host);
            let version = rules.and_then(|rules| pass(rules, self.now, &mut visit));
            let tag = visit
                .headers
                .iter()
                .find(|(name, _)| name == "x-gray-version");
            hops.push(Hop {
                name: name.to_owned(),
                version: version.unwrap_or_else(|| BASELINE.to_owned()),
                tag: tag.map(|(_, value)| String::from_utf8_lossy(value).into_owned()),
            });
            visit
                .headers
                .retain(|(name, _)| PASSED_ON.contains(&name.as_str()));
            "/".clone_into(&mut visit.path);
            rules = self.sidecars.as_ref();
        }
        hops
    }

    /// The version of the first service.
    #[must_use]
    pub fn first(&self, visit: &Visit) -> String {
        let version = self.chain(visit).into_iter().next().map(|hop| hop.version);
        version.unwrap_or_default()
    }
}

/// A visit goes through a filter; the version that it is for, if the policy has the service.
fn pass(rules: &Rules, now: u64, visit: &mut Visit) -> Option<String> {
    let request = visit.clone();
    let decision = graylane::decide(rules, &request, Moment::at(now));
    for effect in effects(rules, &decision) {
        match effect {
            HeaderEffect::Set(name, value) => {
                visit.headers.retain(|(own, _)| own != name);
                visit.headers.push((name.to_owned(), value.into()));
            }
            HeaderEffect::Remove(name) => visit.headers.retain(|(own, _)| own != name),
            HeaderEffect::Entry(name, value) => *visit = visit.clone().with_entry(name, value),
            // No policy here mints.
            HeaderEffect::AddCookie(..) => {}
        }
    }
    decision.version().map(str::to_owned)
}

fn compile(policy: &Value, kind: &str) -> Result<Rules> {
    let policy =
        Policy::parse(policy.to_string().as_bytes()).context("the core refuses the policy")?;
    let node = Node {
        id: format!("{kind}~10.244.0.2~pod.namespace~namespace.svc.cluster.local"),
        ..Node::default()
    };
    Rules::compile(policy, &node).context("the core refuses the policy")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy() -> Value {
        json!({
            "schema": "graylane/v1",
            "role": "auto",
            "services": [
                { "name": "checkout", "hosts": ["shop.example.com"], "baseline": "v1",
                  "versions": [{ "name": "v1" }, { "name": "v2", "cluster": "checkout-v2" }],
                  "rules": [{ "name": "testers", "when": { "header": { "name": "x-qa", "equals": "on" } },
                              "use": "v2" }] },
                { "name": "pay", "hosts": ["pay.shop"], "baseline": "v1",
                  "versions": [{ "name": "v1" }, { "name": "v2", "cluster": "pay-v2" }] },
            ],
        })
    }

    fn versions(core: &Core, visit: &Visit) -> Vec<String> {
        core.chain(visit)
            .into_iter()
            .map(|hop| hop.version)
            .collect()
    }

    #[test]
    fn the_tag_couples_services_over_one_that_has_no_versions() {
        let tester = Visit::of("a").with("x-qa", "on");
        let everywhere = Core::new(&policy(), true).unwrap();
        assert_eq!(versions(&everywhere, &tester), ["v2", "v1", "v2"]);
        assert_eq!(versions(&everywhere, &Visit::of("b")), ["v1", "v1", "v1"]);
        let edge = Core::new(&policy(), false).unwrap();
        assert_eq!(versions(&edge, &tester), ["v2", "v1", "v1"]);
        assert!(
            edge.chain(&tester)
                .iter()
                .all(|hop| hop.tag.as_deref() == Some("v2"))
        );
    }

    #[test]
    fn nobody_outside_is_believed() {
        let forger = Visit::of("c")
            .with("x-gray-version", "v2")
            .with("x-gray-cluster", "pay-v2");
        let core = Core::new(&policy(), true).unwrap();
        assert_eq!(core.chain(&forger), core.chain(&Visit::of("c")));
    }
}
