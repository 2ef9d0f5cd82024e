//! etcd, a real one: of `ETCD_BIN`, or on `PATH`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use super::kind::Access;
use super::{PREFIX, SECRET, ask};
use crate::client::Visit;
use crate::place;
use crate::server::{Server, free_port};

/// The user whom the policy names.
const USER: &str = "gray";
/// The one who may do everything.
const ROOT: &str = "root";

/// A running etcd.
#[derive(Debug)]
pub(super) struct Etcd {
    server: Server,
    at: SocketAddr,
    access: Access,
}

/// The program; `None` if there is none.
pub(super) fn program() -> Option<PathBuf> {
    let named = std::env::var_os("ETCD_BIN").map(PathBuf::from);
    named.or_else(|| place::on_path("etcd"))
}

impl Etcd {
    pub(super) async fn start(access: Access) -> Result<Self> {
        let program = program().context(
            "there is no etcd: install it (on Debian and Ubuntu `apt-get install etcd-server`), \
             or name it by ETCD_BIN",
        )?;
        let (at, peers) = (free_port()?, free_port()?);
        let server = Server::new(program, |folder| arguments(folder, at, peers, access))?;
        let mut etcd = Self { server, at, access };
        etcd.restart().await?;
        if let Access::Secret { .. } = access {
            etcd.ask_for_passwords().await?;
        }
        Ok(etcd)
    }

    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }

    pub(super) fn kill(&mut self) {
        self.server.kill();
    }

    pub(super) async fn restart(&mut self) -> Result<()> {
        let at = self.at;
        let healthy = async || {
            let health = ask::json(at, ask::call("GET", "/health", "")).await?;
            anyhow::ensure!(health["health"] == "true", "etcd is not healthy: {health}");
            Ok(())
        };
        self.server.start(healthy).await
    }

    pub(super) async fn publish(&self, key: &str, document: &[u8]) -> Result<()> {
        let put = json!({ "key": base64(key.as_bytes()), "value": base64(document) });
        self.post("/v3/kv/put", &put).await.map(drop)
    }

    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        let delete = json!({ "key": base64(key.as_bytes()) });
        self.post("/v3/kv/deleterange", &delete).await.map(drop)
    }

    pub(super) async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let range = json!({ "key": base64(key.as_bytes()) });
        let answer = self.post("/v3/kv/range", &range).await?;
        let value = answer["kvs"][0]["value"].as_str();
        let value = value.map(Base64::decode_vec).transpose();
        value.context("etcd answers no base64")
    }

    /// What the policy's `remote` says of it.
    pub(super) fn remote(&self) -> Value {
        match self.access {
            Access::Open => json!({}),
            Access::Secret { .. } => json!({ "user": USER, "password": SECRET }),
        }
    }

    /// A user who may read and write below the prefix, and one who may do everything.
    async fn ask_for_passwords(&self) -> Result<()> {
        let prefix = json!({
            "permType": "READWRITE",
            "key": base64(PREFIX.as_bytes()),
            "range_end": base64(&after(PREFIX)),
        });
        for (path, body) in [
            ("user/add", json!({ "name": ROOT, "password": SECRET })),
            ("role/add", json!({ "name": ROOT })),
            ("user/grant", json!({ "user": ROOT, "role": ROOT })),
            ("user/add", json!({ "name": USER, "password": SECRET })),
            ("role/add", json!({ "name": USER })),
            ("role/grant", json!({ "name": USER, "perm": prefix })),
            ("user/grant", json!({ "user": USER, "role": USER })),
            ("enable", json!({})),
        ] {
            let call = ask::call("POST", &format!("/v3/auth/{path}"), body.to_string());
            ask::json(self.at, call).await?;
        }
        Ok(())
    }

    /// Asks as root; its token may have died since the request before.
    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let call = ask::call("POST", path, body.to_string());
        let call = match self.access {
            Access::Open => call,
            Access::Secret { .. } => call.with("authorization", self.token().await?),
        };
        ask::json(self.at, call).await
    }

    async fn token(&self) -> Result<String> {
        let login = json!({ "name": ROOT, "password": SECRET }).to_string();
        let login: Visit = ask::call("POST", "/v3/auth/authenticate", login);
        let answer = ask::json(self.at, login).await?;
        let token = answer["token"].as_str().context("etcd gives no token")?;
        Ok(token.to_owned())
    }
}

fn arguments(folder: &Path, at: SocketAddr, peers: SocketAddr, access: Access) -> Vec<String> {
    let tokens = match access {
        Access::Open => Duration::from_mins(5),
        Access::Secret { tokens } => tokens,
    };
    let flags = [
        ("data-dir", folder.join("data").display().to_string()),
        ("listen-client-urls", format!("http://{at}")),
        ("advertise-client-urls", format!("http://{at}")),
        ("listen-peer-urls", format!("http://{peers}")),
        ("initial-advertise-peer-urls", format!("http://{peers}")),
        ("initial-cluster", format!("default=http://{peers}")),
        // A folder of a test may be lost; waiting for the disk costs each write.
        ("unsafe-no-fsync", "true".to_owned()),
        ("bcrypt-cost", "4".to_owned()),
        ("auth-token-ttl", tokens.as_secs().max(1).to_string()),
        ("logger", "zap".to_owned()),
    ];
    let flag = |(name, value): (&str, String)| format!("--{name}={value}");
    flags.map(flag).to_vec()
}

fn base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The first key after all that begin with `prefix`.
fn after(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}
