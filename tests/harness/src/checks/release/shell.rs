//! Commands of the documentation, in a real shell that has `graylane`.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::place;

/// How a command ended, and all that it said.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) said: String,
}

/// Runs commands in a folder, with these variables; the first that fails ends them.
pub(super) async fn run(
    commands: &str,
    folder: &Path,
    variables: &[(&str, String)],
) -> Result<Ran> {
    let output = Command::new("sh")
        // What it says stays in order.
        .args(["-euc", &format!("exec 2>&1\n{commands}")])
        .current_dir(folder)
        .env("PATH", path()?)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await?;
    Ok(Ran {
        code: output.status.code().context("it was killed")?,
        said: String::from_utf8_lossy(&output.stdout).into_owned(),
    })
}

/// The same, for commands that have to end well.
pub(super) async fn well(
    commands: &str,
    folder: &Path,
    variables: &[(&str, String)],
) -> Result<String> {
    let Ran { code, said } = run(commands, folder, variables).await?;
    if code != 0 {
        bail!("{commands}\nends with {code}:\n{said}");
    }
    Ok(said)
}

/// This process's own, and before it where `graylane` is, and where a Consul may have been built.
fn path() -> Result<std::ffi::OsString> {
    let own = place::command_line()?;
    let own = own.parent().context("graylane is nowhere")?.to_owned();
    let consul = place::repository()?.join(".cache/centres/consul");
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = [own, consul]
        .into_iter()
        .chain(std::env::split_paths(&rest));
    Ok(std::env::join_paths(all)?)
}
