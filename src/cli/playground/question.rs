//! A question, as the page writes it.

use std::net::IpAddr;

use anyhow::{Context, anyhow};
use serde::Deserialize;

use super::shares::Slide;
use crate::Node;
use crate::cli::clock;
use crate::cli::request::{Asked, header, pair};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct Question {
    /// The text that has the policy: what a file has for the commands.
    pub(super) policy: String,
    /// Which policy of the text is meant, from 0.
    pub(super) number: usize,
    /// The policy that is compared with.
    pub(super) before: Option<String>,
    pub(super) request: Written,
    pub(super) place: Place,
    /// When the decision is made, as people write it; empty is now.
    pub(super) at: String,
    /// For when the shares are told as well.
    pub(super) later: Option<String>,
    /// Versions that their guards have closed, such as `checkout/v2`.
    pub(super) closed: Vec<String>,
    pub(super) slide: Option<Slide>,
}

/// A request, its parts as a command line has them.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    method: String,
    /// With its query.
    path: String,
    /// Empty: it has none, or it is among the headers.
    host: String,
    /// Each as `name: value`.
    headers: Vec<String>,
    /// Empty: unknown.
    ip: String,
    /// Each as `name=value`.
    claims: Vec<String>,
    inbound: bool,
}

/// Where the proxy stands.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Place {
    node: String,
    cluster: String,
    region: String,
    zone: String,
    /// Each as `name=value`.
    labels: Vec<String>,
}

/// A moment in milliseconds since the Unix epoch; where nothing is written it is now.
pub(super) fn moment(text: &str) -> anyhow::Result<u64> {
    match text.trim() {
        "" => clock::moment(None),
        text => clock::read(text).with_context(|| {
            format!("{text}: not a moment since 1970; write it as 2026-11-21T20:00:00+08:00")
        }),
    }
}

impl Written {
    pub(super) fn read(&self) -> anyhow::Result<Asked> {
        let ip = match self.ip.trim() {
            "" => None,
            text => {
                let ip: Result<IpAddr, _> = text.parse();
                Some(ip.map_err(|_| anyhow!("{text}: not an address; write it as 203.0.113.7"))?)
            }
        };
        let request = Asked {
            method: self.method.clone(),
            path: self.path.clone(),
            host: self.host.clone(),
            source_ip: ip,
            claims: each(&self.claims, pair)?,
            inbound: self.inbound,
            ..Asked::default()
        };
        Ok(request.with(each(&self.headers, header)?))
    }
}

impl Place {
    pub(super) fn node(&self) -> anyhow::Result<Node> {
        Ok(Node {
            id: self.node.clone(),
            cluster: self.cluster.clone(),
            region: self.region.clone(),
            zone: self.zone.clone(),
            labels: each(&self.labels, pair)?.into_iter().collect(),
        })
    }
}

type Pair = (String, String);

/// Reads lines; a problem with the line that it is about.
fn each(lines: &[String], read: fn(&str) -> Result<Pair, String>) -> anyhow::Result<Vec<Pair>> {
    let read = |line: &String| read(line).map_err(|problem| anyhow!("{line}: {problem}"));
    lines.iter().map(read).collect()
}
