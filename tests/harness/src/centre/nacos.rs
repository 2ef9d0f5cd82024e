//! Nacos, a real one, of the jars that `tests/harness/java/nacos` pins. Of later releases no server
//! is published; 0.8.0 has the configuration API that they have as well, and asks for no password.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::ask;
use crate::client::Visit;
use crate::envoy::quote;
use crate::server::{Server, free_port};
use crate::{Progress, place};

/// The group that a policy means which names none.
const GROUP: &str = "DEFAULT_GROUP";
const CONFIGS: &str = "/nacos/v1/cs/configs";

/// A running server, with its database in its folder.
#[derive(Debug)]
pub(super) struct Nacos {
    server: Server,
    at: SocketAddr,
}

/// What is needed to have one.
pub(super) fn missing() -> Option<&'static str> {
    if place::on_path("java").is_none() {
        return Some("Java (on Debian and Ubuntu: apt-get install default-jre-headless)");
    }
    let there = home().is_ok_and(|home| home.join("pins").is_file());
    (!there && place::on_path("mvn").is_none())
        .then_some("Maven, which brings its jars (on Debian and Ubuntu: apt-get install maven)")
}

impl Nacos {
    pub(super) async fn start() -> Result<Self> {
        let jars = bring().await?;
        let java = place::on_path("java").context("there is no java")?;
        let at = free_port()?;
        let server = Server::new(java, |folder| arguments(folder, &jars, at))?;
        let mut nacos = Self { server, at };
        nacos.restart().await?;
        Ok(nacos)
    }

    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }

    pub(super) fn kill(&mut self) {
        self.server.kill();
    }

    pub(super) async fn restart(&mut self) -> Result<()> {
        let at = self.at;
        let answers = async || {
            let reply = ask::send(at, call("GET", "anything")).await?;
            anyhow::ensure!(reply.status == 404, "Nacos answers {}", reply.status);
            Ok(())
        };
        self.server.start(answers).await
    }

    pub(super) async fn publish(&self, id: &str, document: &[u8]) -> Result<()> {
        let content = quote(std::str::from_utf8(document).context("Nacos keeps text")?);
        let form = format!("dataId={}&group={GROUP}&content={content}", quote(id));
        let post = ask::call("POST", CONFIGS, form).with(
            "content-type",
            "application/x-www-form-urlencoded; charset=UTF-8",
        );
        self.done(post).await
    }

    pub(super) async fn delete(&self, id: &str) -> Result<()> {
        self.done(call("DELETE", id)).await
    }

    pub(super) async fn read(&self, id: &str) -> Result<Option<Vec<u8>>> {
        let reply = ask::send(self.at, call("GET", id)).await?;
        match reply.status {
            200 => Ok(Some(reply.body.to_vec())),
            404 => Ok(None),
            status => bail!("Nacos answers {status}"),
        }
    }

    async fn done(&self, visit: Visit) -> Result<()> {
        let answer = ask::good(self.at, visit).await?;
        anyhow::ensure!(answer == b"true", "Nacos answers that it did nothing");
        Ok(())
    }
}

fn call(method: &str, id: &str) -> Visit {
    let path = format!("{CONFIGS}?dataId={}&group={GROUP}", quote(id));
    ask::call(method, &path, "")
}

fn arguments(folder: &Path, jars: &Path, at: SocketAddr) -> Vec<String> {
    let (ip, port) = (at.ip(), at.port());
    [
        "--add-opens".to_owned(),
        "java.base/java.lang=ALL-UNNAMED".to_owned(),
        "-Xmx256m".to_owned(),
        format!("-Duser.home={}", folder.display()),
        // Its database would log into whatever folder the harness runs in.
        format!("-Dderby.stream.error.file={}/derby.log", folder.display()),
        "-Dnacos.standalone=true".to_owned(),
        // Without its own address it does not find what was published to it.
        format!("-Dnacos.server.ip={ip}"),
        format!("-Dnacos.server.port={port}"),
        format!("-Dserver.address={ip}"),
        format!("-Dserver.port={port}"),
        "-Dserver.servlet.context-path=/nacos".to_owned(),
        "-cp".to_owned(),
        format!("{}/*", jars.display()),
        "com.alibaba.nacos.config.server.Config".to_owned(),
    ]
    .to_vec()
}

fn home() -> Result<PathBuf> {
    Ok(place::repository()?.join(".cache/centres/nacos"))
}

/// The folder of its jars, brought where they are missing or were pinned otherwise.
async fn bring() -> Result<PathBuf> {
    let home = home()?;
    let source = place::repository()?.join("tests/harness/java/nacos");
    let read = |file: &str| fs::read_to_string(source.join(file));
    let (pom, sums) = (read("pom.xml")?, read("SHA256SUMS")?);
    let pins = format!("{pom}{sums}");
    // Written last: where it stands and says the same, the jars are there.
    let stamp = home.join("pins");
    let jars = home.join("lib");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == pins) {
        return Ok(jars);
    }
    if home.is_dir() {
        fs::remove_dir_all(&home)?;
    }
    fs::create_dir_all(&home).with_context(|| format!("{} cannot be made", home.display()))?;
    let _progress = Progress::waiting("Nacos: Maven brings its jars (32 MB)");
    let output = Command::new("mvn")
        .args(["--quiet", "--batch-mode", "--strict-checksums", "--file"])
        .arg(source.join("pom.xml"))
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", jars.display()))
        .kill_on_drop(true)
        .output()
        .await
        .context("mvn could not be started; Nacos is brought by Maven")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        bail!("Maven could not bring Nacos: {}", said.trim());
    }
    verify(&jars, &sums)?;
    fs::write(stamp, pins)?;
    Ok(jars)
}

/// Holds the jars against their sums: exactly those that are listed.
fn verify(jars: &Path, sums: &str) -> Result<()> {
    let mut listed = 0;
    for line in sums.lines() {
        let (sum, name) = line
            .split_once("  ")
            .context("SHA256SUMS has an odd line")?;
        let bytes =
            fs::read(jars.join(name)).with_context(|| format!("Maven brought no {name}"))?;
        let own = Sha256::digest(&bytes)
            .iter()
            .fold(String::new(), |mut own, byte| {
                // Writing to a string cannot fail.
                let _ = write!(own, "{byte:02x}");
                own
            });
        if own != sum {
            bail!("{name} is not what SHA256SUMS says; remove it from Maven's repository");
        }
        listed += 1;
    }
    let there = fs::read_dir(jars)?.count();
    anyhow::ensure!(
        there == listed,
        "{there} jars, but SHA256SUMS lists {listed}"
    );
    Ok(())
}
