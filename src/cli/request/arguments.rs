//! A request and a proxy, as a command line writes them.

use std::net::IpAddr;

use super::{Asked, header, pair};
use crate::Node;
use crate::cli::clock;

/// The parts of a request.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "The request")]
pub(in crate::cli) struct Parts {
    /// A header, as often as there are
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// The path, with its query
    #[arg(long, default_value = "/")]
    path: String,
    /// The method
    #[arg(long, default_value = "GET")]
    method: String,
    /// The host; also `-H 'host: NAME'`
    #[arg(long)]
    host: Option<String>,
    /// The client's address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// A claim of the verified token, such as `sub=42`; one inside others as `realm.roles=admin`,
    /// one of several values as often as there are
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = pair)]
    claims: Vec<(String, String)>,
    /// It has come in to the workload that the proxy stands beside
    #[arg(long)]
    inbound: bool,
}

/// When and where the decision is made.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "The proxy")]
pub(in crate::cli) struct Proxy {
    /// The wall clock, such as 2026-11-21T20:00:00+08:00; by default it is now
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// Where the proxy stands.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Place {
    /// The id of the node, by which `role: auto` is resolved: `sidecar~` and `waypoint~` begin those
    /// of the mesh, all else is an edge
    #[arg(long, value_name = "ID", default_value = "")]
    node: String,
    /// The region of the node
    #[arg(long, default_value = "")]
    region: String,
    /// The zone of the node
    #[arg(long, default_value = "")]
    zone: String,
    /// The cluster that the node says it belongs to
    #[arg(long = "node-cluster", value_name = "NAME", default_value = "")]
    cluster: String,
    /// A label of the node's workload, as often as there are
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
}

impl Parts {
    pub(in crate::cli) fn request(&self) -> Asked {
        let request = Asked {
            method: self.method.clone(),
            path: self.path.clone(),
            host: self.host.clone().unwrap_or_default(),
            source_ip: self.ip,
            claims: self.claims.clone(),
            inbound: self.inbound,
            ..Asked::default()
        };
        request.with(self.headers.clone())
    }

    /// Whether a host was named.
    pub(in crate::cli) fn names_host(&self) -> bool {
        self.host.is_some() || self.headers.iter().any(|(name, _)| name == "host")
    }
}

impl Place {
    pub(in crate::cli) fn node(&self) -> Node {
        Node {
            id: self.node.clone(),
            cluster: self.cluster.clone(),
            region: self.region.clone(),
            zone: self.zone.clone(),
            labels: self.labels.iter().cloned().collect(),
        }
    }
}

impl Proxy {
    pub(in crate::cli) fn node(&self) -> Node {
        self.place.node()
    }

    /// The wall clock, in milliseconds since the Unix epoch.
    pub(in crate::cli) fn now(&self) -> anyhow::Result<u64> {
        clock::moment(self.at.as_deref())
    }
}
