//! The pods' network: a bridge on the node, and a namespace with an address for each pod.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// The node on the pods' network.
pub const NODE: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 1);
/// How much of an address is the network's.
const PREFIX: u8 = 16;
const BRIDGE: &str = "pods";

/// Makes the node's side.
///
/// # Errors
/// If the kernel refuses.
pub async fn lay_out() -> Result<()> {
    cover_run()?;
    ip("link set lo up").await?;
    ip(&format!("link add {BRIDGE} type bridge")).await?;
    ip(&format!("addr add {NODE}/{PREFIX} dev {BRIDGE}")).await?;
    ip(&format!("link set {BRIDGE} up")).await
}

/// Namespaces have names by files in /run, and iptables its lock: here they are for this run alone.
fn cover_run() -> Result<()> {
    // Pods have one of their own in its place, which often is in /run.
    let resolver = std::fs::canonicalize("/etc/resolv.conf");
    let none = rustix::mount::MountFlags::empty();
    rustix::mount::mount("none", "/run", "tmpfs", none, None).context("/run cannot be covered")?;
    if let Some(resolver) = resolver.ok().filter(|path| path.starts_with("/run"))
        && let Some(folder) = resolver.parent()
    {
        std::fs::create_dir_all(folder)?;
        std::fs::write(&resolver, "")?;
    }
    Ok(())
}

/// A namespace of a pod; the kernel keeps it until [`remove`].
///
/// # Errors
/// If the kernel refuses.
pub async fn add(name: &str, address: Ipv4Addr) -> Result<()> {
    let [.., high, low] = address.octets();
    let device = format!("pod{high}-{low}");
    ip(&format!("netns add {name}")).await?;
    ip(&format!(
        "link add {device} type veth peer name eth0 netns {name}"
    ))
    .await?;
    ip(&format!("link set {device} master {BRIDGE} up")).await?;
    ip(&format!("-n {name} link set lo up")).await?;
    ip(&format!("-n {name} addr add {address}/{PREFIX} dev eth0")).await?;
    ip(&format!("-n {name} link set eth0 up")).await?;
    // Services' addresses go that way, until the pod's own rules send them to its proxy. From the
    // node no way leads on.
    ip(&format!("-n {name} route add default via {NODE}")).await
}

/// Removes a pod's namespace.
///
/// # Errors
/// If the kernel refuses.
pub async fn remove(name: &str) -> Result<()> {
    ip(&format!("netns del {name}")).await
}

/// The pod of this number: the first is beside the node.
#[must_use]
pub fn address(number: u16) -> Ipv4Addr {
    let [first, second, ..] = NODE.octets();
    let [high, low] = (number + 2).to_be_bytes();
    Ipv4Addr::new(first, second, high, low)
}

async fn ip(arguments: &str) -> Result<()> {
    let output = Command::new("ip")
        .args(arguments.split(' '))
        .kill_on_drop(true)
        .output()
        .await
        .context("`ip` could not be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`ip {arguments}` failed: {}", said.trim());
    }
    Ok(())
}
