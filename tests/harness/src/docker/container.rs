//! Containers and their network; each is removed when its value goes.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::{ADMIN_PORT, BACKEND_PORT, ENVOY, FOLDER, LISTENER_PORT, MODULE};
use super::{backend_image, label, program, run, unique};

/// A network of one run.
#[derive(Debug)]
pub struct Network {
    name: String,
}

impl Network {
    /// Makes one.
    ///
    /// # Errors
    /// If Docker refuses.
    pub async fn create() -> Result<Self> {
        let name = unique("network");
        run(&["network", "create", "--label", &label(), &name]).await?;
        Ok(Self { name })
    }

    /// The address from which this machine's clients come, as containers see them.
    ///
    /// # Errors
    /// If the network is gone.
    pub async fn gateway(&self) -> Result<IpAddr> {
        let format = "{{range .IPAM.Config}}{{.Gateway}} {{end}}";
        let text = run(&["network", "inspect", "--format", format, &self.name]).await?;
        let first = text.split_whitespace().next();
        Ok(first.context("the network has no gateway")?.parse()?)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        remove(&["network", "rm", &self.name]);
    }
}

/// A container, or the name of one that is about to start.
#[derive(Debug)]
pub struct Container {
    name: String,
    network: String,
}

impl Container {
    /// A name for a container of this network; what bears it is removed with this value.
    #[must_use]
    pub fn named(network: &Network, role: &str) -> Self {
        Self {
            name: unique(role),
            network: network.name.clone(),
        }
    }

    /// Starts a backend.
    ///
    /// # Errors
    /// If Docker refuses.
    pub async fn backend(network: &Network, version: &str) -> Result<Self> {
        let image = backend_image().await?;
        let container = Self::named(network, version);
        let port = BACKEND_PORT.to_string();
        let mut arguments = vec!["run", "--detach"];
        let own = container.own_arguments();
        arguments.extend(own.iter().map(String::as_str));
        arguments.extend([&*image, "backend", "--version", version, "--port", &port]);
        run(&arguments).await?;
        Ok(container)
    }

    /// The arguments with which `docker` runs Envoy in the foreground.
    #[must_use]
    pub fn envoy_arguments(
        &self,
        image: &str,
        folder: &Path,
        module: &Path,
        arguments: &[String],
    ) -> Vec<String> {
        let mount = |from: &Path, to: &str| {
            format!("type=bind,source={},target={to},readonly", from.display())
        };
        let mut all = vec!["run".to_owned()];
        all.extend(self.own_arguments());
        for (option, value) in [
            ("--publish", format!("127.0.0.1::{LISTENER_PORT}")),
            ("--publish", format!("127.0.0.1::{ADMIN_PORT}")),
            ("--mount", mount(folder, FOLDER)),
            ("--mount", mount(module, MODULE)),
            ("--entrypoint", ENVOY.to_owned()),
        ] {
            all.extend([option.to_owned(), value]);
        }
        all.push(image.to_owned());
        all.extend_from_slice(arguments);
        all
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address in its network.
    ///
    /// # Errors
    /// If it does not run.
    pub async fn address(&self) -> Result<IpAddr> {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let text = run(&["inspect", "--format", format, &self.name]).await?;
        text.parse()
            .with_context(|| format!("{} has no address; did it end?", self.name))
    }

    /// Where a port of it is reached from this machine.
    ///
    /// # Errors
    /// If it is not published, or the container does not run.
    pub async fn published(&self, port: u16) -> Result<SocketAddr> {
        let text = run(&["port", &self.name, &format!("{port}/tcp")]).await?;
        let first = text
            .lines()
            .next()
            .context("the port is not published yet")?;
        Ok(first.parse()?)
    }

    fn own_arguments(&self) -> Vec<String> {
        [
            "--rm",
            "--name",
            &self.name,
            "--network",
            &self.network,
            "--label",
            &label(),
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        remove(&["rm", "--force", "--volumes", &self.name]);
    }
}

/// Removes and says nothing: it may be gone already.
fn remove(arguments: &[&str]) {
    if let Ok(docker) = program() {
        let _ = Command::new(docker)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
