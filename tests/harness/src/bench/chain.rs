//! The smallest Envoy in which a filter can be measured: one listener, the filter, a few routes that
//! Envoy answers by itself.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::envoy::{Form, wasm_filter};

const FILTERS: &str = "type.googleapis.com/envoy.extensions.filters.http";

/// What the routes lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Routes {
    /// Answers of Envoy's own: the tag's version, `v2`, or else `v1`.
    Answers,
    /// The same, where the tag is an entry of `baggage`.
    Baggage,
    /// One cluster, which has no endpoint: Envoy answers 503.
    Cluster,
    /// Two such clusters, chosen by a hash of the user.
    Weighted,
}

impl Routes {
    /// The status with which all requests are answered.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Answers | Self::Baggage => 200,
            Self::Cluster | Self::Weighted => 503,
        }
    }

    /// The routes in order. Each table asks for the tag first, so that they differ in the rest
    /// alone.
    fn list(self) -> Value {
        let (header, text) = match self {
            Self::Baggage => ("baggage", json!({ "contains": "x-gray-version=v2" })),
            _ => ("x-gray-version", json!({ "exact": "v2" })),
        };
        let tagged = json!({
            "prefix": "/",
            "headers": [{ "name": header, "string_match": text }],
        });
        let answer = |version: &str| {
            let body = json!({ "inline_string": version });
            json!({ "status": 200, "body": body })
        };
        let any = json!({ "prefix": "/" });
        let last = match self {
            Self::Answers | Self::Baggage => {
                json!({ "match": any, "direct_response": answer("v1") })
            }
            Self::Cluster => json!({ "match": any, "route": { "cluster": "checkout-v1" } }),
            Self::Weighted => json!({ "match": any, "route": {
                "hash_policy": [{ "header": { "header_name": "x-user-id" } }],
                "weighted_clusters": {
                    "use_hash_policy": true,
                    "clusters": [
                        { "name": "checkout-v1", "weight": 90 },
                        { "name": "checkout-v2", "weight": 10 },
                    ],
                },
            }}),
        };
        json!([{ "match": tagged, "direct_response": answer("v2") }, last])
    }
}

/// The filter with a policy.
pub(super) fn graylane(module: &Path, policy: &Value) -> Value {
    wasm_filter(module, &Form::Struct.wrap(policy))
}

/// A probe that does this.
pub(super) fn probe(module: &Path, work: &str) -> Value {
    let configuration = json!({
        "@type": "type.googleapis.com/google.protobuf.StringValue",
        "value": work,
    });
    wasm_filter(module, &configuration)
}

/// A Lua filter with this source.
pub(super) fn lua(source: &str) -> Value {
    json!({
        "name": "lua",
        "typed_config": {
            "@type": format!("{FILTERS}.lua.v3.Lua"),
            "default_source_code": { "inline_string": source },
        },
    })
}

/// The bootstrap of an Envoy with these filters before these routes, on ports of its own choice.
pub(super) fn bootstrap(filters: &[Value], routes: Routes) -> Value {
    let free = || {
        let at = SocketAddr::from(([127, 0, 0, 1], 0));
        json!({ "socket_address": { "address": at.ip().to_string(), "port_value": at.port() } })
    };
    let last = json!({
        "name": "envoy.filters.http.router",
        "typed_config": { "@type": format!("{FILTERS}.router.v3.Router") },
    });
    let filters: Vec<_> = filters.iter().cloned().chain([last]).collect();
    let manager = "envoy.filters.network.http_connection_manager";
    let cluster = |name: &str| json!({ "name": name, "type": "STATIC" });
    json!({
        "admin": { "address": free() },
        // Rarely, so that it falls into no measurement; five minutes are refused.
        "stats_flush_interval": "299s",
        "static_resources": {
            "listeners": [{
                "name": "ingress",
                "address": free(),
                "filter_chains": [{ "filters": [{
                    "name": manager,
                    "typed_config": {
                        "@type": format!(
                            "type.googleapis.com/envoy.extensions.filters.network.\
                             http_connection_manager.v3.HttpConnectionManager"
                        ),
                        "stat_prefix": "ingress",
                        "http_filters": filters,
                        "route_config": {
                            "virtual_hosts": [{
                                "name": "checkout",
                                "domains": ["*"],
                                "routes": routes.list(),
                            }],
                        },
                    },
                }]}],
            }],
            "clusters": [cluster("checkout-v1"), cluster("checkout-v2")],
        },
    })
}
