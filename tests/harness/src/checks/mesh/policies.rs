//! One policy for the edge and all sidecars, but for their roles.

use serde_json::{Value, json};

use crate::mesh::{SERVICES, host};

/// The services and their versions; all users are on the baselines.
fn baselines() -> Value {
    let services = SERVICES.map(|(service, versions)| {
        let version = |name: &&str| {
            let cluster = format!("{service}-{name}");
            json!({ "name": name, "cluster": cluster })
        };
        let versions: Vec<_> = versions.iter().map(version).collect();
        json!({
            "name": service,
            "hosts": [host(service), format!("{service}.example.com")],
            "baseline": "v1",
            "versions": versions,
        })
    });
    json!({ "schema": "graylane/v1", "services": services })
}

fn split(shares: &[(&str, f64)]) -> Value {
    let to: Vec<_> = shares
        .iter()
        .map(|(version, percent)| json!({ "version": version, "percent": percent }))
        .collect();
    json!({ "by": [{ "header": "x-user-id" }], "to": to })
}

/// A share of `checkout` to its `v2`, and one of `pay` to its own; `stock` has no canary. Whoever
/// has no id draws lots at `checkout`.
pub(super) fn two_canaries(percent: f64) -> Value {
    let mut policy = baselines();
    let mut lots = split(&[("v2", percent)]);
    lots["missing"] = "random".into();
    policy["services"][0]["rules"] = json!([
        { "name": "testers",
          "when": { "header": { "name": "x-qa", "equals": "on" } },
          "use": "v2" },
        { "name": "split", "split": lots },
    ]);
    policy["services"][2]["rules"] = json!([{ "name": "split", "split": split(&[("v2", 20.0)]) }]);
    policy
}

/// The same canaries as two releases, each with a share of those who enter at `checkout`. The one of
/// `pay` has no version there.
pub(super) fn two_lanes() -> Value {
    let mut policy = baselines();
    policy["lanes"] = json!([
        { "name": "new-cart", "members": ["checkout/v2"] },
        { "name": "new-card", "members": ["pay/v2"] },
    ]);
    let split = split(&[("new-cart", 30.0), ("new-card", 20.0)]);
    policy["services"][0]["rules"] = json!([{ "name": "releases", "split": split }]);
    policy
}

/// Both canaries as one release, with a share of those who enter at `checkout`.
pub(super) fn one_lane(percent: f64) -> Value {
    let mut policy = baselines();
    policy["lanes"] = json!([{ "name": "blue", "members": ["checkout/v2", "pay/v2"] }]);
    policy["services"][0]["rules"] =
        json!([{ "name": "blue", "split": split(&[("blue", percent)]) }]);
    policy
}

/// The policy as an edge has it.
pub(super) fn at_the_edge(policy: &Value) -> Value {
    with_role(policy, "edge")
}

/// The policy as sidecars have it.
pub(super) fn inside(policy: &Value) -> Value {
    with_role(policy, "mesh")
}

fn with_role(policy: &Value, role: &str) -> Value {
    let mut policy = policy.clone();
    policy["role"] = role.into();
    policy
}
