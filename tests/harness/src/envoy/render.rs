//! A sample made ready to run: ports, module, policy and backends of this run in place of the
//! sample's own. Everything else stays as users get it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use graylane::Node;
use serde_json::{Value, json};

use super::atlas::{DATABASE, DATABASE_PATH};
use super::backends::{add_clusters, place_backends, place_clusters, place_routes};
use super::sample::Sample;
use super::tree::{CLUSTER, LISTENER, WASM, at, renamed, resources, set_address, walk};

/// The form in which a policy stands in Envoy's configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A `google.protobuf.Struct`: the module receives protobuf.
    #[default]
    Struct,
    /// JSON text in a `StringValue`, as Istio sends it.
    Json,
}

impl Form {
    /// The policy in this form.
    #[must_use]
    pub fn wrap(self, policy: &Value) -> Value {
        match self {
            Self::Struct => json!({
                "@type": "type.googleapis.com/google.protobuf.Struct",
                "value": policy,
            }),
            Self::Json => json!({
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": policy.to_string(),
            }),
        }
    }
}

/// What Envoy itself strips of a client's headers, by `internal_only_headers`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stripping {
    /// What the sample says.
    #[default]
    All,
    /// All but the tag, as a policy needs it that trusts some clients.
    ButTheTag,
    /// Nothing: only the module stands against forged headers.
    Nothing,
}

/// What is put in place of the sample's own.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    /// Where the listener listens.
    pub listener: SocketAddr,
    /// Where the admin interface listens.
    pub admin: SocketAddr,
    /// The folder in which Envoy finds the rendered files.
    pub folder: &'a str,
    /// Where Envoy finds the module.
    pub module: &'a str,
    /// The policy; `None` leaves the sample's.
    pub policy: Option<&'a Value>,
    /// The policy's form.
    pub form: Form,
    /// The versions and their backends.
    pub backends: &'a BTreeMap<String, SocketAddr>,
    /// What stays of `internal_only_headers`.
    pub stripping: Stripping,
    /// Whether `request_headers_to_remove` stays.
    pub hop_headers_removed: bool,
    /// Where Envoy puts a verified token; `None` leaves the sample's place.
    pub claims_in: Option<&'a str>,
    /// Further clusters, and where each leads.
    pub clusters: &'a BTreeMap<String, SocketAddr>,
    /// Clusters beside the sample's own.
    pub beside: &'a [Value],
    /// What else is changed.
    pub edit: Option<fn(&mut Value)>,
    /// The node; `None` leaves the sample's.
    pub node: Option<&'a Node>,
    /// Whether Envoy takes requests as they come.
    pub raw: bool,
    /// Whether what comes is for the workload beside Envoy.
    pub inbound: bool,
}

/// Edits every file of the sample.
///
/// # Errors
/// Naming file and key, if the sample has not the shape that the harness knows.
pub fn render(mut sample: Sample, values: &Values<'_>) -> Result<Sample> {
    let paths = sample.clone();
    let (mut listeners, mut policies, mut modules) = (0, 0, 0);
    let mut placed = Vec::new();
    for (index, file) in sample.files.iter_mut().enumerate() {
        let tree = &mut file.tree;
        let mut edit = || -> Result<()> {
            if index == 0 {
                set_address(tree, &["admin", "address", "socket_address"], values.admin)?;
                if let Some(node) = values.node {
                    tree["node"] = bootstrap_node(node);
                }
            }
            if let Some(list) = resources(tree, "listeners", LISTENER) {
                for listener in list {
                    set_address(listener, &["address", "socket_address"], values.listener)?;
                    if values.inbound {
                        listener["traffic_direction"] = "INBOUND".into();
                    }
                    listeners += 1;
                }
            }
            if let Some(clusters) = resources(tree, "clusters", CLUSTER) {
                placed.extend(place_backends(clusters, values.backends)?);
            }
            rename_headers(tree, values);
            modules += place_module(tree, values.module)?;
            policies += place_policy(tree, values.policy, values.form)?;
            place_routes(tree, values.backends)?;
            drop_headers(tree, values)?;
            take_raw(tree, values)?;
            place_claims(tree, values.claims_in)?;
            place_database(tree, values.folder)?;
            move_paths(tree, &paths, values.folder)?;
            if let Some(clusters) = resources(tree, "clusters", CLUSTER) {
                add_clusters(clusters, values.beside);
                place_clusters(clusters, values.clusters)?;
            }
            if let Some(edit) = values.edit {
                edit(tree);
            }
            Ok(())
        };
        edit().with_context(|| format!("envoy/{}: {}", paths.name, file.path.display()))?;
    }
    let name = &sample.name;
    if listeners != 1 {
        bail!("envoy/{name}: {listeners} listeners; the harness knows samples with one");
    }
    if modules == 0 || policies != 1 {
        bail!("envoy/{name}: {modules} wasm filters with {policies} policies; expected one policy");
    }
    let absent = |version: &&String| !placed.contains(version);
    if let Some(version) = values.backends.keys().find(absent) {
        bail!("envoy/{name}: no cluster takes the backend of {version}");
    }
    Ok(sample)
}

/// The node as a bootstrap writes it, its labels where Istio has them.
fn bootstrap_node(node: &Node) -> Value {
    json!({
        "id": node.id,
        "cluster": node.cluster,
        "locality": { "region": node.region, "zone": node.zone },
        "metadata": { "LABELS": node.labels },
    })
}

fn place_module(tree: &mut Value, module: &str) -> Result<usize> {
    let mut found = 0;
    walk(tree, &mut |_, object| {
        if object.get("@type").is_some_and(|kind| kind == WASM) {
            let mut config = object.get("config").cloned().unwrap_or_default();
            let code = at(&mut config, &["vm_config", "code"])?;
            *code = json!({ "local": { "filename": module } });
            object.insert("config".to_owned(), config);
            found += 1;
        }
        Ok(())
    })?;
    Ok(found)
}

/// Puts the policy into the wasm filter; a discovery's `default_config` keeps its own.
pub(super) fn place_policy(tree: &mut Value, policy: Option<&Value>, form: Form) -> Result<usize> {
    let mut found = 0;
    walk(tree, &mut |key, object| {
        let is_wasm = object.get("@type").is_some_and(|kind| kind == WASM);
        if is_wasm && key != "default_config" {
            let config = object.get_mut("config").context("config is missing")?;
            let place = at(config, &["configuration"])?;
            if let Some(policy) = policy {
                *place = form.wrap(policy);
            }
            found += 1;
        }
        Ok(())
    })?;
    Ok(found)
}

/// Has `geoip` look into the run's own database.
fn place_database(tree: &mut Value, folder: &str) -> Result<()> {
    walk(tree, &mut |_, object| {
        if let Some(path) = object.get_mut(DATABASE_PATH) {
            *path = format!("{folder}/{DATABASE}").into();
        }
        Ok(())
    })
}

/// Takes away what would hide the module's own work from a check.
fn drop_headers(tree: &mut Value, values: &Values<'_>) -> Result<()> {
    walk(tree, &mut |_, object| {
        match values.stripping {
            Stripping::All => {}
            Stripping::ButTheTag => {
                let stripped = object.get_mut("internal_only_headers");
                if let Some(stripped) = stripped.and_then(Value::as_array_mut) {
                    stripped.retain(|name| name != "x-gray-version");
                }
            }
            Stripping::Nothing => {
                object.remove("internal_only_headers");
            }
        }
        if !values.hop_headers_removed {
            object.remove("request_headers_to_remove");
        }
        Ok(())
    })
}

/// Where the policy writes headers of other names, routes go by those.
fn rename_headers(tree: &mut Value, values: &Values<'_>) {
    let Some(headers) = values.policy.map(|policy| &policy["headers"]) else {
        return;
    };
    for (field, usual) in [("version", "x-gray-version"), ("cluster", "x-gray-cluster")] {
        if let Some(name) = headers[field].as_str() {
            *tree = renamed(tree, usual, name);
        }
    }
}

/// Takes the client's address from the proxy before this one, and its path as it is written.
fn take_raw(tree: &mut Value, values: &Values<'_>) -> Result<()> {
    walk(tree, &mut |_, object| {
        if values.raw && object.contains_key("use_remote_address") {
            object.insert("xff_num_trusted_hops".to_owned(), 1.into());
            object.remove("normalize_path");
        }
        Ok(())
    })
}

/// Has `jwt_authn` put what it verified elsewhere.
fn place_claims(tree: &mut Value, place: Option<&str>) -> Result<()> {
    walk(tree, &mut |_, object| {
        if let Some(name) = place
            && let Some(payload) = object.get_mut("payload_in_metadata")
        {
            *payload = name.into();
        }
        Ok(())
    })
}

/// Paths of the sample's own files and folders lead to the rendered ones.
fn move_paths(tree: &mut Value, sample: &Sample, folder: &str) -> Result<()> {
    walk(tree, &mut |key, object| {
        if !matches!(key, "path_config_source" | "watched_directory") {
            return Ok(());
        }
        let Some(Value::String(path)) = object.get_mut("path") else {
            bail!("{key}.path is no text");
        };
        let own = sample
            .own_path(path)
            .with_context(|| format!("{key}.path: {path} is no file of this sample"))?;
        let moved = std::path::Path::new(folder).join(own);
        moved
            .to_string_lossy()
            .trim_end_matches('/')
            .clone_into(path);
        Ok(())
    })
}
