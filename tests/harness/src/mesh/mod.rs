//! A small mesh: three services that call each other, each pod an application with a sidecar of its
//! own, and an edge before them.
//!
//! ```text
//! client ─▶ edge ─▶ checkout (v1, v2) ─HTTP─▶ stock (v1) ─gRPC─▶ pay (v1, v2)
//! ```
//!
//! A request passes the sidecar of each pod twice: on its way to the application by the inbound
//! listener, and what the application then sends by the outbound one.

mod bootstrap;
mod sidecar;

pub(crate) use sidecar::{Pod, Sidecar};

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::backend::{Fleet, Way};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;

/// The pods of one service, by the names of their clusters, and where others reach them.
pub(crate) type Mates = BTreeMap<String, SocketAddr>;

/// The services in the order in which they call each other, with their versions.
pub const SERVICES: [(&str, &[&str]); 3] = [
    ("checkout", &["v1", "v2"]),
    ("stock", &["v1"]),
    ("pay", &["v1", "v2"]),
];

/// The name by which a service is called.
#[must_use]
pub fn host(service: &str) -> String {
    format!("{service}.shop")
}

/// The applications and their sidecars, running. They are stopped when this value goes.
#[derive(Debug)]
pub struct Mesh {
    sidecars: BTreeMap<String, Sidecar>,
    // Held for its Drop.
    _applications: Fleet,
}

impl Mesh {
    /// Starts them, the last service first: who calls has to know where.
    ///
    /// # Errors
    /// If something does not start.
    pub async fn start(lab: &Lab, policy: &Value) -> Result<Self> {
        let names: Vec<_> = SERVICES.iter().flat_map(pods).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let applications = lab.backends(&names).await?;
        let mut sidecars = BTreeMap::new();
        let mut mates = BTreeMap::new();
        let mut next: Option<(&str, Way)> = None;
        for service in SERVICES.iter().rev() {
            let mut own = Mates::new();
            for name in pods(service) {
                let application = applications.get(&name).context("no application")?;
                let pod = Pod {
                    name: &name,
                    application: application.at(),
                    mates: &mates,
                    policy,
                };
                let sidecar = lab.sidecar(&pod).await?;
                own.insert(name.clone(), sidecar.inbound());
                if let Some((next, way)) = next {
                    let out = sidecar.outbound();
                    application.goes_on(way, out, &host(next)).await?;
                }
                sidecars.insert(name, sidecar);
            }
            // The last of the calls is gRPC.
            let way = if next.is_none() { Way::Grpc } else { Way::Http };
            next = Some((service.0, way));
            mates.insert(service.0, own);
        }
        Ok(Self {
            sidecars,
            _applications: applications,
        })
    }

    /// Starts an edge before the first service, where nothing but the module stands against forged
    /// headers.
    ///
    /// # Errors
    /// If it does not start; with the end of its log.
    pub async fn edge(&self, lab: &Lab, policy: &Value) -> Result<Envoy> {
        let (first, versions) = SERVICES[0];
        let version = |version: &&str| {
            let sidecar = self.sidecars.get(&format!("{first}-{version}"))?;
            Some(((*version).to_owned(), sidecar.inbound()))
        };
        let versions = versions.iter().filter_map(version).collect();
        let setup = Setup::of("standalone")
            .policy(policy)
            .without_native_stripping();
        lab.envoy_before(&setup, &versions).await
    }

    /// Where the requests of a pod's application go.
    #[must_use]
    pub fn way_out_of(&self, pod: &str) -> Option<SocketAddr> {
        Some(self.sidecars.get(pod)?.outbound())
    }
}

fn pods((service, versions): &(&str, &[&str])) -> Vec<String> {
    let pod = |version| format!("{service}-{version}");
    versions.iter().map(pod).collect()
}
