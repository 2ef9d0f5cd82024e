//! `docs/remote.md`: a token that Envoy adds on the way to the centre, and the filter does not know.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::PATIENCE;
use super::page::blocks;
use super::site::example;
use crate::centre::{Access, Door, Kind, SECRET};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::place;
use crate::report::Row;

pub(super) const NAME: &str = "token";

/// Where the page has its files.
const FOLDER: &str = "/etc/envoy/";
const KEY: &str = "graylane/checkout";

pub(super) async fn rows(lab: &Lab, page: &str) -> Result<Vec<Row>> {
    // Files of this machine are not a container's.
    let elsewhere = lab.beside().is_none().then_some("Envoy on this machine");
    if let Some(missing) = elsewhere.or(Kind::Consul.missing()) {
        eprintln!("left out: a token that Envoy adds, which needs {missing}");
        return Ok(Vec::new());
    }
    let blocks = blocks(page, "## Secrets")?;
    let texts: Vec<_> = blocks.iter().map(|block| block.text).collect();
    let [cluster, secret, remote] = texts[..] else {
        bail!("the page has {} blocks there, not 3", texts.len());
    };
    let folder = place::scratch()?;
    let here = format!("{}/", folder.path().display());
    fs::write(
        folder.path().join("consul-token.yaml"),
        secret.replace(FOLDER, &here),
    )?;
    fs::write(folder.path().join("consul-token"), SECRET)?;

    let tokens = Duration::from_secs(1);
    let centre = Kind::Consul.start(Access::Secret { tokens }).await?;
    let document = example("policy.json")?;
    centre.publish(KEY, document.as_bytes()).await?;
    let door = Door::open(lab.client_ip().await?, centre.at()).await?;
    let clusters: Value = yaml_serde::from_str(&cluster.replace(FOLDER, &here))?;
    let cluster = clusters["clusters"][0].clone();
    let name = cluster["name"]
        .as_str()
        .context("the cluster has no name")?;
    let mut own = super::site::tree("policy.yaml")?;
    let remote: Value = yaml_serde::from_str(remote)?;
    own["remote"] = remote["remote"].clone();
    let setup = Setup::of("dynamic")
        .policy(&own)
        .leading_to(name, door.at())
        .beside(cluster.clone());
    let backends = lab.backends(&["v1", "v2"]).await?;
    let envoy = lab.envoy(&setup, &backends).await?;
    let revision = graylane::revision(document.as_bytes());
    let sentence = format!("policy in force: revision {revision:08x}, from consul {KEY}");
    let in_force = envoy.log().wait(&sentence, 0, PATIENCE).await.is_ok();
    let dump = envoy.admin().get("/config_dump").await?;
    Ok(vec![
        Row::exact(
            NAME,
            "added by Envoy: the policy is in force",
            true,
            in_force,
        ),
        Row::exact(
            NAME,
            "added by Envoy: it is in Envoy's config_dump",
            false,
            dump.contains(SECRET),
        ),
    ])
}
