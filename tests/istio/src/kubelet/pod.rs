//! One pod: a network namespace, a folder, and its containers as processes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use graylane_harness::client::fetch;
use serde_json::Value;

use super::network::{self, NODE};
use super::spec::{Container, Image, Spec};
use crate::cluster::{API, Kubectl, REGISTRY};
use crate::process::{Program, Running};

/// The user of Istio's proxies, whose traffic is not captured.
const PROXY: u32 = 1337;
/// How long a pod may take until it is ready, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// What a container has to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// Where pods find what they are made of.
#[derive(Clone, Debug)]
pub struct Ground {
    /// To ask the API.
    pub kubectl: Kubectl,
    /// A folder for the pods' folders, which every user may enter.
    pub folder: PathBuf,
    /// This program, pilot-agent and so on, where every user may start them.
    pub programs: PathBuf,
    /// The logs.
    pub logs: PathBuf,
    /// How pods reach the API.
    pub kubeconfig: PathBuf,
}

/// A running pod.
#[derive(Debug)]
pub struct Pod {
    /// As its specification says.
    pub spec: Spec,
    /// Its address.
    pub address: Ipv4Addr,
    containers: BTreeMap<String, Running>,
}

impl Pod {
    /// Starts it; it is not ready yet.
    pub(super) async fn start(
        ground: &Ground,
        pod: &Value,
        address: Ipv4Addr,
        istiod: Option<Ipv4Addr>,
    ) -> Result<Self> {
        let spec = Spec::read(pod, address, NODE)?;
        network::add(&spec.name, address).await?;
        let folder = ground.folder.join(&spec.name);
        furnish(ground, &spec, &folder, istiod).await?;
        let mut containers = BTreeMap::new();
        for container in &spec.containers {
            let program = program(ground, &spec, container, &folder);
            if container.is_first {
                program.finish().await?;
            } else {
                containers.insert(container.name.clone(), program.start()?);
            }
        }
        Ok(Self {
            spec,
            address,
            containers,
        })
    }

    /// Waits until every container says that it is ready.
    pub(super) async fn ready(&mut self) -> Result<()> {
        for container in &self.spec.containers {
            let (Some((port, path)), Some(running)) =
                (&container.probe, self.containers.get_mut(&container.name))
            else {
                continue;
            };
            let at = SocketAddr::from((self.address, *port));
            running
                .until(PATIENCE, || async { fetch(at, path).await.is_ok() })
                .await?;
        }
        Ok(())
    }

    /// A container.
    ///
    /// # Errors
    /// If it has none of this name.
    pub(crate) fn container(&mut self, name: &str) -> Result<&mut Running> {
        let pod = &self.spec.name;
        let container = self.containers.get_mut(name);
        container.with_context(|| format!("the pod {pod} has no container {name}"))
    }

    /// Stops it, its applications before its proxy.
    pub(super) async fn stop(mut self) -> Result<()> {
        let mut last = self.containers.remove("istio-proxy");
        for container in self.containers.values_mut().chain(&mut last) {
            container.stop(GRACE).await?;
        }
        network::remove(&self.spec.name).await
    }
}

/// The pod's files: what its volumes would hold, in the places where the programs look.
async fn furnish(
    ground: &Ground,
    spec: &Spec,
    folder: &Path,
    istiod: Option<Ipv4Addr>,
) -> Result<()> {
    for part in [
        "etc/istio/config",
        "etc/istio/pod",
        "etc/istio/proxy",
        "var/lib/istio/data",
    ] {
        fs::create_dir_all(folder.join(part))?;
    }
    let secrets = folder.join("var/run/secrets");
    fs::create_dir_all(secrets.join("tokens"))?;
    fs::create_dir_all(secrets.join("istio"))?;
    // Names of services are answered by the proxy in the pod.
    fs::write(
        folder.join("resolv.conf"),
        "nameserver 10.96.0.10\nsearch svc.cluster.local\n",
    )?;
    let istiod = istiod.map(|istiod| format!("{istiod} istiod.istio-system.svc\n"));
    let hosts = format!("127.0.0.1 localhost\n{}", istiod.unwrap_or_default());
    fs::write(folder.join("hosts"), hosts)?;
    fs::write(folder.join("etc/istio/pod/labels"), downward(&spec.labels))?;
    fs::write(
        folder.join("etc/istio/pod/annotations"),
        downward(&spec.annotations),
    )?;
    fs::create_dir_all(folder.join("var/lib/istio/envoy"))?;
    let template = fs::read_to_string(ground.programs.join("envoy_bootstrap.json"))?;
    let template = if spec.is_waypoint() {
        // An extension of Istio's own Envoy, which a waypoint has whatever it is told.
        template.replace("{{- if .metadata_discovery }}", "{{- if false }}")
    } else {
        template
    };
    let place = folder.join("var/lib/istio/envoy/envoy_bootstrap_tmpl.json");
    fs::write(place, template)?;

    if spec
        .containers
        .iter()
        .any(|container| container.image == Image::Agent)
    {
        let kubectl = &ground.kubectl;
        let token = kubectl
            .token(
                &spec.namespace,
                &spec.account,
                Some((&spec.name, &spec.uid)),
                "istio-ca",
            )
            .await?;
        fs::write(secrets.join("tokens/istio-token"), token)?;
        let roots = kubectl
            .config_map(&spec.namespace, "istio-ca-root-cert")
            .await?;
        let root = roots
            .get("root-cert.pem")
            .context("istiod has written no root certificate")?;
        fs::write(secrets.join("istio/root-cert.pem"), root)?;
        let config = kubectl.config_map("istio-system", "istio").await?;
        let mesh = config
            .get("mesh")
            .context("there is no mesh configuration")?;
        fs::write(folder.join("etc/istio/config/mesh"), mesh)?;
    }
    give(folder, PROXY)
}

/// The folder and all in it are the user's.
fn give(folder: &Path, user: u32) -> Result<()> {
    chown(folder, Some(user), Some(user))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            give(&entry.path(), user)?;
        } else {
            chown(entry.path(), Some(user), Some(user))?;
        }
    }
    Ok(())
}

/// As a volume of the downward API has them.
fn downward(map: &BTreeMap<String, String>) -> String {
    let lines = map
        .iter()
        .map(|(name, value)| format!("{name}={value:?}\n"));
    lines.collect()
}

fn program(ground: &Ground, spec: &Spec, container: &Container, folder: &Path) -> Program {
    let tool = |name: &str| ground.programs.join(name).into_os_string();
    let mut command: Vec<OsString> = Vec::new();
    command.extend(["ip", "netns", "exec", &spec.name].map(OsString::from));
    command.extend([tool("graylane-istio"), "room".into(), "--folder".into()]);
    command.push(folder.as_os_str().to_owned());
    if let Some(user) = container.user {
        command.extend(["--user".into(), user.to_string().into()]);
    }
    command.push("--".into());
    let mut environment = container.environment.clone();
    let mut set = |name: &str, value: &str| environment.push((name.to_owned(), value.to_owned()));
    match container.image {
        Image::Agent => {
            command.push(tool("pilot-agent"));
            // A plain-text registry is fetched from by those only who were told.
            set("WASM_INSECURE_REGISTRIES", REGISTRY);
            // For applications that speak xDS themselves, of which there are none.
            set("GRPC_XDS_BOOTSTRAP", "");
            if spec.is_waypoint() {
                // To older waypoints istiod sends no filters that only Istio's own Envoy has.
                set("ISTIO_META_ISTIO_VERSION", "1.29.1");
            }
        }
        Image::Discovery => command.push(tool("pilot-discovery")),
        Image::Application => {
            command.extend([tool("graylane-istio"), "app".into()]);
            set("POD", &spec.name);
        }
    }
    command.extend(container.arguments.iter().map(OsString::from));
    if container.image == Image::Discovery {
        // A pod finds the API by a virtual address, which would need a kube-proxy.
        command.extend([
            "--kubeconfig".into(),
            ground.kubeconfig.as_os_str().to_owned(),
        ]);
        set("KUBERNETES_SERVICE_HOST", &API.ip().to_string());
    }
    Program {
        name: format!("{} of {}", container.name, spec.name),
        command,
        environment,
        folder: folder.to_owned(),
        log: ground
            .logs
            .join(format!("{}.{}.log", spec.name, container.name)),
        logger: container.user,
    }
}
