//! Programs that come as Go modules.

use std::path::Path;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::place;

/// Runs `go` in a folder, with the modules as they are pinned there; what it prints.
///
/// # Errors
/// If there is no Go, or it fails; with the end of what it says.
pub async fn go(folder: &Path, arguments: &[&str]) -> Result<String> {
    if place::on_path("go").is_none() {
        bail!(
            "{} is built by Go, which is not there: install it (any release since 1.21 brings the \
             one that is needed), or put it on PATH",
            folder.display()
        );
    }
    let output = Command::new("go")
        .args(arguments)
        .current_dir(folder)
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=readonly")
        .kill_on_drop(true)
        .output()
        .await
        .context("go could not be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let tail: Vec<_> = said.lines().rev().take(20).collect();
        let tail: Vec<_> = tail.into_iter().rev().collect();
        bail!(
            "`go {}` in {} failed; it needs the Go module proxy, or a module cache that has \
             everything\n{}",
            arguments.join(" "),
            folder.display(),
            tail.join("\n")
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
