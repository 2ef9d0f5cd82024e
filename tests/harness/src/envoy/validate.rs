//! What Envoy itself says of a configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::launch::write;
use super::render::{Form, Stripping, Values, render};
use super::{Atlas, Sample};

/// Writes a sample with its own policy into the folder; where its bootstrap is.
///
/// # Errors
/// If it has not the shape that the harness knows.
pub fn lay_out(name: &str, module: &Path, folder: &Path) -> Result<PathBuf> {
    let backends: BTreeMap<_, _> = [("v1", 8081), ("v2", 8082)]
        .map(|(version, port)| (version.to_owned(), ([127, 0, 0, 1], port).into()))
        .into();
    let values = Values {
        listener: ([127, 0, 0, 1], 10_000).into(),
        admin: ([127, 0, 0, 1], 9_901).into(),
        folder: &folder.to_string_lossy(),
        module: &module.to_string_lossy(),
        policy: None,
        form: Form::Struct,
        backends: &backends,
        stripping: Stripping::All,
        hop_headers_removed: true,
        claims_in: None,
        clusters: &BTreeMap::new(),
        beside: &[],
        edit: None,
        node: None,
        raw: false,
        inbound: false,
    };
    let sample = render(Sample::load(name)?, &values)?;
    write(&sample, folder)?;
    if Atlas::is_asked_by(&sample) {
        Atlas::of_the_run()?.write_into(folder)?;
    }
    let bootstrap = sample.files.first().context("the sample has no file")?;
    Ok(folder.join(&bootstrap.path))
}

/// Has Envoy load a configuration without serving it. `None` if it takes it, else its log.
///
/// # Errors
/// If Envoy does not run.
pub fn validate(envoy: &Path, file: &Path) -> Result<Option<String>> {
    let output = Command::new(envoy)
        .args([
            "--mode",
            "validate",
            "--disable-hot-restart",
            "--config-path",
        ])
        .arg(file)
        // What the sample `upstream` answers with.
        .env("VERSION", "v1")
        .output()
        .with_context(|| format!("{} does not run", envoy.display()))?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok((!output.status.success()).then_some(log))
}
