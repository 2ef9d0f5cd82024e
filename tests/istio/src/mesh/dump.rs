//! What istiod made of it: the proxies' configurations, kept for people and for other checks.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use super::{Mesh, Proxy};

/// Whose configurations are kept: a file's name, and a label of the pod.
const KEPT: [(&str, &str, &str); 4] = [
    ("gateway", "istio", "ingressgateway"),
    ("checkout", "app", "checkout"),
    ("stock", "app", "stock"),
    ("pay", "app", "pay"),
];

/// Writes the configurations to `target/istio`, and the names in the gateway's and one sidecar's
/// that matter to routes; those names.
///
/// # Errors
/// If a proxy does not answer, or a file cannot be written.
pub async fn dump(mesh: &Mesh, overlay: &str) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for (name, label, value) in KEPT {
        let proxy = mesh.proxy(label, value).await?;
        lines.extend(keep(mesh, &format!("{overlay}-{name}"), &proxy).await?);
    }
    let path = mesh.site.results.join(format!("{overlay}-names.txt"));
    std::fs::write(path, lines.join("\n") + "\n")?;
    Ok(lines)
}

/// Writes one proxy's configuration to `target/istio`; the names in it that matter to routes.
///
/// # Errors
/// If the proxy does not answer, or the file cannot be written.
pub async fn keep(mesh: &Mesh, name: &str, proxy: &Proxy) -> Result<Vec<String>> {
    let configuration = proxy.configuration().await?;
    let path = mesh.site.results.join(format!("{name}.json"));
    std::fs::write(path, serde_json::to_string_pretty(&configuration)? + "\n")?;
    let mut found = BTreeSet::new();
    collect(&configuration, &mut found);
    Ok(found
        .into_iter()
        .map(|line| format!("{name}: {line}"))
        .collect())
}

/// Clusters and routes of the shop, and filters that are fetched by name.
fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(members) => members.iter().for_each(|member| collect(member, found)),
        Value::Object(members) => {
            let kind = members
                .get("@type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let name = members
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if kind.ends_with(".Cluster") && name.contains(".shop.svc") {
                found.insert(format!("cluster {name}"));
            }
            if members.contains_key("config_discovery") {
                found.insert(format!("filter {name}"));
            }
            if let Some(domains) = members.get("domains")
                && name.contains("shop")
            {
                found.insert(format!("virtual host {name}: domains {domains}"));
                let routes = members.get("routes").and_then(Value::as_array);
                for route in routes.into_iter().flatten() {
                    let target = &route["route"];
                    let target = target
                        .get("cluster")
                        .or_else(|| target.get("cluster_header"));
                    found.insert(format!(
                        "virtual host {name}: route {} to {}",
                        route["name"],
                        target.unwrap_or(&Value::Null)
                    ));
                }
            }
            members.values().for_each(|member| collect(member, found));
        }
        _ => {}
    }
}
