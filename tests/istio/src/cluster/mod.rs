//! The control plane: Kubernetes' API over etcd, its controllers, and a registry of images.

mod istio;
mod kubectl;
mod pki;
mod registry;

pub use istio::{Manifests, SWITCHED_OFF, documents};
pub use kubectl::{Kubectl, Said, say};
pub use registry::Registry;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use graylane_harness::client::fetch;

use self::pki::Pki;
use crate::kubelet::network::NODE;
use crate::parts::Parts;
use crate::process::{Program, Running};

/// Where the API is.
pub const API: SocketAddrV4 = SocketAddrV4::new(NODE, 6443);
/// Where the registry is, as pods' proxies fetch from it.
pub const REGISTRY: &str = "10.244.0.1:5000";
/// etcd, for the API alone.
const ETCD: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 2379);
const ETCD_PEERS: &str = "http://127.0.0.1:2380";
/// The names by which the API's tokens go.
const ISSUER: &str = "https://kubernetes.default.svc";
/// Addresses of services, which only the pods' proxies know.
const SERVICES: &str = "10.96.0.0/16";
/// The controllers that deployments, their endpoints and their accounts need.
const CONTROLLERS: &str = "deployment-controller,replicaset-controller,\
    endpointslice-controller,serviceaccount-controller,namespace-controller,\
    garbage-collector-controller,root-ca-certificate-publisher-controller,disruption-controller";
/// How long a program may take to start, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// What a program has to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// The running control plane. It ends with this value.
#[derive(Debug)]
pub struct Cluster {
    kubectl: Kubectl,
    pki: Pki,
    api: Running,
    _etcd: Running,
    _controllers: Running,
}

/// Where programs are, and where they write.
#[derive(Clone, Debug)]
pub struct Ground<'a> {
    /// The programs.
    pub parts: &'a Parts,
    /// A folder of this run.
    pub folder: &'a Path,
    /// The logs.
    pub logs: &'a Path,
}

impl Ground<'_> {
    /// A program of the control plane.
    pub(crate) fn program(&self, name: &str, arguments: &[&str]) -> Program {
        let mut command: Vec<OsString> = vec![self.parts.program(name).into()];
        command.extend(arguments.iter().map(OsString::from));
        Program {
            name: name.to_owned(),
            command,
            environment: Vec::new(),
            folder: self.folder.to_owned(),
            log: self.logs.join(format!("{name}.log")),
            logger: None,
        }
    }
}

impl Cluster {
    /// Starts Kubernetes, and waits until its API answers.
    ///
    /// # Errors
    /// If a program does not start.
    pub async fn start(ground: &Ground<'_>) -> Result<Self> {
        let pki = Pki::create(&ground.folder.join("pki"))?;
        let kubectl = Kubectl::new(ground.parts.program("kubectl"), pki.administrator()?);
        let etcd_url = format!("http://{ETCD}");
        let data = ground.folder.join("etcd").to_string_lossy().into_owned();
        let etcd = ground.program(
            "etcd",
            &[
                &format!("--data-dir={data}"),
                &format!("--listen-client-urls={etcd_url}"),
                &format!("--advertise-client-urls={etcd_url}"),
                &format!("--listen-peer-urls={ETCD_PEERS}"),
                &format!("--initial-advertise-peer-urls={ETCD_PEERS}"),
                &format!("--initial-cluster=default={ETCD_PEERS}"),
                // Nothing of a run is to outlive the machine's crash.
                "--unsafe-no-fsync",
                "--log-level=warn",
            ],
        );
        let mut etcd = etcd.start()?;
        let at = SocketAddr::from(ETCD);
        etcd.until(PATIENCE, || async { fetch(at, "/health").await.is_ok() })
            .await?;

        let mut api = api(ground, &pki).start()?;
        api.until(PATIENCE, || is_ready(&kubectl)).await?;

        let manager = pki.component("controllers", "system:kube-controller-manager")?;
        let controllers = ground.program(
            "kube-controller-manager",
            &[
                &format!("--kubeconfig={}", manager.display()),
                &format!("--controllers={CONTROLLERS}"),
                &format!("--root-ca-file={}", pki.file("ca.crt").display()),
                &format!(
                    "--service-account-private-key-file={}",
                    pki.file("accounts.key").display()
                ),
                "--use-service-account-credentials=true",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                &format!("--cert-dir={}", ground.folder.join("controllers").display()),
            ],
        );
        Ok(Self {
            kubectl,
            pki,
            api,
            _etcd: etcd,
            _controllers: controllers.start()?,
        })
    }

    /// kubectl as an administrator.
    #[must_use]
    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// A configuration for a service account's programs; its file.
    ///
    /// # Errors
    /// If the API gives no token.
    pub async fn kubeconfig(&self, namespace: &str, account: &str) -> Result<PathBuf> {
        let token = self.kubectl.token(namespace, account, None, "").await?;
        self.pki.bearer(account, &token)
    }

    /// Stops the API.
    ///
    /// # Errors
    /// If it cannot be told to.
    pub async fn stop_api(&mut self) -> Result<()> {
        self.api.stop(GRACE).await
    }

    /// Starts the API again, and waits until it answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn start_api(&mut self) -> Result<()> {
        self.api.start_again()?;
        let kubectl = &self.kubectl;
        self.api.until(PATIENCE, || is_ready(kubectl)).await
    }
}

fn api(ground: &Ground<'_>, pki: &Pki) -> Program {
    ground.program(
        "kube-apiserver",
        &[
            &format!("--etcd-servers=http://{ETCD}"),
            &format!("--bind-address={NODE}"),
            &format!("--advertise-address={NODE}"),
            &format!("--secure-port={}", API.port()),
            // No kube-proxy leads to it by a service's address.
            "--endpoint-reconciler-type=none",
            // Nor to webhooks: their pods are asked.
            "--enable-aggregator-routing=true",
            &format!("--tls-cert-file={}", pki.file("api.crt").display()),
            &format!("--tls-private-key-file={}", pki.file("api.key").display()),
            &format!("--client-ca-file={}", pki.file("ca.crt").display()),
            &format!("--service-account-issuer={ISSUER}"),
            &format!(
                "--service-account-key-file={}",
                pki.file("accounts.pub").display()
            ),
            &format!(
                "--service-account-signing-key-file={}",
                pki.file("accounts.key").display()
            ),
            &format!("--service-cluster-ip-range={SERVICES}"),
            "--authorization-mode=RBAC",
            // It would mount tokens of the API into pods, whose applications have no use for them.
            "--disable-admission-plugins=ServiceAccount",
            "--allow-privileged=true",
            &format!("--cert-dir={}", ground.folder.join("api").display()),
        ],
    )
}

async fn is_ready(kubectl: &Kubectl) -> bool {
    let said = kubectl.attempt(&["get", "--raw", "/readyz"], "").await;
    said.is_ok_and(|said| said.succeeded)
}
