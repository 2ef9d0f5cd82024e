//! Where a client says that it comes from, against `source_ip`: what counts is what Envoy was told
//! to believe.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::NAME;
use super::site::Site;
use crate::client::{Protocol, Visit};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::report::Row;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whom Envoy believes.
#[derive(Clone, Copy)]
enum Believed {
    /// Nobody: the peer is the client.
    Peer,
    /// The one proxy before it: the last address of `x-forwarded-for`.
    LastHop,
    /// Whoever sends `x-forwarded-for`.
    Client,
}

/// Headers, and the last address of `x-forwarded-for` if that is one.
type Case = (
    &'static [(&'static str, &'static str)],
    Option<&'static str>,
);

const CASES: [Case; 26] = [
    (&[], None),
    (&[(FORWARDED_FOR, "203.0.113.9")], Some("203.0.113.9")),
    (&[(FORWARDED_FOR, "198.51.100.7")], Some("198.51.100.7")),
    (
        &[(FORWARDED_FOR, "203.0.113.9, 198.51.100.7")],
        Some("198.51.100.7"),
    ),
    (
        &[(FORWARDED_FOR, "198.51.100.7, 203.0.113.9")],
        Some("203.0.113.9"),
    ),
    (
        &[(FORWARDED_FOR, "198.51.100.7,203.0.113.9")],
        Some("203.0.113.9"),
    ),
    (
        &[
            (FORWARDED_FOR, "203.0.113.9"),
            (FORWARDED_FOR, "198.51.100.7"),
        ],
        Some("198.51.100.7"),
    ),
    (
        &[
            (FORWARDED_FOR, "198.51.100.7"),
            (FORWARDED_FOR, "203.0.113.9"),
        ],
        Some("203.0.113.9"),
    ),
    (
        &[(FORWARDED_FOR, "203.0.113.9, 127.0.0.1")],
        Some("127.0.0.1"),
    ),
    (&[(FORWARDED_FOR, "10.0.0.1")], Some("10.0.0.1")),
    (
        &[(FORWARDED_FOR, "192.168.0.1, 10.0.0.1")],
        Some("10.0.0.1"),
    ),
    (&[(FORWARDED_FOR, "2001:db8::9")], Some("2001:db8::9")),
    (
        &[(FORWARDED_FOR, "::ffff:203.0.113.9")],
        Some("203.0.113.9"),
    ),
    (&[(FORWARDED_FOR, "::1")], Some("::1")),
    (&[(FORWARDED_FOR, "203.0.113.9, ")], None),
    (&[(FORWARDED_FOR, "203.0.113.9, unknown")], None),
    (&[(FORWARDED_FOR, "203.0.113")], None),
    (&[(FORWARDED_FOR, "203.0.113.9/32")], None),
    (&[(FORWARDED_FOR, "0xcb.0.0x71.9")], None),
    (&[(FORWARDED_FOR, "\"203.0.113.9\"")], None),
    (&[(FORWARDED_FOR, "")], None),
    (
        &[
            ("x-real-ip", "203.0.113.9"),
            ("true-client-ip", "203.0.113.9"),
        ],
        None,
    ),
    (
        &[
            ("x-envoy-external-address", "203.0.113.9"),
            ("x-envoy-internal", "true"),
        ],
        None,
    ),
    (
        &[
            ("forwarded", "for=203.0.113.9"),
            ("x-client-ip", "203.0.113.9"),
        ],
        None,
    ),
    (
        &[
            ("x-envoy-original-dst-host", "203.0.113.9:80"),
            ("x-cluster-client-ip", "203.0.113.9"),
        ],
        None,
    ),
    (
        &[
            ("x-forwarded-for-original", "203.0.113.9"),
            ("X_Forwarded_For", "203.0.113.9"),
        ],
        None,
    ),
];

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    Ok(vec![
        run(lab, "use_remote_address: the peer's", Believed::Peer).await?,
        run(
            lab,
            "xff_num_trusted_hops 1: the last hop's",
            Believed::LastHop,
        )
        .await?,
        run(
            lab,
            "without use_remote_address: what a client says",
            Believed::Client,
        )
        .await?,
    ])
}

/// Offices get `v2`, who comes from this machine itself gets `v3`.
fn policy(peer: IpAddr) -> Value {
    let version = |name: &str| json!({ "name": name, "cluster": format!("checkout-{name}") });
    let office = ["203.0.113.0/24", "2001:db8::/32", "10.0.0.0/8"];
    json!({
        "schema": "graylane/v1",
        "role": "edge",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [version("v1"), version("v2"), version("v3")],
            "rules": [
                { "name": "office", "when": { "source_ip": office }, "use": "v2" },
                { "name": "here", "when": { "source_ip": [peer, "127.0.0.1"] }, "use": "v3" },
            ],
        }],
    })
}

async fn run(lab: &Lab, case: &str, believed: Believed) -> Result<Row> {
    let peer = lab.client_ip().await?;
    let setup = Setup::of("standalone");
    let setup = match believed {
        Believed::Peer => setup,
        Believed::LastHop => setup.raw(),
        Believed::Client => setup.edited(believing_clients),
    };
    let site = Site::start(lab, &setup, &policy(peer)).await?;
    let mut visits = Vec::new();
    for (headers, last) in CASES {
        let last = last.map_or(Ok(peer), str::parse::<IpAddr>)?;
        let address = match believed {
            Believed::Peer => peer,
            Believed::LastHop | Believed::Client => last,
        };
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let visit = Visit::of("").from_ip(address.to_canonical()).over(protocol);
            let with = |visit: Visit, (name, value): &(&str, &str)| visit.with(name, *value);
            visits.push(headers.iter().fold(visit, with));
        }
    }
    let visits: Arc<[Visit]> = visits.into();
    let answers = site.ask(case, &visits).await?;
    // Written out, and not the core's: where the address lies.
    let wanted = |_: usize, visit: &Visit| Some(version_at(visit.source_ip, peer).to_owned());
    let right = site.right(case, &visits, &answers, wanted);
    Ok(Row::exact(
        NAME,
        format!("source_ip, {case}"),
        visits.len(),
        right,
    ))
}

fn version_at(address: IpAddr, peer: IpAddr) -> &'static str {
    let text = address.to_string();
    let office = ["203.0.113.", "2001:db8:", "10."];
    if office.iter().any(|network| text.starts_with(network)) {
        "v2"
    } else if address == peer || address == IpAddr::V4(Ipv4Addr::LOCALHOST) {
        "v3"
    } else {
        "v1"
    }
}

/// What no edge should have.
fn believing_clients(tree: &mut Value) {
    let listeners = tree.pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0");
    if let Some(filter) = listeners {
        filter["typed_config"]["use_remote_address"] = false.into();
    }
}
