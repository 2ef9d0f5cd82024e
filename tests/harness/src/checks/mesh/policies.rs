//! One policy for the edge and all sidecars, but for their roles.

use serde_json::{Value, json};

use crate::mesh::{SERVICES, host};

/// A share of `checkout` to its `v2`, and one of `pay` to its own; `stock` has no canary. Whoever
/// has no id draws lots at `checkout`.
pub(super) fn policy(role: &str, percent: f64) -> Value {
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
    let mut policy = json!({ "schema": "graylane/v1", "role": role, "services": services });
    let split = |percent, missing| {
        json!({
            "by": [{ "header": "x-user-id" }],
            "to": [{ "version": "v2", "percent": percent }],
            "missing": missing,
        })
    };
    policy["services"][0]["rules"] = json!([
        { "name": "testers",
          "when": { "header": { "name": "x-qa", "equals": "on" } },
          "use": "v2" },
        { "name": "split", "split": split(percent, "random") },
    ]);
    policy["services"][2]["rules"] = json!([
        { "name": "split", "split": split(20.0, "baseline") },
    ]);
    policy
}
