//! Finding and changing places in a configuration tree.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// The type URL of a listener.
pub(super) const LISTENER: &str = "type.googleapis.com/envoy.config.listener.v3.Listener";
/// The type URL of a cluster.
pub(super) const CLUSTER: &str = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
/// The type URL of a wasm HTTP filter.
pub(super) const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/// The type URL of a policy written as YAML.
pub(super) const STRUCT: &str = "type.googleapis.com/google.protobuf.Struct";

/// What stands at `path` below `tree`: keys, or list indices.
pub(super) fn at<'t>(tree: &'t mut Value, path: &[&str]) -> Result<&'t mut Value> {
    let mut place = tree;
    for (depth, key) in path.iter().enumerate() {
        let next = match place {
            Value::Array(list) => key
                .parse()
                .ok()
                .and_then(|index: usize| list.get_mut(index)),
            Value::Object(map) => map.get_mut(*key),
            _ => None,
        };
        place = next.with_context(|| {
            let known = path.get(..=depth).unwrap_or(path).join(".");
            format!("{known} is missing; the harness must learn this shape")
        })?;
    }
    Ok(place)
}

/// Changes an object that stands under a key.
type Edit<'e> = &'e mut dyn FnMut(&str, &mut Map<String, Value>) -> Result<()>;

/// Calls `edit` on every object of the tree, the outer ones first, with the key that holds it.
pub(super) fn walk(tree: &mut Value, edit: Edit<'_>) -> Result<()> {
    walk_below("", tree, edit)
}

fn walk_below(key: &str, tree: &mut Value, edit: Edit<'_>) -> Result<()> {
    match tree {
        Value::Object(map) => {
            edit(key, map)?;
            for (key, below) in map {
                walk_below(key, below, edit)?;
            }
        }
        Value::Array(list) => {
            for below in list {
                walk_below(key, below, edit)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The list of `static_resources.KIND` in a bootstrap, or the `resources` of a file that holds
/// nothing but such resources; `None` in any other file.
pub(super) fn resources<'t>(
    tree: &'t mut Value,
    kind: &str,
    type_url: &str,
) -> Option<&'t mut Vec<Value>> {
    if tree["static_resources"][kind].is_array() {
        return tree["static_resources"][kind].as_array_mut();
    }
    let list = tree.get_mut("resources")?.as_array_mut()?;
    list.iter()
        .all(|resource| resource["@type"] == type_url)
        .then_some(list)
}

/// Writes an address and port into the `socket_address` at `path`.
pub(super) fn set_address(tree: &mut Value, path: &[&str], to: std::net::SocketAddr) -> Result<()> {
    let address = at(tree, path)?;
    if !address.is_object() {
        bail!("{} is no socket address", path.join("."));
    }
    address["address"] = to.ip().to_string().into();
    address["port_value"] = to.port().into();
    Ok(())
}

/// The tree with every string that is `from`, or ends in `-from`, made the same for `to`.
pub(super) fn renamed(tree: &Value, from: &str, to: &str) -> Value {
    match tree {
        Value::String(text) => {
            let new = match text.strip_suffix(from) {
                Some(stem) if stem.is_empty() || stem.ends_with('-') => format!("{stem}{to}"),
                _ => text.clone(),
            };
            Value::String(new)
        }
        Value::Array(list) => list.iter().map(|below| renamed(below, from, to)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, below)| (key.clone(), renamed(below, from, to)))
            .collect(),
        other => other.clone(),
    }
}
