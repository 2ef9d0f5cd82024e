//! kubectl, as the cluster's users have it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// No command waits longer, also for an API that is not there.
const PATIENCE: Duration = Duration::from_mins(1);

/// kubectl with a user's configuration.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    config: PathBuf,
}

/// What a command said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Whether it succeeded.
    pub succeeded: bool,
    /// Its output.
    pub output: String,
    /// What it complained of.
    pub complaint: String,
}

impl Kubectl {
    /// This program with this configuration.
    #[must_use]
    pub fn new(program: PathBuf, config: PathBuf) -> Self {
        Self { program, config }
    }

    /// Runs it with `input`, whatever becomes of it.
    ///
    /// # Errors
    /// If it cannot be started or does not end.
    pub async fn attempt(&self, arguments: &[&str], input: &str) -> Result<Said> {
        say(&self.program, Some(&self.config), arguments, input).await
    }

    /// Runs it; its output.
    ///
    /// # Errors
    /// If it does not succeed.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Result<String> {
        let said = self.attempt(arguments, input).await?;
        if !said.succeeded {
            bail!(
                "`kubectl {}`: {}",
                arguments.join(" "),
                said.complaint.trim()
            );
        }
        Ok(said.output)
    }

    /// Applies documents.
    ///
    /// # Errors
    /// If the API refuses one.
    pub async fn apply(&self, documents: &str) -> Result<()> {
        self.run(&["apply", "-f", "-"], documents).await.map(drop)
    }

    /// Asks the API by a path.
    ///
    /// # Errors
    /// If it does not answer, or not with JSON.
    pub async fn raw(&self, path: &str) -> Result<Value> {
        let text = self.run(&["get", "--raw", path], "").await?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Changes of what is at a path, one JSON document a line.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn watch(&self, path: &str) -> Result<Child> {
        Command::new(&self.program)
            .arg("--kubeconfig")
            .arg(&self.config)
            .args(["get", "--raw", path])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("kubectl could not be started")
    }

    /// The data of a `ConfigMap`.
    ///
    /// # Errors
    /// If there is none within a minute.
    pub async fn config_map(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<BTreeMap<String, String>> {
        let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
        let wanted = async {
            loop {
                if let Ok(map) = self.raw(&path).await {
                    return map;
                }
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        };
        let map = tokio::time::timeout(PATIENCE, wanted)
            .await
            .with_context(|| format!("there is no ConfigMap {namespace}/{name}"))?;
        Ok(serde_json::from_value(map["data"].clone())?)
    }

    /// A token of a service account, bound to a pod where one is given by name and uid.
    ///
    /// # Errors
    /// If the API refuses.
    pub async fn token(
        &self,
        namespace: &str,
        account: &str,
        pod: Option<(&str, &str)>,
        audience: &str,
    ) -> Result<String> {
        let mut arguments = vec![
            "create",
            "token",
            account,
            "-n",
            namespace,
            "--duration",
            "12h",
        ];
        if !audience.is_empty() {
            arguments.extend(["--audience", audience]);
        }
        if let Some((name, uid)) = pod {
            arguments.extend(["--bound-object-kind", "Pod", "--bound-object-name", name]);
            arguments.extend(["--bound-object-uid", uid]);
        }
        Ok(self.run(&arguments, "").await?.trim().to_owned())
    }

    /// Gives a pod its node.
    ///
    /// # Errors
    /// If the API refuses.
    pub async fn bind(&self, namespace: &str, pod: &str, node: &str) -> Result<()> {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/binding");
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding",
            "metadata": { "name": pod, "namespace": namespace },
            "target": { "apiVersion": "v1", "kind": "Node", "name": node },
        });
        let create = ["create", "--raw", &path, "-f", "-"];
        self.run(&create, &binding.to_string()).await.map(drop)
    }

    /// Writes a pod's status.
    ///
    /// # Errors
    /// If the API refuses.
    pub async fn status(&self, namespace: &str, pod: &str, status: &Value) -> Result<()> {
        let patch = json!({ "status": status }).to_string();
        let arguments = [
            "patch",
            "pod",
            pod,
            "-n",
            namespace,
            "--subresource=status",
            "--type=merge",
            "-p",
            &patch,
        ];
        self.run(&arguments, "").await.map(drop)
    }

    /// Removes a pod that runs no more.
    ///
    /// # Errors
    /// If the API refuses, or does not have it.
    pub async fn forget(&self, namespace: &str, pod: &str) -> Result<()> {
        let arguments = [
            "delete",
            "pod",
            pod,
            "-n",
            namespace,
            "--grace-period=0",
            "--force",
        ];
        self.run(&arguments, "").await.map(drop)
    }
}

/// Runs a program of the control plane to its end, which must come.
///
/// # Errors
/// If it cannot be started or does not end.
pub async fn say(
    program: &std::path::Path,
    config: Option<&std::path::Path>,
    arguments: &[&str],
    input: &str,
) -> Result<Said> {
    let name = program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut command = Command::new(program);
    if let Some(config) = config {
        command.arg("--kubeconfig").arg(config);
    }
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{name} could not be started"))?;
    let stdin = child.stdin.take();
    let finished = async {
        let feed = async {
            if let Some(mut stdin) = stdin {
                // One that does not read has other complaints.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
        };
        tokio::join!(feed, child.wait_with_output()).1
    };
    let output = tokio::time::timeout(PATIENCE, finished)
        .await
        .with_context(|| format!("`{name} {}` does not end", arguments.join(" ")))??;
    Ok(Said {
        succeeded: output.status.success(),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
