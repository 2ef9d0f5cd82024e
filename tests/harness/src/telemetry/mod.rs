//! Prometheus, Alertmanager and a receiver of spans, real ones, as child processes: of Debian, or of
//! their projects.

mod alertmanager;
mod otlp;
mod prometheus;

pub use alertmanager::Alertmanager;
pub use otlp::{Otlp, Span};
pub use prometheus::{Prometheus, Sample};

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;

use crate::place;

/// What this machine lacks of them, and where that is to be had; `None` if nothing.
#[must_use]
pub fn missing() -> Option<&'static str> {
    let alertmanager = alertmanager::program()
        .is_none()
        .then_some("Alertmanager (on Debian and Ubuntu: apt-get install prometheus-alertmanager)");
    prometheus_missing().or(alertmanager)
}

/// What it lacks of Prometheus alone; `None` if nothing.
#[must_use]
pub fn prometheus_missing() -> Option<&'static str> {
    let missing = prometheus::program().is_none() || place::on_path("promtool").is_none();
    missing.then_some("prometheus and promtool (on Debian and Ubuntu: apt-get install prometheus)")
}

/// The first of these programs that is on `PATH`.
fn first_of(names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| place::on_path(name))
}

/// Nothing, once a server of theirs is ready.
async fn ready(at: SocketAddr) -> Result<()> {
    crate::client::fetch(at, "/-/ready").await.map(drop)
}
