//! What is changed in a sample: v2's cluster, gone or with hosts that are dead.

use serde_json::{Value, json};

const CANARY: &str = "checkout-v2";

/// v2 has no cluster.
pub(super) fn without_v2(tree: &mut Value) {
    if let Some(clusters) = tree["static_resources"]["clusters"].as_array_mut() {
        clusters.retain(|cluster| cluster["name"] != CANARY);
    }
}

/// v2 has two hosts more, where nobody listens.
pub(super) fn with_dead_hosts(tree: &mut Value) {
    let clusters = tree["static_resources"]["clusters"].as_array_mut();
    let canary = clusters
        .into_iter()
        .flatten()
        .find(|cluster| cluster["name"] == CANARY);
    let hosts = canary
        .and_then(|canary| canary.pointer_mut("/load_assignment/endpoints/0/lb_endpoints"))
        .and_then(Value::as_array_mut);
    if let Some(hosts) = hosts {
        hosts.extend([1, 2].map(|port| {
            let address = json!({ "address": "127.0.0.1", "port_value": port });
            json!({ "endpoint": { "address": { "socket_address": address } } })
        }));
    }
}
