//! The policy of a `WasmPlugin`, by `kubectl`, which has all the ways to log in that a user has.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use super::{PREVIOUS, Seen, Written};

/// What the document before it is kept in holds no more.
pub(super) const MOST: (usize, &str) = (
    1_000_000,
    "a ConfigMap, which keeps it for `rollback`, holds 1 MiB",
);

/// Who has written, among all that write to an object.
const MANAGER: &str = "--field-manager=graylane";
const KIND: &str = "wasmplugins.extensions.istio.io";
/// The field of the `ConfigMap`.
const KEPT: &str = "policy.json";

/// A `WasmPlugin`.
#[derive(Debug)]
pub(in crate::cli) struct WasmPlugin {
    namespace: String,
    name: String,
}

/// What puts a policy into a `WasmPlugin`: the fields that graylane writes, and no other.
pub(in crate::cli) fn manifest(plugin: &WasmPlugin, policy: &Value) -> Value {
    let WasmPlugin { namespace, name } = plugin;
    json!({
        "apiVersion": "extensions.istio.io/v1alpha1",
        "kind": "WasmPlugin",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "pluginConfig": policy },
    })
}

impl WasmPlugin {
    pub(super) fn new(namespace: String, name: String) -> Self {
        Self { namespace, name }
    }

    pub(super) fn read(&self) -> Result<Seen> {
        let Some(object) = self.get(KIND, &self.name)? else {
            bail!(
                "there is no such WasmPlugin; apply one that has its module's url first, and then \
                 publish its policy"
            );
        };
        let version = object["metadata"]["resourceVersion"].as_str();
        let policy = object["spec"].get("pluginConfig");
        Ok(Seen {
            document: policy.map(serde_json::to_vec).transpose()?,
            version: version.unwrap_or_default().to_owned(),
        })
    }

    pub(super) fn write(&self, document: &[u8], over: &Seen) -> Result<Written> {
        let mut manifest = manifest(self, &serde_json::from_slice(document)?);
        // With it the server refuses if the object is another by now.
        manifest["metadata"]["resourceVersion"] = over.version.clone().into();
        match self.apply(&manifest, &[])? {
            Ok(()) => Ok(Written::Done),
            Err(why) if why.contains("the object has been modified") => Ok(Written::Changed),
            Err(why) if why.contains("conflict") => bail!(
                "another manager has written the policy there: {}; publish by what manages it, or \
                 hand the policy over once: graylane publish … --print | kubectl apply \
                 --server-side {MANAGER} --force-conflicts -f -",
                line(&why)
            ),
            Err(why) => bail!("kubectl: {}", line(&why)),
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
        let kept = self.apply(&manifest, &["--force-conflicts"])?;
        kept.map_err(|why| anyhow!("kubectl: {}", line(&why)))
    }

    fn kept(&self) -> String {
        format!("{}{PREVIOUS}", self.name)
    }

    /// The object; `None`: there is none.
    fn get(&self, kind: &str, name: &str) -> Result<Option<Value>> {
        let arguments = ["get", kind, name, "--output=json", "--ignore-not-found"];
        let (done, out) = self.kubectl(&arguments, None)?;
        match (done, out.trim_ascii()) {
            (true, "") => Ok(None),
            (true, json) => Ok(serde_json::from_str(json).context("kubectl tells no JSON")?),
            (false, why) => bail!("kubectl: {}", line(why)),
        }
    }

    /// Why it was not done, as kubectl says it.
    fn apply(&self, manifest: &Value, more: &[&str]) -> Result<Result<(), String>> {
        let arguments = ["apply", "--server-side", MANAGER, "--filename=-"];
        let arguments = [&arguments[..], more].concat();
        let (done, out) = self.kubectl(&arguments, Some(manifest))?;
        Ok(if done { Ok(()) } else { Err(out) })
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
