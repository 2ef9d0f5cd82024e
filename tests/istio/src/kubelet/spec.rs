//! What of a pod's specification is understood here, as commands.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use serde_json::Value;

/// What stands for an image, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// Istio's `proxyv2`: pilot-agent, which starts Envoy.
    Agent,
    /// Istio's `pilot`: pilot-discovery.
    Discovery,
    /// Whatever else: the application of this crate.
    Application,
}

/// A container.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// What it runs.
    pub image: Image,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its environment.
    pub environment: Vec<(String, String)>,
    /// Its user.
    pub user: Option<u32>,
    /// Whether it must end before others start.
    pub is_first: bool,
    /// Where it says that it is ready.
    pub probe: Option<(u16, String)>,
}

/// A pod as its specification says.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What tells it from another of its name.
    pub uid: String,
    /// Its service account.
    pub account: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its containers, those that start first at the front.
    pub containers: Vec<Container>,
}

impl Spec {
    /// Reads a pod.
    ///
    /// # Errors
    /// If it needs something that is not played here.
    pub fn read(pod: &Value, address: Ipv4Addr, node: Ipv4Addr) -> Result<Self> {
        let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str);
        let mut spec = Self {
            namespace: text("/metadata/namespace").unwrap_or_default().to_owned(),
            name: text("/metadata/name").unwrap_or_default().to_owned(),
            uid: text("/metadata/uid").unwrap_or_default().to_owned(),
            account: text("/spec/serviceAccountName")
                .unwrap_or("default")
                .to_owned(),
            labels: texts(pod.pointer("/metadata/labels")),
            annotations: texts(pod.pointer("/metadata/annotations")),
            containers: Vec::new(),
        };
        for (list, first) in [("/spec/initContainers", true), ("/spec/containers", false)] {
            for container in pod
                .pointer(list)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let read = spec.container(pod, container, first, address, node);
                let read = read.with_context(|| format!("the pod {}", spec.name))?;
                spec.containers.push(read);
            }
        }
        Ok(spec)
    }

    /// Whether it is a waypoint, which istiod has made.
    #[must_use]
    pub fn is_waypoint(&self) -> bool {
        let class = self
            .labels
            .get("gateway.networking.k8s.io/gateway-class-name");
        class.is_some_and(|class| class == "istio-waypoint")
    }

    fn container(
        &self,
        pod: &Value,
        container: &Value,
        first: bool,
        address: Ipv4Addr,
        node: Ipv4Addr,
    ) -> Result<Container> {
        let text = |pointer: &str| container.pointer(pointer).and_then(Value::as_str);
        let mut environment: Vec<(String, String)> = Vec::new();
        for variable in container["env"].as_array().into_iter().flatten() {
            let name = variable["name"]
                .as_str()
                .context("a variable has no name")?;
            let value = match variable.get("valueFrom") {
                None => expand(variable["value"].as_str().unwrap_or_default(), &environment),
                Some(source) => self
                    .source(source, address, node)
                    .with_context(|| format!("the variable {name}"))?,
            };
            environment.push((name.to_owned(), value));
        }
        let arguments = container["args"].as_array().into_iter().flatten();
        let arguments = arguments
            .filter_map(Value::as_str)
            .map(|text| expand(text, &environment));
        let user = container
            .pointer("/securityContext/runAsUser")
            .or_else(|| pod.pointer("/spec/securityContext/runAsUser"))
            .and_then(Value::as_u64);
        Ok(Container {
            name: text("/name").unwrap_or_default().to_owned(),
            image: image(text("/image").unwrap_or_default()),
            arguments: arguments.collect(),
            user: user.and_then(|user| u32::try_from(user).ok()),
            // One that always restarts is a sidecar, which goes on beside the others.
            is_first: first && text("/restartPolicy") != Some("Always"),
            probe: probe(container)?,
            environment,
        })
    }

    fn source(&self, source: &Value, address: Ipv4Addr, node: Ipv4Addr) -> Result<String> {
        // However much a container may take: the machine is shared by all of them.
        if source.get("resourceFieldRef").is_some() {
            return Ok("1".to_owned());
        }
        let field = source
            .pointer("/fieldRef/fieldPath")
            .and_then(Value::as_str)
            .context("it comes from somewhere that is not played here")?;
        let keyed = |map: &BTreeMap<String, String>, prefix: &str| {
            let key = field.strip_prefix(prefix)?.strip_suffix("']")?;
            Some(map.get(key).cloned().unwrap_or_default())
        };
        Ok(match field {
            "metadata.name" => self.name.clone(),
            "metadata.namespace" => self.namespace.clone(),
            "metadata.uid" => self.uid.clone(),
            "spec.serviceAccountName" => self.account.clone(),
            "spec.nodeName" => super::NODE_NAME.to_owned(),
            "status.podIP" | "status.podIPs" => address.to_string(),
            "status.hostIP" => node.to_string(),
            _ => keyed(&self.labels, "metadata.labels['")
                .or_else(|| keyed(&self.annotations, "metadata.annotations['"))
                .with_context(|| format!("{field} is not played here"))?,
        })
    }
}

fn image(name: &str) -> Image {
    let name = name.rsplit('/').next().unwrap_or_default();
    match name.split(':').next() {
        Some("proxyv2") => Image::Agent,
        Some("pilot") => Image::Discovery,
        _ => Image::Application,
    }
}

/// `$(NAME)` as the value of a variable that was given before.
fn expand(text: &str, environment: &[(String, String)]) -> String {
    environment
        .iter()
        .fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("$({name})"), value)
        })
}

fn probe(container: &Value) -> Result<Option<(u16, String)>> {
    let Some(get) = container.pointer("/readinessProbe/httpGet") else {
        return Ok(None);
    };
    let ports = container["ports"].as_array();
    let port = match &get["port"] {
        Value::String(name) => ports
            .into_iter()
            .flatten()
            .find(|port| port["name"] == **name)
            .and_then(|port| port["containerPort"].as_u64())
            .with_context(|| format!("no port has the name {name}"))?,
        number => number.as_u64().context("a probe has no port")?,
    };
    let path = get["path"].as_str().unwrap_or("/");
    Ok(Some((u16::try_from(port)?, path.to_owned())))
}

fn texts(map: Option<&Value>) -> BTreeMap<String, String> {
    let members = map.and_then(Value::as_object).into_iter().flatten();
    members
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_is_read_as_the_injector_writes_it() {
        let pod = json!({
            "metadata": { "name": "pay-v2-x", "namespace": "shop", "uid": "1", "labels": { "app": "pay" } },
            "spec": {
                "serviceAccountName": "pay",
                "initContainers": [
                    { "name": "istio-init", "image": "host:5000/istio/proxyv2:1.0",
                      "args": ["istio-iptables"], "securityContext": { "runAsUser": 0 } },
                    { "name": "istio-proxy", "image": "istio/proxyv2", "restartPolicy": "Always",
                      "args": ["proxy", "--domain", "$(POD_NAMESPACE).svc"],
                      "env": [{ "name": "POD_NAMESPACE",
                                "valueFrom": { "fieldRef": { "fieldPath": "metadata.namespace" } } }],
                      "securityContext": { "runAsUser": 1337 } },
                ],
                "containers": [{
                    "name": "app", "image": "shop/app",
                    "env": [{ "name": "APP",
                              "valueFrom": { "fieldRef": { "fieldPath": "metadata.labels['app']" } } }],
                    "ports": [{ "name": "http", "containerPort": 8080 }],
                    "readinessProbe": { "httpGet": { "path": "/healthz", "port": "http" } },
                }],
            },
        });
        let spec =
            Spec::read(&pod, Ipv4Addr::new(10, 0, 0, 2), Ipv4Addr::new(10, 0, 0, 1)).unwrap();
        let [init, proxy, app] = &*spec.containers else {
            panic!("{spec:?}");
        };
        assert!(init.is_first && init.image == Image::Agent && init.user == Some(0));
        assert!(!proxy.is_first && proxy.user == Some(1337));
        assert_eq!(proxy.arguments, ["proxy", "--domain", "shop.svc"]);
        assert_eq!(app.image, Image::Application);
        assert_eq!(app.environment, [("APP".to_owned(), "pay".to_owned())]);
        assert_eq!(app.probe, Some((8080, "/healthz".to_owned())));
    }

    #[test]
    fn what_is_not_played_is_said() {
        let pod = json!({
            "metadata": { "name": "a" },
            "spec": { "containers": [{ "env": [{ "name": "X", "valueFrom": { "secretKeyRef": {} } }] }] },
        });
        let error = Spec::read(&pod, Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "the pod a: the variable X: it comes from somewhere that is not played here"
        );
    }
}
