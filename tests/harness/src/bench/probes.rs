//! The probes of `tests/probe/`, built as the filter is, and trimmed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::trim::trimmed;
use crate::{Progress, place};

const PACKAGE: &str = "graylane-probe";
const TARGET: &str = "wasm32-wasip1";
/// As the filter's own.
const PROFILE: &str = "module";

/// Where the probes' modules are.
#[derive(Clone, Debug)]
pub(super) struct Probes {
    /// With every callback of the SDK.
    pub(super) whole: PathBuf,
    /// With the callback for request headers alone.
    pub(super) trimmed: PathBuf,
    /// With the callback for response headers, too.
    pub(super) answering: PathBuf,
}

impl Probes {
    /// Builds and trims them, into `folder`.
    ///
    /// # Errors
    /// If the crate does not build.
    pub(super) async fn build(folder: &Path) -> Result<Self> {
        let _progress = Progress::waiting("probes: build");
        let built = build().await?;
        let wasm =
            fs::read(&built).with_context(|| format!("{} cannot be read", built.display()))?;
        let write = |name: &str, wasm: &[u8]| -> Result<PathBuf> {
            let path = folder.join(name);
            fs::write(&path, wasm)
                .with_context(|| format!("{} cannot be written", path.display()))?;
            Ok(path)
        };
        Ok(Self {
            whole: write("probe.wasm", &wasm)?,
            trimmed: write("probe-trimmed.wasm", &trimmed(&wasm, &[])?)?,
            answering: write(
                "probe-answering.wasm",
                &trimmed(&wasm, &["proxy_on_response_headers"])?,
            )?,
        })
    }
}

async fn build() -> Result<PathBuf> {
    let repository = place::repository()?;
    // `cargo run` names itself.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(&repository)
        .args(["build", "--quiet", "--lib", "--package", PACKAGE])
        .args(["--profile", PROFILE, "--target", TARGET])
        .kill_on_drop(true)
        .output()
        .await
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!(
            "the probes do not build:\n{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    Ok(repository
        .join(target)
        .join(TARGET)
        .join(PROFILE)
        .join("graylane_probe.wasm"))
}
