//! An overlay of the project, as its users apply it: by a kustomization of their own, which says
//! where the image is.

use std::path::PathBuf;

use anyhow::{Context, Result};
use graylane_harness::place;
use serde_json::{Value, json};

use super::{Core, Mesh, TAG, folder};
use crate::cluster::{Registry, documents};

/// One pod of each version: every pod has an Envoy of its own, and shares this machine.
const DEPLOYMENTS: [&str; 5] = ["checkout-v1", "checkout-v2", "stock-v1", "pay-v1", "pay-v2"];

/// An overlay, rendered.
#[derive(Clone, Debug)]
pub struct Overlay {
    folder: PathBuf,
    documents: Vec<Value>,
}

/// The overlays that there are, by their folders.
///
/// # Errors
/// If they cannot be listed.
pub fn names() -> Result<Vec<String>> {
    let overlays = place::repository()?.join("istio/overlays");
    let entries = overlays
        .read_dir()
        .with_context(|| format!("{} cannot be read", overlays.display()))?;
    let mut names: Vec<_> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

impl Overlay {
    /// Renders an overlay with the module under this URL.
    ///
    /// # Errors
    /// If it cannot be.
    pub async fn render(mesh: &Mesh, name: &str, url: &str) -> Result<Self> {
        Self::render_with(mesh, name, url, &[]).await
    }

    /// The same with further patches, as Kustomize has them.
    ///
    /// # Errors
    /// If it cannot be.
    pub async fn render_with(
        mesh: &Mesh,
        name: &str,
        url: &str,
        patches: &[Value],
    ) -> Result<Self> {
        let folder = folder(&mesh.site.results.join("kustomize"), name)?;
        let repository = place::repository()?;
        // Kustomize takes relative paths only.
        let up = "../".repeat(folder.strip_prefix(&repository)?.components().count());
        let url = json!([{ "op": "replace", "path": "/spec/url", "value": url }]);
        let url = json!({ "target": { "kind": "WasmPlugin" }, "patch": url.to_string() });
        let all: Vec<_> = std::iter::once(url)
            .chain(patches.iter().cloned())
            .collect();
        let replicas = DEPLOYMENTS.map(|name| json!({ "name": name, "count": 1 }));
        let kustomization = json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [format!("{up}istio/overlays/{name}")],
            "patches": all,
            "replicas": replicas,
        });
        let text = serde_json::to_string_pretty(&kustomization)?;
        std::fs::write(folder.join("kustomization.yaml"), text + "\n")?;
        let path = folder.to_string_lossy().into_owned();
        let rendered = mesh.kubectl().run(&["kustomize", &path], "").await?;
        Ok(Self {
            folder,
            documents: documents(&rendered)?,
        })
    }

    /// Renders and applies an overlay with the module as it is pushed first, and waits until every
    /// pod is there and its policy in force.
    ///
    /// # Errors
    /// If one of these fails.
    pub async fn in_force(mesh: &Mesh, name: &str) -> Result<(Self, Core)> {
        let overlay = Self::render(mesh, name, &Registry::url(TAG)).await?;
        overlay.apply(mesh).await?;
        mesh.await_shop().await?;
        let core = Core::of_plugin(overlay.plugin()?)?;
        mesh.await_policy(&core, None).await?;
        Ok((overlay, core))
    }

    /// Applies all of it by `kubectl apply -k`.
    ///
    /// # Errors
    /// If the API refuses something.
    pub async fn apply(&self, mesh: &Mesh) -> Result<()> {
        let path = self.folder.to_string_lossy();
        mesh.kubectl()
            .run(&["apply", "-k", &path], "")
            .await
            .map(drop)
    }

    /// Its `WasmPlugin` for the gateway.
    ///
    /// # Errors
    /// If it has none.
    pub fn plugin(&self) -> Result<&Value> {
        let plugin = self.documents.iter().find(|document| {
            document["kind"] == "WasmPlugin" && document["metadata"]["namespace"] == "istio-system"
        });
        plugin.context("the overlay has no WasmPlugin in the root namespace")
    }

    /// Its `WasmPlugin` after an edit of its specification.
    ///
    /// # Errors
    /// If it has none.
    pub fn edited(&self, edit: impl FnOnce(&mut Value)) -> Result<Value> {
        let mut plugin = self.plugin()?.clone();
        edit(&mut plugin["spec"]);
        Ok(plugin)
    }
}
