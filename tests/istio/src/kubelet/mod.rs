//! Scheduler and kubelet of the only node: every pod that the API has runs here, as a network
//! namespace with the pod's containers as processes in it.

pub mod network;
pub mod room;

mod pod;
mod spec;

pub use pod::{Ground, Pod};

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// The node's name.
pub const NODE_NAME: &str = "local";
/// Between two attempts to reach an API that is not there.
const AGAIN: Duration = Duration::from_millis(500);

type Slot = Arc<Mutex<Option<Pod>>>;

/// The kubelet. It ends with this value, and its pods with it.
#[derive(Debug)]
pub struct Kubelet {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    ground: Ground,
    /// By their uid.
    pods: Mutex<BTreeMap<String, Slot>>,
    count: AtomicU16,
}

impl Kubelet {
    /// Registers the node, and begins to run its pods.
    ///
    /// # Errors
    /// If the API refuses the node.
    pub async fn start(ground: Ground) -> Result<Self> {
        let node = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": NODE_NAME } });
        ground.kubectl.apply(&node.to_string()).await?;
        let shared = Arc::new(Shared {
            ground,
            pods: Mutex::default(),
            count: AtomicU16::new(0),
        });
        let task = tokio::spawn(Arc::clone(&shared).follow());
        Ok(Self { shared, task })
    }

    /// The running pods with this label, in the order of their names: of each its name and address.
    pub async fn pods(&self, label: &str, value: &str) -> Vec<(String, Ipv4Addr)> {
        let mut found = Vec::new();
        for slot in self.slots().await {
            if let Some(pod) = &*slot.lock().await
                && pod.spec.labels.get(label).is_some_and(|own| own == value)
            {
                found.push((pod.spec.name.clone(), pod.address));
            }
        }
        found.sort();
        found
    }

    /// Does something to a container of the pod of this name.
    pub(crate) async fn with_container<T>(
        &self,
        pod: &str,
        container: &str,
        act: impl AsyncFnOnce(&mut crate::process::Running) -> Result<T>,
    ) -> Result<T> {
        for slot in self.slots().await {
            let mut slot = slot.lock().await;
            if let Some(found) = slot.as_mut().filter(|found| found.spec.name == pod) {
                return act(found.container(container)?).await;
            }
        }
        anyhow::bail!("no pod {pod} runs")
    }

    async fn slots(&self) -> Vec<Slot> {
        self.shared.pods.lock().await.values().cloned().collect()
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Follows the API for as long as the run lasts, also over times when it is not there.
    async fn follow(self: Arc<Self>) {
        loop {
            // Whatever went wrong, as when the API is stopped on purpose: it is asked again.
            let _ = self.follow_once().await;
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// All pods, then every change of one, until the API ends it.
    async fn follow_once(self: &Arc<Self>) -> Result<()> {
        let list = self.ground.kubectl.raw("/api/v1/pods").await?;
        let pods = list["items"].as_array().context("no list of pods")?;
        for pod in pods {
            self.see(pod, false).await;
        }
        let version = list
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str);
        let path = format!(
            "/api/v1/pods?watch=true&resourceVersion={}",
            version.unwrap_or_default()
        );
        let mut watch = self.ground.kubectl.watch(&path)?;
        let stream = watch.stdout.take().context("no stream")?;
        let mut lines = BufReader::new(stream).lines();
        while let Some(line) = lines.next_line().await? {
            let event: Value = serde_json::from_str(&line)?;
            self.see(&event["object"], event["type"] == "DELETED").await;
        }
        Ok(())
    }

    /// One pod as the API has it now.
    async fn see(self: &Arc<Self>, pod: &Value, gone: bool) {
        let Some(uid) = pod.pointer("/metadata/uid").and_then(Value::as_str) else {
            return;
        };
        let ends = gone || pod.pointer("/metadata/deletionTimestamp").is_some();
        let mut pods = self.pods.lock().await;
        if ends {
            if let Some(slot) = pods.remove(uid) {
                tokio::spawn(Arc::clone(self).end(slot, pod.clone()));
            }
        } else if !pods.contains_key(uid) {
            let slot = Slot::default();
            pods.insert(uid.to_owned(), Arc::clone(&slot));
            tokio::spawn(Arc::clone(self).begin(slot, pod.clone()));
        }
    }

    async fn begin(self: Arc<Self>, slot: Slot, pod: Value) {
        let name = pod["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if let Err(error) = self.run(slot, &pod).await {
            eprintln!("the pod {name} does not run: {error:#}");
        }
    }

    async fn run(&self, slot: Slot, pod: &Value) -> Result<()> {
        let address = network::address(self.count.fetch_add(1, Ordering::Relaxed));
        let name = pod["metadata"]["name"]
            .as_str()
            .context("a pod has no name")?;
        let namespace = pod["metadata"]["namespace"]
            .as_str()
            .context("a pod has no namespace")?;
        let kubectl = &self.ground.kubectl;
        let mut slot = slot.lock().await;
        if pod.pointer("/spec/nodeName").is_none() {
            kubectl.bind(namespace, name, NODE_NAME).await?;
        }
        let istiod = self.istiod(pod).await;
        let mut started = Pod::start(&self.ground, pod, address, istiod).await?;
        // Its address is there before it is ready: istiod knows a proxy by its pod.
        kubectl
            .status(namespace, name, &status(pod, address, false))
            .await?;
        let ready = started.ready().await;
        *slot = Some(started);
        ready?;
        kubectl
            .status(namespace, name, &status(pod, address, true))
            .await
    }

    /// Where istiod is, once there is one; it does not wait for itself.
    async fn istiod(&self, pod: &Value) -> Option<Ipv4Addr> {
        let label = |pod: &Value| pod.pointer("/metadata/labels/app") == Some(&"istiod".into());
        if label(pod) {
            return None;
        }
        let slots: Vec<_> = self.pods.lock().await.values().cloned().collect();
        for slot in slots {
            // Those that are on their way are locked, this one too.
            if let Ok(slot) = slot.try_lock()
                && let Some(other) = &*slot
                && other
                    .spec
                    .labels
                    .get("app")
                    .is_some_and(|app| app == "istiod")
            {
                return Some(other.address);
            }
        }
        None
    }

    async fn end(self: Arc<Self>, slot: Slot, pod: Value) {
        let pod_name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
        if let Some(running) = slot.lock().await.take()
            && let Err(error) = running.stop().await
        {
            eprintln!("the pod {pod_name} does not end: {error:#}");
        }
        // It may be gone already.
        let _ = self.ground.kubectl.forget(namespace, pod_name).await;
    }
}

/// What a kubelet would write.
fn status(pod: &Value, address: Ipv4Addr, ready: bool) -> Value {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let truth = |ready: bool| if ready { "True" } else { "False" };
    let condition = |name: &str, holds: bool| json!({ "type": name, "status": truth(holds), "lastTransitionTime": now });
    let containers = |list: &str| -> Vec<Value> {
        let containers = pod
            .pointer(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let status = containers.map(|container| {
            json!({
                "name": container["name"], "image": container["image"], "imageID": "none",
                "ready": ready, "started": true, "restartCount": 0,
                "state": { "running": { "startedAt": now } },
            })
        });
        status.collect()
    };
    json!({
        "phase": "Running",
        "podIP": address.to_string(),
        "podIPs": [{ "ip": address.to_string() }],
        "hostIP": network::NODE.to_string(),
        "hostIPs": [{ "ip": network::NODE.to_string() }],
        "startTime": now,
        "conditions": [
            condition("PodScheduled", true),
            condition("Initialized", true),
            condition("ContainersReady", ready),
            condition("Ready", ready),
        ],
        "initContainerStatuses": containers("/spec/initContainers"),
        "containerStatuses": containers("/spec/containers"),
    })
}
