//! A centre that is not there when Envoy starts, and one that goes.

use anyhow::Result;
use serde_json::json;

use super::NAME;
use super::document::followed;
use super::site::{Ground, OWN, everybody};
use super::traffic::Traffic;
use crate::Progress;
use crate::centre::{Access, Fault, Kind};
use crate::lab::Lab;
use crate::report::Row;

const FAILURES: &str = "graylane_remote_failures_total";
const AGE: &str = "graylane_remote_age_seconds";
/// Seconds after which a centre is taken for gone here.
const OLD: u64 = 4;

pub(super) async fn rows(lab: &Lab) -> Result<Vec<Row>> {
    let mut ground = Ground::start(lab, Kind::Etcd, Access::Open).await?;
    ground.door.set(Some(Fault::Down)).await?;
    let policy = everybody("v2");
    ground.publish(&policy).await?;
    let mut site = ground.open(lab, &json!({})).await?;
    let _progress = Progress::waiting(&format!("{NAME}: the centre is not there"));
    // The plugin's own.
    let mut traffic = Traffic::start(site.envoy.address(), &everybody(OWN))?;
    let failures = site.counted("policy", FAILURES, |count| count > 1).await?;
    let logged = site.envoy.log().end();
    let back = async { site.door.set(None).await };
    traffic.change(&policy, back, async { Ok(()) }).await?;
    site.in_force(&policy, logged).await?;
    site.counted("policy", AGE, |age| age < OLD).await?;
    site.door.set(Some(Fault::Down)).await?;
    let age = site.counted("policy", AGE, |age| age >= OLD).await?;
    let seen = traffic.stop().await?;
    let case = "etcd: down at the start, up, down";
    let mut rows = seen.rows(case).to_vec();
    rows.push(followed(case, 1, seen.effects().iter().flatten().count()));
    rows.push(Row::judged(
        NAME,
        format!("{case}: failures counted, and the age in the end"),
        format!("more than 1, and {OLD} s"),
        format!("{failures}, and {age} s"),
        "at least",
        failures > 1 && age >= OLD,
    ));
    Ok(rows)
}
