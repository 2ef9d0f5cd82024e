//! Docker, by its own command line: containers, one network for each run, and nothing left behind.

mod container;
mod image;

pub use container::{Container, Network};
pub use image::{backend_image, build_envoy_image, envoy_image};

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::place;

/// Where Envoy's image keeps Envoy.
pub const ENVOY: &str = "/usr/local/bin/envoy";
/// Where a container of Envoy finds its configuration.
pub const FOLDER: &str = "/etc/graylane";
/// Where a container of Envoy finds the module.
pub const MODULE: &str = "/graylane.wasm";
/// The listener's port inside its container.
pub const LISTENER_PORT: u16 = 10000;
/// The port of a sidecar's second listener, for what its application sends.
pub const OUTBOUND_PORT: u16 = 10001;
/// The admin interface's port inside its container.
pub const ADMIN_PORT: u16 = 9901;
/// A backend's port inside its container.
pub const BACKEND_PORT: u16 = 8080;

/// Everything the harness makes in Docker carries this label, with the harness's process id.
const LABEL: &str = "graylane.harness";

/// Docker's command.
///
/// # Errors
/// If there is none.
pub fn program() -> Result<PathBuf> {
    place::on_path("docker")
        .context("Envoy was to run in Docker, and there is no docker; install it, or set ENVOY_BIN")
}

/// Runs a Docker command; what it printed.
///
/// # Errors
/// With what Docker said, if it failed.
pub async fn run(arguments: &[&str]) -> Result<String> {
    let output = Command::new(program()?)
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
        .context("docker could not be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("docker {} failed: {}", arguments.join(" "), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether Docker answers; then also removes what earlier runs left that were killed.
///
/// # Errors
/// If it does not answer.
pub async fn check() -> Result<()> {
    program()?;
    run(&["version", "--format", "{{.Server.Version}}"])
        .await
        .context("Docker does not answer; is it running, and may this user use it?")?;
    sweep().await
}

/// Removes containers and networks whose harness is dead.
async fn sweep() -> Result<()> {
    let filter = format!("label={LABEL}");
    let row = format!("{{{{.ID}}}} {{{{.Label \"{LABEL}\"}}}}");
    let containers = ["ps", "--all", "--filter", &filter, "--format", &row];
    for id in orphans(&run(&containers).await?) {
        run(&["rm", "--force", "--volumes", id]).await?;
    }
    let networks = ["network", "ls", "--filter", &filter, "--format", &row];
    for id in orphans(&run(&networks).await?) {
        run(&["network", "rm", id]).await?;
    }
    Ok(())
}

/// The ids in rows of "id pid" whose process is gone.
fn orphans(rows: &str) -> Vec<&str> {
    rows.lines()
        .filter_map(|row| {
            let (id, pid) = row.split_once(' ')?;
            (!place::is_alive(pid)).then_some(id)
        })
        .collect()
}

/// A name that no other run and no other part of this run has.
fn unique(role: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("graylane-{}-{role}-{count}", std::process::id())
}

fn label() -> String {
    format!("{LABEL}={}", std::process::id())
}
