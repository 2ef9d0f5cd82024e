//! The Envoy of one pod.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use serde_json::Value;
use tempfile::TempDir;

use super::Mates;
use super::bootstrap::{INBOUND, OUTBOUND, bootstrap};
use crate::docker::{LISTENER_PORT, OUTBOUND_PORT};
use crate::envoy::{Ground, Running, Sample, SampleFile, Site, write};
use crate::place;

/// What a sidecar is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pod<'a> {
    /// Its service and version, such as `stock-v1`.
    pub(crate) name: &'a str,
    /// Where its application listens.
    pub(crate) application: SocketAddr,
    /// The services that its application may call.
    pub(crate) mates: &'a BTreeMap<&'static str, Mates>,
    /// The policy of both listeners.
    pub(crate) policy: &'a Value,
}

/// A pod's Envoy, running. It is stopped when this value goes.
#[derive(Debug)]
pub(crate) struct Sidecar {
    // Held for their Drop; the process goes before its files.
    _running: Running,
    _folder: TempDir,
    inbound: SocketAddr,
    outbound: SocketAddr,
}

impl Sidecar {
    /// Starts it and waits until it answers.
    pub(crate) async fn start(pod: &Pod<'_>, ground: Ground<'_>, log: PathBuf) -> Result<Self> {
        let folder = place::scratch()?;
        let site = Site::of(ground, folder.path());
        let sample = Sample {
            name: pod.name.to_owned(),
            files: vec![SampleFile {
                path: "envoy.yaml".into(),
                tree: bootstrap(pod, &site),
            }],
        };
        write(&sample, folder.path())?;
        let running = Running::start(ground, folder.path(), &sample, 1, &[], log).await?;
        Ok(Self {
            inbound: running.within(INBOUND, LISTENER_PORT).await?,
            outbound: running.within(OUTBOUND, OUTBOUND_PORT).await?,
            _running: running,
            _folder: folder,
        })
    }

    /// Where other pods reach this one.
    pub(crate) fn inbound(&self) -> SocketAddr {
        self.inbound
    }

    /// Where its application reaches other services.
    pub(crate) fn outbound(&self) -> SocketAddr {
        self.outbound
    }
}
