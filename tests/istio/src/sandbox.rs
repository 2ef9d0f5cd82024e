//! Namespaces around a run: of processes, mounts and the network; and of users, where root is not to
//! be had. In that one the user is root, over the other ids that the machine sets aside for them.
//!
//! The kernel ends every process of a process namespace with its first one, and mounts and network
//! devices with the last process that sees them. So a run leaves nothing behind, however it ends,
//! and nothing in it reaches beyond this machine.

use std::path::Path;

use anyhow::{Context, Result, bail};
use graylane_harness::envoy::wheel;
use graylane_harness::place;
use tokio::process::Command;

use crate::cli::Plan;
use crate::parts::Parts;

/// What makes the namespaces and fills them; on Debian and Ubuntu, by the package that has it.
const TOOLS: [(&str, &str); 5] = [
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("iptables-restore", "iptables"),
    ("setpriv", "util-linux"),
    ("unshare", "util-linux"),
];

/// What `unshare` makes.
const NAMESPACES: [&str; 8] = [
    "--net",
    "--mount",
    "--propagation",
    "private",
    "--pid",
    "--fork",
    "--kill-child=KILL",
    "--mount-proc",
];

/// Brings what is missing, and makes the run in namespaces; whether every check passed.
///
/// # Errors
/// If this machine has no namespaces to give, a part cannot be had, or the run broke.
pub async fn run(module: Option<&Path>, plan: &Plan) -> Result<bool> {
    check_machine()?;
    place::sweep();
    let module = place::module(module)?;
    let parts = Parts::bring().await?;
    let envoy = wheel().await?;
    let scratch = place::scratch()?;
    let results = results()?;
    let this = std::env::current_exe().context("this program does not find itself")?;

    let mut command = Command::new("setpriv");
    command
        // Should this process be killed, so is the next; it is started by the main thread, which
        // lives as long as the process does.
        .args(["--pdeathsig", "KILL", "--", "unshare"])
        .args(as_root())
        .args(NAMESPACES)
        .arg("--")
        .arg(&this)
        .arg("inside")
        .arg("--folder")
        .arg(scratch.path())
        .arg("--parts")
        .arg(parts.folder())
        .arg("--envoy")
        .arg(&envoy)
        .arg("--module")
        .arg(&module)
        .arg("--results")
        .arg(&results)
        .args(["--users", &plan.users.to_string()]);
    for check in &plan.only {
        command.args(["--only", &check.name()]);
    }
    if plan.keep {
        command.arg("--keep");
    }
    // Ctrl-C is for this process alone, which ends the other.
    command.process_group(0).kill_on_drop(true);
    let status = command
        .status()
        .await
        .context("setpriv could not be started")?;
    clear(scratch.path()).await?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => bail!(
            "the run ended early ({status}); its logs are in {}",
            results.join("logs").display()
        ),
    }
}

/// Where reports and logs go: `target/istio`, emptied.
fn results() -> Result<std::path::PathBuf> {
    let folder = place::repository()?.join("target/istio");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    std::fs::create_dir_all(folder.join("logs"))
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}

fn check_machine() -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("pods are network namespaces here, which only Linux has");
    }
    // Gives a user more ids than their own one, of which Istio needs one.
    let mapper = (!as_root().is_empty()).then_some(("newuidmap", "uidmap"));
    for (tool, package) in TOOLS.into_iter().chain(mapper) {
        if place::on_path(tool).is_none() {
            bail!(
                "pods are network namespaces here, for which `{tool}` is missing: install it (on \
                 Debian and Ubuntu `apt-get install {package}`)"
            );
        }
    }
    // A container may have taken away the right to make them, from root too.
    let tried = std::process::Command::new("unshare")
        .args(as_root())
        .args(NAMESPACES)
        .args(["--", "ip", "netns", "list"])
        .output()
        .context("unshare could not be started")?;
    if !tried.status.success() {
        bail!(
            "pods are network namespaces here, which this machine does not let {} make ({}): run \
             this {}",
            if as_root().is_empty() { "root" } else { "you" },
            String::from_utf8_lossy(&tried.stderr).trim(),
            if as_root().is_empty() {
                "outside of a container, or in a privileged one"
            } else {
                "as root, as in `sudo -E make test-istio`, or see to your lines in /etc/subuid and \
                 /etc/subgid"
            }
        );
    }
    Ok(())
}

/// What `unshare` is told where this is not run by root.
fn as_root() -> &'static [&'static str] {
    if rustix::process::geteuid().is_root() {
        &[]
    } else {
        &["--user", "--map-auto", "--map-root-user"]
    }
}

/// Removes what belongs to ids that only root in the namespace can speak for.
async fn clear(folder: &Path) -> Result<()> {
    if as_root().is_empty() {
        return Ok(());
    }
    let cleared = Command::new("unshare")
        .args(as_root())
        .args(["--", "find"])
        .arg(folder)
        .args(["-mindepth", "1", "-delete"])
        .status()
        .await
        .context("unshare could not be started")?;
    if !cleared.success() {
        bail!("{} cannot be emptied ({cleared})", folder.display());
    }
    Ok(())
}
