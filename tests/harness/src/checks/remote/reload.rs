//! The plugin's own configuration changes, and its VM with it: what came from the centre stays.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::NAME;
use super::document::followed;
use super::site::{Ground, PATIENCE, Site, everybody};
use super::traffic::{SETTLED, Traffic};
use crate::Progress;
use crate::centre::{Access, Fault, Kind};
use crate::lab::Lab;
use crate::report::Row;

/// How often the configuration changes, at another moment between two polls each time.
const PUSHES: u32 = 6;
const STEP: Duration = Duration::from_millis(170);

pub(super) async fn rows(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let ground = Ground::start(lab, kind, Access::Open).await?;
    let policy = everybody("v1");
    ground.publish(&policy).await?;
    let own = ground.own(&json!({}));
    let mut site = ground.open(lab, &json!({})).await?;
    site.in_force(&policy, 0).await?;
    tokio::time::sleep(SETTLED).await;
    let _progress = Progress::waiting(&format!("{NAME}: {}, and pushes", kind.name()));
    let mut traffic = Traffic::start(site.envoy.address(), &policy)?;
    for number in 0..PUSHES {
        let next = everybody(["v2", "v1"][number as usize % 2]);
        let logged = site.envoy.log().end();
        let both = async {
            tokio::time::sleep(STEP * number).await;
            push(&site, &own, number, false)?;
            site.put(&next).await
        };
        traffic
            .change(&next, both, site.in_force(&next, logged))
            .await?;
    }
    let case = format!("{}: pushes and changes together", kind.name());
    let seen = traffic.stop().await?;
    let mut rows = seen.rows(&case).to_vec();
    let all = seen.effects().iter().flatten().count();
    rows.push(followed(&case, PUSHES as usize, all));

    // Without the centre, a new VM has what the old one heard.
    let policy = everybody("v2");
    site.publish(&policy).await?;
    site.door.set(Some(Fault::Down)).await?;
    tokio::time::sleep(SETTLED).await;
    let traffic = Traffic::start(site.envoy.address(), &policy)?;
    let logged = site.envoy.log().end();
    push(&site, &own, PUSHES, true)?;
    let log = site.envoy.log();
    log.wait("policy in force", logged, PATIENCE).await?;
    tokio::time::sleep(SETTLED).await;
    let case = format!("{}: another VM while the centre is down", kind.name());
    rows.extend(traffic.stop().await?.rows(&case));
    Ok(rows)
}

/// Pushes the plugin's configuration, changed in what decides nothing; with `vm` into another VM.
fn push(site: &Site, own: &Value, number: u32, vm: bool) -> Result<()> {
    let mut own = own.clone();
    own["remote"]["every"] = format!("{}ms", 1_000 + number).into();
    let file = site.envoy.policy_file()?;
    if !vm {
        return file.replace(&own);
    }
    let text = std::fs::read_to_string(file.path())?;
    let mut tree: Value = serde_json::from_str(&text)?;
    let config = tree.pointer_mut("/resources/0/typed_config/config/vm_config");
    config.context("a wasm filter has a vm_config")?["configuration"] = json!({
        "@type": "type.googleapis.com/google.protobuf.StringValue",
        "value": "another VM",
    });
    file.replace_text(&tree.to_string())
}
