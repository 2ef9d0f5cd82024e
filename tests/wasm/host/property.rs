//! Properties, in the bytes in which Envoy hands them over: text as it is, and a message of
//! protobuf on its wire.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::support::vectors::Vector;
use crate::support::{Sent, delimited, entry, wire};
use serde_json::{Value, json};

/// What the host knows, each by the way to it, with dots between the names.
pub(super) type Properties = BTreeMap<String, Vec<u8>>;

/// The node of a vector, as an `envoy.config.core.v3.Node`. What the vector leaves out, the host
/// does not know either.
pub(super) fn node(vector: &Vector) -> Properties {
    let proxy = &vector.proxy;
    let known = |field, text: &str| match text {
        "" => Vec::new(),
        text => delimited(field, text.as_bytes()),
    };
    let mut metadata = json!({});
    if !proxy.labels.is_empty() {
        metadata["LABELS"] = json!(proxy.labels);
    }
    let locality = [known(1, &proxy.region), known(2, &proxy.zone)].concat();
    let node = [
        known(1, &vector.node),
        known(2, &proxy.cluster),
        delimited(3, &wire(&metadata)),
        delimited(4, &locality),
    ];
    let mut properties = Properties::from([("xds.node".to_owned(), node.concat())]);
    if vector.inbound {
        let direction = 1i64.to_ne_bytes().to_vec();
        properties.insert("xds.listener_direction".to_owned(), direction);
    }
    properties
}

/// What Envoy knows of a request beside its headers. The claims lie where Istio puts them.
pub(super) fn of_request(sent: &Sent) -> Properties {
    let mut properties = Properties::new();
    if let Some(ip) = sent.source_ip {
        let address = SocketAddr::new(ip, 40_000).to_string();
        properties.insert("source.address".to_owned(), address.into_bytes());
    }
    let metadata = match &sent.claims {
        Value::Null => Vec::new(),
        // An `envoy.config.core.v3.Metadata`.
        claims => entry(
            "envoy.filters.http.jwt_authn",
            &wire(&json!({ "payload": claims })),
        ),
    };
    properties.insert("metadata".to_owned(), metadata);
    properties
}
