//! The whole of it, up and running: Kubernetes, Istio and the shop.

mod core;
mod dump;
mod overlay;
mod proxy;
mod settle;

pub use core::{Core, Hop, SERVICES};
pub use dump::{dump, keep};
pub use overlay::{Overlay, names as overlays};
pub use proxy::Proxy;
pub use settle::{hops, user};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use graylane_harness::Progress;
use rustix::mount::mount_bind;

use crate::cluster::{Cluster, Ground, Kubectl, Manifests, Registry};
use crate::inside::Site;
use crate::kubelet::{self, Kubelet, network};
use crate::parts::Parts;

/// The tag of the image that is there from the beginning.
pub const TAG: &str = "1.0";
/// How long whatever is waited for may take, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(100);
const POLL: Duration = Duration::from_millis(200);
/// What pods start, beside this program and Envoy.
const PROGRAMS: [&str; 3] = ["pilot-agent", "pilot-discovery", "envoy_bootstrap.json"];

/// Everything that checks need. It ends with this value.
#[derive(Debug)]
pub struct Mesh {
    /// Kubernetes.
    pub cluster: Cluster,
    /// The registry.
    pub registry: Registry,
    /// The pods.
    pub kubelet: Kubelet,
    /// What this run was told.
    pub site: Site,
    programs: PathBuf,
}

impl Mesh {
    /// Brings up Kubernetes, Istio and its gateway, and pushes the module.
    ///
    /// # Errors
    /// If a part does not start.
    pub async fn bring_up(site: &Site) -> Result<Self> {
        network::lay_out().await?;
        let parts = Parts::at(&site.parts);
        let logs = site.results.join("logs");
        let ground = Ground {
            parts: &parts,
            folder: &site.folder,
            logs: &logs,
        };
        let programs = lay_out_programs(site, &parts)?;
        let progress = Progress::waiting("Kubernetes: etcd, kube-apiserver, controllers");
        let cluster = Cluster::start(&ground).await?;
        drop(progress);
        let kubectl = cluster.kubectl().clone();

        let progress = Progress::waiting("Istio: its resources, istiod and a gateway");
        let manifests = Manifests::render(&parts, &site.folder, &programs.join("envoy")).await?;
        manifests.apply_control_plane(&kubectl).await?;
        let kubeconfig = cluster.kubeconfig("istio-system", "istiod").await?;
        let pods = site.folder.join("pods");
        std::fs::create_dir_all(&pods)?;
        let kubelet = Kubelet::start(kubelet::Ground {
            kubectl: kubectl.clone(),
            folder: pods,
            programs: programs.clone(),
            logs: logs.clone(),
            kubeconfig,
        })
        .await?;
        await_rollout(&kubectl, "istio-system", "istiod").await?;
        await_webhooks(&kubectl).await?;
        let registry = Registry::start(&ground, &site.module).await?;
        registry.push(TAG).await?;
        manifests.apply_gateway(&kubectl).await?;
        await_rollout(&kubectl, "istio-system", "istio-ingressgateway").await?;
        drop(progress);
        Ok(Self {
            cluster,
            registry,
            kubelet,
            site: site.clone(),
            programs,
        })
    }

    /// kubectl as an administrator.
    #[must_use]
    pub fn kubectl(&self) -> &Kubectl {
        self.cluster.kubectl()
    }

    /// The gateway's proxy.
    ///
    /// # Errors
    /// If it does not run.
    pub async fn gateway(&self) -> Result<Proxy> {
        self.proxy("istio", "ingressgateway").await
    }

    /// How many gateways the API says are ready.
    ///
    /// # Errors
    /// If the API does not answer.
    pub async fn gateways_ready(&self) -> Result<u64> {
        let path = "/apis/apps/v1/namespaces/istio-system/deployments/istio-ingressgateway";
        let found = self.kubectl().raw(path).await?;
        let ready = found.pointer("/status/readyReplicas");
        Ok(ready.and_then(serde_json::Value::as_u64).unwrap_or(0))
    }

    /// The proxy of the first pod with this label.
    ///
    /// # Errors
    /// If there is none.
    pub async fn proxy(&self, label: &str, value: &str) -> Result<Proxy> {
        let pods = self.kubelet.pods(label, value).await;
        let (pod, address) = pods
            .into_iter()
            .next()
            .with_context(|| format!("no pod with {label}={value} runs"))?;
        Ok(Proxy::new(self.programs.join("pilot-agent"), pod, address))
    }

    /// Where clients of the shop connect.
    ///
    /// # Errors
    /// If the gateway does not run.
    pub async fn door(&self) -> Result<SocketAddr> {
        Ok(SocketAddr::from((self.gateway().await?.address(), 8080)))
    }

    /// The lines with this text in a log, as `POD.CONTAINER`.
    ///
    /// # Errors
    /// If there is no such log.
    pub fn log_lines(&self, log: &str, text: &str) -> Result<Vec<String>> {
        let path = self.site.results.join(format!("logs/{log}.log"));
        let log =
            std::fs::read(&path).with_context(|| format!("{} is not there", path.display()))?;
        let log = String::from_utf8_lossy(&log);
        let lines = log.lines().filter(|line| line.contains(text));
        Ok(lines.map(str::to_owned).collect())
    }

    /// How many proxies have written this text to their logs.
    ///
    /// # Errors
    /// If the logs cannot be read.
    pub fn proxies_that_say(&self, text: &str) -> Result<usize> {
        let logs = self.site.results.join("logs").read_dir()?.flatten();
        let names = logs.filter_map(|entry| entry.file_name().into_string().ok());
        let logs = names.filter(|name| name.ends_with(".istio-proxy.log"));
        let mut count = 0;
        for log in logs {
            let lines = self.log_lines(log.trim_end_matches(".log"), text)?;
            count += usize::from(!lines.is_empty());
        }
        Ok(count)
    }

    /// Removes what a file of an overlay describes.
    ///
    /// # Errors
    /// If the API refuses.
    pub async fn remove_manifest(&self, path: &str) -> Result<()> {
        let path = graylane_harness::place::repository()?
            .join("istio/overlays")
            .join(path);
        let path = path.to_string_lossy();
        self.kubectl()
            .run(&["delete", "-f", &path], "")
            .await
            .map(drop)
    }

    /// Waits until all of the shop's deployments are there as they should be.
    ///
    /// # Errors
    /// If they are not in time.
    pub async fn await_shop(&self) -> Result<()> {
        let kubectl = self.kubectl();
        let names = ["get", "deployments", "-n", "shop", "-o", "name"];
        for name in kubectl.run(&names, "").await?.lines() {
            let name = name.trim_start_matches("deployment.apps/");
            await_rollout(kubectl, "shop", name).await?;
        }
        Ok(())
    }
}

/// Where every user may start them, also if this repository stands where others may not look.
fn lay_out_programs(site: &Site, parts: &Parts) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&site.folder, PermissionsExt::from_mode(0o755))?;
    let folder = site.folder.join("programs");
    std::fs::create_dir_all(&folder)?;
    let this = std::env::current_exe().context("this program does not find itself")?;
    let mut programs: Vec<(&str, PathBuf)> =
        vec![("graylane-istio", this), ("envoy", site.envoy.clone())];
    programs.extend(PROGRAMS.map(|name| (name, parts.program(name))));
    for (name, program) in programs {
        let place = folder.join(name);
        std::fs::write(&place, "")?;
        mount_bind(&program, &place)
            .with_context(|| format!("{} cannot be laid out", program.display()))?;
    }
    Ok(folder)
}

async fn await_rollout(kubectl: &Kubectl, namespace: &str, deployment: &str) -> Result<()> {
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}");
    until(
        &format!("{namespace}/{deployment} is rolled out"),
        async || {
            let found = kubectl.raw(&path).await.ok()?;
            let number = |pointer: &str| found.pointer(pointer).and_then(serde_json::Value::as_u64);
            let wanted = number("/spec/replicas")?;
            let done = number("/metadata/generation") == number("/status/observedGeneration")
                && number("/status/updatedReplicas") == Some(wanted)
                && number("/status/readyReplicas") == Some(wanted)
                && number("/status/replicas") == Some(wanted);
            done.then_some(())
        },
    )
    .await
}

/// istiod writes its certificate into the webhooks, and only then has them refuse.
async fn await_webhooks(kubectl: &Kubectl) -> Result<()> {
    const HOOKS: &str = "/apis/admissionregistration.k8s.io/v1";
    let validating =
        format!("{HOOKS}/validatingwebhookconfigurations/istio-validator-istio-system");
    let mutating = format!("{HOOKS}/mutatingwebhookconfigurations/istio-sidecar-injector");
    until("istiod's webhooks are in force", async || {
        let validating = kubectl.raw(&validating).await.ok()?;
        let mutating = kubectl.raw(&mutating).await.ok()?;
        let strict = validating.pointer("/webhooks/0/failurePolicy")? == "Fail";
        mutating.pointer("/webhooks/0/clientConfig/caBundle")?;
        strict.then_some(())
    })
    .await
}

/// Asks until there is an answer.
///
/// # Errors
/// If there is none in time.
pub async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return Ok(answer);
        }
        if began.elapsed() > PATIENCE {
            bail!("waited {PATIENCE:?} in vain until {what}");
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The folder of a check's own files among the results.
///
/// # Errors
/// If it cannot be made.
pub fn folder(results: &Path, name: &str) -> Result<PathBuf> {
    let folder = results.join(name);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}
