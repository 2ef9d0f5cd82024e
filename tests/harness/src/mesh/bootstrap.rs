//! A sidecar's configuration: one listener for what comes to the pod, one for what the pod sends,
//! and graylane in both, as a mesh has it.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::sidecar::Pod;
use super::{Mates, host};
use crate::envoy::{Form, Site, wasm_filter};

/// The listener of what comes to the pod.
pub(super) const INBOUND: &str = "inbound";
/// The listener of what the pod sends.
pub(super) const OUTBOUND: &str = "outbound";

const FILTERS: &str = "type.googleapis.com/envoy.extensions.filters";

/// The bootstrap of the pod's sidecar.
pub(super) fn bootstrap(pod: &Pod<'_>, site: &Site) -> Value {
    let mut clusters = vec![cluster("application", pod.application)];
    let pods = pod.mates.values().flatten();
    clusters.extend(pods.map(|(name, at)| cluster(name, *at)));
    let to_application = json!({
        "name": "application",
        "domains": ["*"],
        "routes": [{ "match": { "prefix": "/" }, "route": route(&json!({ "cluster": "application" })) }],
    });
    let to_mates: Vec<_> = pod.mates.iter().map(to_service).collect();
    json!({
        "node": {
            // As Istio writes it: by this the filter knows that it is in a sidecar.
            "id": format!("sidecar~127.0.0.1~{}.shop~shop.svc.cluster.local", pod.name),
            "cluster": pod.name,
        },
        "admin": { "address": socket_address(site.admin) },
        "static_resources": {
            "listeners": [
                listener(INBOUND, site.listener, &json!([to_application]), pod, site),
                listener(OUTBOUND, site.outbound, &json!(to_mates), pod, site),
            ],
            "clusters": clusters,
        },
    })
}

fn listener(name: &str, at: SocketAddr, hosts: &Value, pod: &Pod<'_>, site: &Site) -> Value {
    json!({
        "name": name,
        "traffic_direction": name.to_uppercase(),
        "address": socket_address(at),
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": format!("{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager"),
                "stat_prefix": name,
                "stream_idle_timeout": "300s",
                "http_filters": [
                    graylane(pod, site),
                    { "name": "envoy.filters.http.router",
                      "typed_config": { "@type": format!("{FILTERS}.http.router.v3.Router") } },
                ],
                "route_config": {
                    "name": name,
                    "request_headers_to_remove": ["x-gray-cluster"],
                    "virtual_hosts": hosts,
                },
            },
        }] }],
    })
}

fn graylane(pod: &Pod<'_>, site: &Site) -> Value {
    let module = Path::new(&site.module);
    wasm_filter(module, &Form::default().wrap(pod.policy))
}

/// The routes to a service: where graylane says, else to its first version.
fn to_service((service, versions): (&&str, &Mates)) -> Value {
    let first = versions.keys().next();
    json!({
        "name": service,
        "domains": [host(service)],
        "routes": [
            { "match": {
                "prefix": "/",
                "headers": [{ "name": "x-gray-cluster", "present_match": true }],
              },
              "route": route(&json!({ "cluster_header": "x-gray-cluster" })) },
            { "match": { "prefix": "/" }, "route": route(&json!({ "cluster": first })) },
        ],
    })
}

fn route(to: &Value) -> Value {
    let mut route = to.clone();
    route["timeout"] = "0s".into();
    route
}

fn cluster(name: &str, at: SocketAddr) -> Value {
    let endpoint = json!({ "endpoint": { "address": socket_address(at) } });
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [endpoint] }],
        },
        // HTTP/1.1 in, HTTP/1.1 out; HTTP/2 in, HTTP/2 out: gRPC passes.
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "use_downstream_protocol_config": {
                    "http_protocol_options": {},
                    "http2_protocol_options": {},
                },
            },
        },
    })
}

fn socket_address(at: SocketAddr) -> Value {
    let address = at.ip().to_string();
    json!({ "socket_address": { "address": address, "port_value": at.port() } })
}
