//! A request as a command line writes it.

use std::net::IpAddr;

use super::clock;
use crate::{Node, Request};

/// The parts of a request.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "The request")]
pub(super) struct Parts {
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
pub(super) struct Proxy {
    /// The wall clock, such as 2026-11-21T20:00:00+08:00; by default it is now
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// Where the proxy stands.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Place {
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

/// A request.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    method: String,
    pub(super) path: String,
    pub(super) host: String,
    /// In lower case.
    headers: Vec<(String, String)>,
    source_ip: Option<IpAddr>,
    claims: Vec<(String, String)>,
    inbound: bool,
    /// Where a split draws, and for ids.
    pub(super) random: Option<u128>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as `name: value`")?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err("not the name of a header; path, method and host have options".to_owned());
    }
    Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
}

impl Parts {
    pub(super) fn request(&self) -> Asked {
        let (hosts, headers): (Vec<_>, Vec<_>) = self
            .headers
            .iter()
            .cloned()
            .partition(|(name, _)| name == "host");
        let host = hosts.into_iter().next().map(|(_, value)| value);
        Asked {
            method: self.method.clone(),
            path: self.path.clone(),
            host: self.host.clone().or(host).unwrap_or_default(),
            headers,
            source_ip: self.ip,
            claims: self.claims.clone(),
            inbound: self.inbound,
            random: None,
        }
    }

    /// Whether a host was named.
    pub(super) fn names_host(&self) -> bool {
        self.host.is_some() || self.headers.iter().any(|(name, _)| name == "host")
    }
}

impl Place {
    pub(super) fn node(&self) -> Node {
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
    pub(super) fn node(&self) -> Node {
        self.place.node()
    }

    /// The wall clock, in milliseconds since the Unix epoch.
    pub(super) fn now(&self) -> anyhow::Result<u64> {
        clock::moment(self.at.as_deref())
    }
}

impl Request<'_> for Asked {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        match name {
            ":method" => see(self.method.as_bytes()),
            ":path" => see(self.path.as_bytes()),
            ":authority" => see(self.host.as_bytes()),
            _ => {
                let mut values = self.headers.iter().filter(|(own, _)| own == name);
                values.any(|(_, value)| see(value.as_bytes()))
            }
        }
    }

    fn source_ip(&self) -> Option<IpAddr> {
        self.source_ip
    }

    fn any_claim(&self, path: &[Box<str>], see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let name = path.get(1..).unwrap_or_default().join(".");
        let mut values = self.claims.iter().filter(|(own, _)| *own == name);
        values.any(|(_, value)| see(value.as_bytes()))
    }

    fn random(&self) -> Option<u128> {
        self.random
    }

    fn is_inbound(&self) -> bool {
        self.inbound
    }
}
