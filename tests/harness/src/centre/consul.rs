//! Consul, a real one, built by Go as `tests/harness/go/consul` pins it: 1.14 is the last release
//! under an open licence that builds there.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use super::kind::Access;
use super::{PREFIX, SECRET, ask};
use crate::client::Visit;
use crate::server::{Server, free_port};
use crate::{Progress, go, place};

/// The token of whoever may do everything. Tokens of Consul are UUIDs.
const ROOT: &str = "6d0f5b9e-6f6e-4b52-9d3b-0d5c3f1e7a10";

/// A running agent, which keeps everything in memory.
#[derive(Debug)]
pub(super) struct Consul {
    server: Server,
    at: SocketAddr,
    access: Access,
}

/// What is needed to have one.
pub(super) fn missing() -> Option<&'static str> {
    let there = home().is_ok_and(|home| program(&home).is_file()) || place::on_path("go").is_some();
    (!there).then_some("Go, by which it is built")
}

impl Consul {
    pub(super) async fn start(access: Access) -> Result<Self> {
        let program = bring().await?;
        let ports = [free_port()?, free_port()?, free_port()?, free_port()?];
        let server = Server::new(program, |_| arguments(ports, access))?;
        let [at, ..] = ports;
        let mut consul = Self { server, at, access };
        consul.restart().await?;
        Ok(consul)
    }

    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }

    pub(super) fn kill(&mut self) {
        self.server.kill();
    }

    pub(super) async fn restart(&mut self) -> Result<()> {
        let at = self.at;
        let leads = async || {
            let leader = ask::json(at, ask::call("GET", "/v1/status/leader", "")).await?;
            if leader.as_str().is_none_or(str::is_empty) {
                bail!("Consul has no leader yet");
            }
            // A leader alone still takes no writes.
            ask::good(at, call("PUT", "up")).await.map(drop)
        };
        self.server.start(leads).await?;
        if let Access::Secret { .. } = self.access {
            self.ask_for_tokens().await?;
        }
        Ok(())
    }

    pub(super) async fn publish(&self, key: &str, document: &[u8]) -> Result<()> {
        let mut put = call("PUT", key);
        put.body = document.to_vec().into();
        ask::good(self.at, put).await.map(drop)
    }

    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        ask::good(self.at, call("DELETE", key)).await.map(drop)
    }

    pub(super) async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let reply = ask::send(self.at, call("GET", key)).await?;
        if reply.status == 404 {
            return Ok(None);
        }
        let pairs: Value = serde_json::from_slice(&reply.body)?;
        // An empty value is `null`.
        let value = pairs[0]["Value"].as_str().unwrap_or_default();
        let value = Base64::decode_vec(value).context("Consul answers no base64")?;
        Ok(Some(value))
    }

    /// What the policy's `remote` says of it.
    pub(super) fn remote(&self) -> Value {
        match self.access {
            Access::Open => json!({}),
            Access::Secret { .. } => json!({ "token": SECRET }),
        }
    }

    /// A token that may read and write below the prefix.
    async fn ask_for_tokens(&self) -> Result<()> {
        let rules = format!("key_prefix \"{PREFIX}\" {{ policy = \"write\" }}");
        for (path, body) in [
            ("policy", json!({ "Name": "gray", "Rules": rules })),
            (
                "token",
                json!({ "SecretID": SECRET, "Policies": [{ "Name": "gray" }] }),
            ),
        ] {
            let call = ask::call("PUT", &format!("/v1/acl/{path}"), body.to_string());
            ask::good(self.at, call.with("x-consul-token", ROOT)).await?;
        }
        Ok(())
    }
}

fn call(method: &str, key: &str) -> Visit {
    ask::call(method, &format!("/v1/kv/{key}"), "").with("x-consul-token", ROOT)
}

fn arguments(ports: [SocketAddr; 4], access: Access) -> Vec<String> {
    let [at, server, lan, wan] = ports.map(|at| at.port());
    let acl = match access {
        Access::Open => String::new(),
        Access::Secret { .. } => format!(
            "acl {{ enabled = true, default_policy = \"deny\", \
             tokens {{ initial_management = \"{ROOT}\" }} }}"
        ),
    };
    [
        "agent".to_owned(),
        "-dev".to_owned(),
        "-bind=127.0.0.1".to_owned(),
        "-client=127.0.0.1".to_owned(),
        "-dns-port=-1".to_owned(),
        "-grpc-port=-1".to_owned(),
        "-grpc-tls-port=-1".to_owned(),
        format!("-http-port={at}"),
        format!("-server-port={server}"),
        format!("-serf-lan-port={lan}"),
        format!("-serf-wan-port={wan}"),
        "-hcl".to_owned(),
        format!("disable_update_check = true\n{acl}"),
    ]
    .to_vec()
}

fn home() -> Result<PathBuf> {
    Ok(place::repository()?.join(".cache/centres/consul"))
}

fn program(home: &Path) -> PathBuf {
    home.join("consul")
}

/// The program, built where it is missing or was pinned otherwise.
async fn bring() -> Result<PathBuf> {
    let home = home()?;
    let source = place::repository()?.join("tests/harness/go/consul");
    let pins = ["go.mod", "go.sum"].map(|file| fs::read_to_string(source.join(file)));
    let pins = pins.into_iter().collect::<std::io::Result<String>>()?;
    // Written last: where it stands and says the same, the program is there.
    let stamp = home.join("pins");
    let program = program(&home);
    if program.is_file() && fs::read_to_string(&stamp).is_ok_and(|built| built == pins) {
        return Ok(program);
    }
    fs::create_dir_all(&home).with_context(|| format!("{} cannot be made", home.display()))?;
    let _progress = Progress::waiting("Consul: built by Go, the first time for some minutes");
    let partial = home.join("partial");
    let target = partial.to_string_lossy().into_owned();
    let package = "github.com/hashicorp/consul";
    let build = [
        "build",
        "-trimpath",
        "-ldflags",
        "-s -w",
        "-o",
        &target,
        package,
    ];
    go(&source, &build).await?;
    fs::rename(partial, &program)?;
    fs::write(stamp, pins)?;
    Ok(program)
}
