//! Istio's own manifests, as `istioctl` renders them for its users.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use graylane_harness::place;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Kubectl, say};
use crate::parts::Parts;

/// What of Istio is off, because a stock Envoy has not the filters for it.
pub const SWITCHED_OFF: [&str; 3] = [
    "PILOT_ENABLE_METADATA_EXCHANGE=false",
    "PILOT_ENABLE_ALPN_FILTER=false",
    "meshConfig.defaultProviders.metrics: []",
];

/// Documents, in the order in which they are applied.
#[derive(Debug)]
pub struct Manifests {
    gateway_api: String,
    definitions: Vec<Value>,
    gateway: Vec<Value>,
    rest: Vec<Value>,
}

impl Manifests {
    /// Renders them for proxies that start this Envoy.
    ///
    /// # Errors
    /// If istioctl does not.
    pub async fn render(parts: &Parts, folder: &Path, envoy: &Path) -> Result<Self> {
        let options = folder.join("istio-options.json");
        fs::write(&options, options_for(envoy).to_string())?;
        let options = options.to_string_lossy();
        // What the project tells its users to add to their mesh.
        let advice = place::repository()?.join("istio/components/telemetry/mesh-config.yaml");
        let advice = advice.to_string_lossy();
        let arguments = ["manifest", "generate", "-f", &advice, "-f", &options];
        let said = say(&parts.program("istioctl"), None, &arguments, "").await?;
        if !said.succeeded {
            bail!("`istioctl manifest generate`: {}", said.complaint.trim());
        }
        let gateway_api = fs::read_to_string(parts.gateway_api())
            .context("the definitions of the Gateway API cannot be read")?;
        let mut manifests = Self {
            gateway_api,
            definitions: Vec::new(),
            gateway: Vec::new(),
            rest: vec![json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "istio-system" },
            })],
        };
        for document in documents(&said.output)? {
            let name = document.pointer("/metadata/name").and_then(Value::as_str);
            let of_gateway = name.is_some_and(|name| name.starts_with("istio-ingressgateway"));
            match document["kind"].as_str() {
                Some("CustomResourceDefinition") => manifests.definitions.push(document),
                Some("Deployment") if of_gateway => manifests.gateway.push(document),
                _ => manifests.rest.push(document),
            }
        }
        Ok(manifests)
    }

    /// The definitions of Istio's resources, and all of Istio but its gateway's pods.
    ///
    /// # Errors
    /// If the API refuses one.
    pub async fn apply_control_plane(&self, kubectl: &Kubectl) -> Result<()> {
        // Some are too long for the annotation by which `apply` remembers them.
        let server_side = ["apply", "--server-side", "-f", "-"];
        kubectl.run(&server_side, &list(&self.definitions)).await?;
        kubectl.run(&server_side, &self.gateway_api).await?;
        let established = [
            "wait",
            "--for=condition=Established",
            "crd",
            "--all",
            "--timeout=50s",
        ];
        kubectl.run(&established, "").await?;
        kubectl.run(&server_side, &list(&self.rest)).await.map(drop)
    }

    /// The gateway, which needs an istiod that is ready.
    ///
    /// # Errors
    /// If the API refuses it.
    pub async fn apply_gateway(&self, kubectl: &Kubectl) -> Result<()> {
        kubectl.apply(&list(&self.gateway)).await
    }
}

/// Every document of a stream of YAML.
///
/// # Errors
/// If it is none.
pub fn documents(text: &str) -> Result<Vec<Value>> {
    yaml_serde::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).context("a document is no YAML"))
        .filter(|document| !matches!(document, Ok(Value::Null)))
        .collect()
}

fn list(items: &[Value]) -> String {
    json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}

fn options_for(envoy: &Path) -> Value {
    json!({
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "spec": {
            "profile": "default",
            "meshConfig": {
                "defaultProviders": { "metrics": [] },
                "defaultConfig": {
                    "binaryPath": envoy,
                    // Every proxy of the mesh runs on this machine.
                    "concurrency": 1,
                    "terminationDrainDuration": "1s",
                    // There is no DNS of a cluster.
                    "proxyMetadata": { "ISTIO_META_DNS_CAPTURE": "true" },
                },
            },
            "values": {
                "pilot": {
                    "autoscaleEnabled": false,
                    "env": {
                        "PILOT_ENABLE_METADATA_EXCHANGE": "false",
                        "PILOT_ENABLE_ALPN_FILTER": "false",
                        // For waypoints.
                        "PILOT_ENABLE_AMBIENT": "true",
                    },
                },
                "gateways": { "istio-ingressgateway": { "autoscaleEnabled": false } },
            },
        },
    })
}
