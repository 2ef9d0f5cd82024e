//! What a container sees: the pod's network, files in the places where images have them, its user.

use std::convert::Infallible;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use rustix::mount::mount_bind;

/// Files of a pod that stand in the place of the machine's.
const FILES: [&str; 2] = ["hosts", "resolv.conf"];

/// A command as a container.
#[derive(Clone, Debug, clap::Args)]
pub struct Entry {
    /// The pod's folder.
    #[arg(long)]
    folder: PathBuf,
    /// The user, and the group of the same number.
    #[arg(long)]
    user: Option<u32>,
    /// The command.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Lays the pod's files over the machine's, and becomes the command. To be called in a mount
/// namespace that is nobody else's, as `ip netns exec` makes one.
///
/// # Errors
/// If it cannot; else it does not return.
pub fn enter(entry: &Entry) -> Result<Infallible> {
    for file in FILES {
        let place = Path::new("/etc").join(file);
        // Often a link to a file elsewhere.
        let place = fs::canonicalize(&place)
            .with_context(|| format!("{} is not there", place.display()))?;
        mount_bind(entry.folder.join(file), &place)
            .with_context(|| format!("{} cannot be covered", place.display()))?;
    }
    // pilot-agent looks for its template there, and keeps the modules that it fetched.
    mount_bind(entry.folder.join("var/lib"), "/var/lib").context("/var/lib cannot be covered")?;
    let [program, arguments @ ..] = &*entry.command else {
        bail!("there is no command");
    };
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some(user) = entry.user {
        command.uid(user).gid(user);
    }
    Err(command.exec()).with_context(|| format!("{program} could not be started"))
}
