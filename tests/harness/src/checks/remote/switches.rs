//! Switches over a policy: a version is closed, and gets another share, without the policy.

use anyhow::Result;
use serde_json::{Value, json};

use super::NAME;
use super::document::followed;
use super::site::{PATIENCE, Site, everybody, share};
use super::traffic::Traffic;
use crate::Progress;
use crate::centre::{Access, Kind};
use crate::lab::Lab;
use crate::report::Row;

const IN_FORCE: &str = "policy in force";

pub(super) async fn rows(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let policy = share(50.0);
    let site = Site::start(lab, kind, Access::Open, &policy, &json!({})).await?;
    let _progress = Progress::waiting(&format!("{NAME}: {} has switches", kind.name()));
    let mut traffic = Traffic::start(site.envoy.address(), &policy)?;
    let steps = [
        (json!({ "checkout/v2": "closed" }), everybody("v1")),
        (json!({ "checkout/v2": 5 }), share(5.0)),
        (json!({}), policy.clone()),
        (json!({ "checkout/v2": 80.5 }), share(80.5)),
    ];
    for (switches, means) in &steps {
        let logged = site.envoy.log().end();
        let put = put(&site, switches);
        traffic
            .change(means, put, said(&site, IN_FORCE, logged))
            .await?;
    }
    let logged = site.envoy.log().end();
    let delete = site.centre.delete(&site.switches);
    traffic
        .change(&policy, delete, said(&site, IN_FORCE, logged))
        .await?;

    let mut rows = Vec::new();
    // What the policy does not have is told, and what is no switch refused: neither changes anything.
    for (case, switches, sentence) in [
        (
            "a version that is not there",
            json!({ "checkout/v9": "closed" }),
            "v9",
        ),
        (
            "what is no switch",
            json!({ "checkout/v2": "open" }),
            "switches refused",
        ),
    ] {
        let logged = site.envoy.log().end();
        put(&site, &switches).await?;
        let told = site.envoy.log().wait(sentence, logged, PATIENCE).await;
        let rule = format!("{}: switches, {case}: a sentence in the log", kind.name());
        rows.push(Row::exact(NAME, rule, true, told.is_ok()));
    }
    let refused = site
        .counted("switches", "graylane_remote_refused_total", |count| {
            count > 0
        })
        .await?;
    let rule = format!("{}: switches that were refused: counted", kind.name());
    rows.push(Row::exact(NAME, rule, 1, refused));
    let seen = traffic.stop().await?;
    let case = format!("{}: switches", kind.name());
    rows.extend(seen.rows(&case));
    let effects = seen.effects();
    rows.push(followed(
        &case,
        steps.len() + 1,
        effects.iter().flatten().count(),
    ));
    Ok(rows)
}

async fn put(site: &Site, switches: &Value) -> Result<()> {
    let text = switches.to_string();
    site.centre.publish(&site.switches, text.as_bytes()).await
}

async fn said(site: &Site, sentence: &str, logged: u64) -> Result<()> {
    let log = site.envoy.log();
    log.wait(sentence, logged, PATIENCE).await.map(drop)
}
