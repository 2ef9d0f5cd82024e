//! The run's backends in place of the sample's upstreams: as clusters, as endpoints of subsets, and
//! as routes.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::tree::{at, renamed, set_address, walk};

/// Where a cluster of one host has its address.
const ADDRESS: [&str; 8] = [
    "load_assignment",
    "endpoints",
    "0",
    "lb_endpoints",
    "0",
    "endpoint",
    "address",
    "socket_address",
];

/// Points `checkout-vN` clusters, and endpoints that carry a `version` for subsets, at the
/// backends. A version without either gets a copy of another version's.
pub(super) fn place_backends<'b>(
    clusters: &mut Vec<Value>,
    backends: &'b BTreeMap<String, SocketAddr>,
) -> Result<Vec<&'b String>> {
    let mut placed = Vec::new();
    for (version, &backend) in backends {
        let name = format!("checkout-{version}");
        let known = clusters.iter().position(|cluster| cluster["name"] == *name);
        if known.is_none() && !clusters.iter().any(has_subsets) {
            let Some(model) = clusters.iter().find_map(|cluster| {
                // One of hosts, and none that is made of others.
                cluster["load_assignment"].as_object()?;
                let model = cluster["name"].as_str()?.strip_prefix("checkout-")?;
                Some(renamed(cluster, model, version))
            }) else {
                continue;
            };
            clusters.push(model);
        }
        for cluster in clusters.iter_mut() {
            if cluster["name"] == *name {
                set_address(cluster, &ADDRESS, backend)?;
                placed.push(version);
            } else if has_subsets(cluster) {
                place_in_subset(cluster, version, backend)?;
                placed.push(version);
            }
        }
    }
    Ok(placed)
}

/// Has clusters of these names lead there: the sample's own, or new ones.
pub(super) fn place_clusters(
    clusters: &mut Vec<Value>,
    further: &BTreeMap<String, SocketAddr>,
) -> Result<()> {
    for (name, &leads_to) in further {
        if let Some(own) = clusters.iter_mut().find(|own| own["name"] == **name) {
            set_address(own, &ADDRESS, leads_to)?;
            continue;
        }
        let address = json!({ "address": leads_to.ip(), "port_value": leads_to.port() });
        let endpoint = json!({ "endpoint": { "address": { "socket_address": address } } });
        let new = json!({
            "name": name,
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{ "lb_endpoints": [endpoint] }],
            },
        });
        add_clusters(clusters, &[new]);
    }
    Ok(())
}

/// Adds clusters that a bootstrap would have so.
pub(super) fn add_clusters(clusters: &mut Vec<Value>, further: &[Value]) {
    // As their neighbours: in a bootstrap everybody knows what they are.
    let kind = clusters.first().and_then(|first| first.get("@type"));
    let kind = kind.cloned();
    clusters.extend(further.iter().cloned().map(|mut cluster| {
        if let Some(kind) = &kind {
            cluster["@type"] = kind.clone();
        }
        cluster
    }));
}

/// Where a canary has a route of its own, one that a header chooses, every further version gets a
/// copy of it.
pub(super) fn place_routes(
    tree: &mut Value,
    backends: &BTreeMap<String, SocketAddr>,
) -> Result<()> {
    walk(tree, &mut |_, object| {
        let Some(Value::Array(routes)) = object.get_mut("routes") else {
            return Ok(());
        };
        let of = |route: &Value| {
            let cluster = route["route"]["cluster"].as_str()?;
            let version = cluster.strip_prefix("checkout-")?;
            backends.contains_key(version).then(|| version.to_owned())
        };
        let canary = routes.iter().enumerate().find_map(|(place, route)| {
            let matched = route["match"]["headers"].is_array();
            Some((place, route.clone(), of(route).filter(|_| matched)?))
        });
        let Some((place, model, of)) = canary else {
            return Ok(());
        };
        for version in backends.keys() {
            let own = format!("checkout-{version}");
            if !routes.iter().any(|route| route["route"]["cluster"] == *own) {
                routes.insert(place, renamed(&model, &of, version));
            }
        }
        Ok(())
    })
}

fn has_subsets(cluster: &Value) -> bool {
    cluster["lb_subset_config"].is_object()
}

fn place_in_subset(cluster: &mut Value, version: &str, backend: SocketAddr) -> Result<()> {
    let endpoints = at(cluster, &["load_assignment", "endpoints"])?;
    let groups = endpoints.as_array_mut().context("endpoints is no list")?;
    let of = |endpoint: &Value| {
        endpoint["metadata"]["filter_metadata"]["envoy.lb"]["version"]
            .as_str()
            .map(str::to_owned)
    };
    let lists: Vec<&mut Vec<Value>> = groups
        .iter_mut()
        .filter_map(|group| group["lb_endpoints"].as_array_mut())
        .collect();
    for list in lists {
        if !list
            .iter()
            .any(|endpoint| of(endpoint).as_deref() == Some(version))
        {
            let Some((first, model)) = list.iter().find_map(|one| Some((one, of(one)?))) else {
                continue;
            };
            let new = renamed(first, &model, version);
            list.push(new);
        }
        for endpoint in list {
            if of(endpoint).as_deref() == Some(version) {
                return set_address(
                    endpoint,
                    &["endpoint", "address", "socket_address"],
                    backend,
                );
            }
        }
    }
    bail!("lb_endpoints: none carries metadata envoy.lb version, which the subsets need");
}
