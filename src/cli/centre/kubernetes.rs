//! The policy of a `WasmPlugin`, by `kubectl`, which has all the ways to log in that a user has.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{PREVIOUS, Seen, Written};

/// What the document before it is kept in holds no more.
pub(super) const MOST: (usize, &str) = (
    1_000_000,
    "a ConfigMap, which keeps it for `rollback`, holds 1 MiB",
);

/// Who has written, among all that write to an object.
const MANAGER: &str = "--field-manager=graylane";
/// `-` means a file of that name here.
const FROM_STDIN: &str = "--patch-file=/dev/stdin";
const KIND: &str = "wasmplugins.extensions.istio.io";
/// The field of the `ConfigMap`.
const KEPT: &str = "policy.json";

/// A `WasmPlugin`.
#[derive(Debug)]
pub(in crate::cli) struct WasmPlugin {
    namespace: String,
    name: String,
}

/// What the server writes into an object by itself.
const SERVERS: [&str; 5] = [
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
];
/// What `kubectl apply` keeps of the object as it was applied.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

impl WasmPlugin {
    pub(super) fn new(namespace: String, name: String) -> Self {
        Self { namespace, name }
    }

    pub(super) fn read(&self) -> Result<Seen> {
        let object = self.object()?;
        let policy = object["spec"].get("pluginConfig");
        Ok(Seen {
            document: policy.map(serde_json::to_vec).transpose()?,
            version: version(&object).to_owned(),
        })
    }

    /// The whole object with another policy, as it is applied to a cluster that may not have it.
    pub(in crate::cli) fn manifest(&self, policy: &Value) -> Result<Value> {
        let mut object = self.object()?;
        object["spec"]["pluginConfig"] = policy.clone();
        if let Some(object) = object.as_object_mut() {
            object.remove("status");
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|field, _| !SERVERS.contains(&field.as_str()));
        }
        if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
            annotations.remove(APPLIED);
        }
        Ok(object)
    }

    /// Patches the policy alone, as a whole. Not by `kubectl apply --server-side`: on an object that
    /// was applied without `--server-side` that takes all fields over, and deletes them the next time.
    pub(super) fn write(&self, document: &[u8], over: &Seen) -> Result<Written> {
        let object = self.object()?;
        if let Some(manager) = applier(&object) {
            bail!(
                "{manager} applies the policy there, and would put its own back; publish by what \
                 it applies, which --print writes"
            );
        }
        let policy: Value = serde_json::from_slice(document)?;
        let patch = json!([
            // The server refuses an object of a version that it has no more.
            { "op": "replace", "path": "/metadata/resourceVersion", "value": over.version },
            { "op": "add", "path": "/spec/pluginConfig", "value": policy },
        ]);
        let patched = [
            "patch",
            KIND,
            &self.name,
            "--type=json",
            MANAGER,
            FROM_STDIN,
        ];
        match self.kubectl(&patched, Some(&patch))? {
            (true, _) => Ok(Written::Done),
            (false, why) if why.contains("the object has been modified") => Ok(Written::Changed),
            (false, why) => bail!("kubectl: {}", line(&why)),
        }
    }

    pub(super) fn previous(&self) -> Result<Option<Vec<u8>>> {
        let kept = self.get("configmaps", &self.kept())?;
        let text = kept.and_then(|object| Some(object["data"][KEPT].as_str()?.to_owned()));
        Ok(text.map(String::into_bytes))
    }

    pub(super) fn keep(&self, document: &[u8]) -> Result<()> {
        let manifest = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": { "name": self.kept(), "namespace": self.namespace },
            "data": { KEPT: String::from_utf8(document.to_vec())? },
        });
        let kept = [
            "apply",
            "--server-side",
            "--force-conflicts",
            MANAGER,
            "--filename=-",
        ];
        match self.kubectl(&kept, Some(&manifest))? {
            (true, _) => Ok(()),
            (false, why) => bail!("kubectl: {}", line(&why)),
        }
    }

    fn kept(&self) -> String {
        format!("{}{PREVIOUS}", self.name)
    }

    fn object(&self) -> Result<Value> {
        let object = self.get(KIND, &self.name)?;
        object.context(
            "there is no such WasmPlugin; apply one that has its module's url first, and then \
             publish its policy",
        )
    }

    /// An object; `None`: there is none.
    fn get(&self, kind: &str, name: &str) -> Result<Option<Value>> {
        let arguments = [
            "get",
            kind,
            name,
            "--output=json",
            "--ignore-not-found",
            "--show-managed-fields",
        ];
        let (done, out) = self.kubectl(&arguments, None)?;
        match (done, out.trim_ascii()) {
            (true, "") => Ok(None),
            (true, json) => Ok(serde_json::from_str(json).context("kubectl tells no JSON")?),
            (false, why) => bail!("kubectl: {}", line(why)),
        }
    }

    /// Whether it was done, and what it printed: its answer, or else why not.
    fn kubectl(&self, arguments: &[&str], input: Option<&Value>) -> Result<(bool, String)> {
        let mut child = Command::new("kubectl")
            .arg("--namespace")
            .arg(&self.namespace)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("kubectl cannot be run; install it, or publish by --print")?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            // One that ends before it has read says why.
            let _ = stdin.write_all(input.to_string().as_bytes());
        }
        let ended = child.wait_with_output()?;
        let done = ended.status.success();
        let said = if done { ended.stdout } else { ended.stderr };
        Ok((done, String::from_utf8_lossy(&said).into_owned()))
    }
}

fn version(object: &Value) -> &str {
    let version = object["metadata"]["resourceVersion"].as_str();
    version.unwrap_or_default()
}

/// Who else applies the policy by the server, as Argo CD and Flux do.
fn applier(object: &Value) -> Option<&str> {
    let managers = object["metadata"]["managedFields"].as_array()?;
    let mut appliers = managers.iter().filter(|manager| {
        let fields = &manager["fieldsV1"]["f:spec"];
        manager["operation"] == "Apply" && fields.get("f:pluginConfig").is_some()
    });
    appliers.next()?["manager"].as_str()
}

/// What it said, in one line.
fn line(said: &str) -> String {
    let words: Vec<_> = said.split_whitespace().collect();
    let mut line = words.join(" ");
    if let Some((end, _)) = line.char_indices().nth(400) {
        line.truncate(end);
        line.push('…');
    }
    line
}
