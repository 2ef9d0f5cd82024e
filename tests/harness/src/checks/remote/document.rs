//! A document that is no policy, and one that is deleted.

use anyhow::{Context, Result, bail};
use graylane::{Node, Policy, Rules};
use serde_json::{Value, json};

use super::NAME;
use super::site::{PATIENCE, Site, everybody, share};
use super::traffic::{SETTLED, Traffic};
use crate::Progress;
use crate::centre::{Access, Kind};
use crate::lab::Lab;
use crate::report::Row;

const REFUSED: &str = "graylane_remote_refused_total";
const GONE: &str = "there is no such document";

pub(super) async fn rows(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let mut rows = refused(lab, kind).await?;
    rows.extend(deleted(lab, kind, "keep").await?);
    rows.extend(deleted(lab, kind, "baseline").await?);
    Ok(rows)
}

/// Documents that are no policy, one after the other: the one before stays, and the log says why.
async fn refused(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let good = share(40.0);
    let site = Site::start(lab, kind, Access::Open, &good, &json!({})).await?;
    let _progress = Progress::waiting(&format!("{NAME}: {} has no policy", kind.name()));
    let mut traffic = Traffic::start(site.envoy.address(), &good)?;
    let mut rows = Vec::new();
    for (number, (mistake, text)) in mistakes(&good).into_iter().enumerate() {
        let sentence = sentence(&text)?;
        let logged = site.envoy.log().end();
        site.centre.publish(&site.policy, text.as_bytes()).await?;
        let log = site.envoy.log();
        let line = log.wait("policy refused: ", logged, PATIENCE).await;
        let said = line.is_ok_and(|line| line.contains(&sentence));
        rows.push(Row::judged(
            NAME,
            format!("{}: {mistake}: the log", kind.name()),
            sentence,
            if said { "says so" } else { "does not" },
            "exact",
            said,
        ));
        let wanted = number as u64 + 1;
        let count = site
            .counted("policy", REFUSED, |count| count >= wanted)
            .await?;
        let rule = format!("{}: {mistake}: counted", kind.name());
        rows.push(Row::exact(NAME, rule, wanted, count));
        tokio::time::sleep(SETTLED).await;
    }
    // The next good one is taken as if nothing had been.
    let next = everybody("v2");
    let logged = site.envoy.log().end();
    traffic
        .change(&next, site.put(&next), site.in_force(&next, logged))
        .await?;
    let seen = traffic.stop().await?;
    let case = format!("{}: no policy, then one", kind.name());
    rows.extend(seen.rows(&case));
    rows.push(followed(&case, 1, seen.effects().iter().flatten().count()));
    Ok(rows)
}

/// Documents with one mistake each.
fn mistakes(good: &Value) -> [(&'static str, String); 4] {
    let mut share = good.clone();
    share["services"][0]["rules"][0]["split"]["to"][0]["percent"] = json!(120);
    let mut nested = good.clone();
    nested["remote"] = json!({ "cluster": "elsewhere", "http": {}, "policy": "/p" });
    [
        (
            "half a document",
            "{\"schema\": \"graylane/v1\",".to_owned(),
        ),
        ("a share above 100 %", share.to_string()),
        ("a centre of its own", nested.to_string()),
        (
            "a web page",
            "<!doctype html><title>Log in</title>".to_owned(),
        ),
    ]
}

/// Why the core refuses it.
fn sentence(text: &str) -> Result<String> {
    let compiled = Policy::parse_remote(text.as_bytes())
        .and_then(|policy| Rules::compile(policy, &Node::default()));
    match compiled {
        Ok(_) => bail!("the core accepts {text}"),
        Err(error) => Ok(error.to_string()),
    }
}

/// The policy's document goes, and comes back.
async fn deleted(lab: &Lab, kind: Kind, on_delete: &str) -> Result<Vec<Row>> {
    let policy = everybody("v2");
    let fields = json!({ "on_delete": on_delete });
    let site = Site::start(lab, kind, Access::Open, &policy, &fields).await?;
    let _progress = Progress::waiting(&format!("{NAME}: {} loses its policy", kind.name()));
    let mut traffic = Traffic::start(site.envoy.address(), &policy)?;
    let left = match on_delete {
        "baseline" => everybody("v1"),
        _ => policy.clone(),
    };
    let log = site.envoy.log();
    let logged = log.end();
    let gone = async { log.wait(GONE, logged, PATIENCE).await.map(drop) };
    traffic
        .change(&left, site.centre.delete(&site.policy), gone)
        .await
        .context("deleting")?;
    let logged = log.end();
    let back = site.in_force(&policy, logged);
    traffic.change(&policy, site.put(&policy), back).await?;
    let seen = traffic.stop().await?;
    let case = format!("{}: deleted and back, {on_delete}", kind.name());
    let mut rows = seen.rows(&case).to_vec();
    if on_delete == "baseline" {
        rows.push(followed(&case, 2, seen.effects().iter().flatten().count()));
    }
    Ok(rows)
}

/// How many changes every worker followed.
pub(super) fn followed(case: &str, wanted: usize, followed: usize) -> Row {
    let rule = format!("{case}: changes that every worker follows");
    Row::exact(NAME, rule, wanted, followed)
}
