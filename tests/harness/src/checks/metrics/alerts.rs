//! Alerts: quiet while all is well, and each for its own trouble.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use serde_json::json;

use super::site::{JOB, Site, TAMPERED};
use super::{NAME, PATIENCE, settled};
use crate::Progress;
use crate::checks::people::with_user;
use crate::client::{Pace, Visit, drive};
use crate::lab::TRAP;
use crate::report::Row;
use crate::telemetry::Sample;

/// Visits that close a version, and that reach every worker.
const VISITS: usize = 40;

/// As the proxies are called in rows, whatever their ports are.
const SOUND: &str = "the sound one";
const DYING: &str = "the dying one";

pub(super) async fn rows(site: &Site) -> Result<Vec<Row>> {
    // What the counts have brought about.
    let mut wanted = BTreeSet::from([format!("GraylaneSplitOff of {TAMPERED}: checkout/v2")]);
    for job in [JOB, TAMPERED] {
        wanted.insert(format!("GraylaneVersionFails of {job}: checkout/v2"));
    }
    let read = async || alerts(site).await;
    let seen = settled(read, |seen| *seen == wanted).await?;
    let mut rows = compared("at first", &wanted, &seen);

    trouble(site).await?;
    wanted.extend([
        format!("GraylaneVersionClosed of {JOB}: pay/v4"),
        format!("GraylaneVersionClosed of {TAMPERED}: pay/v4"),
        format!("GraylaneModuleDead of {JOB}: {DYING}"),
        // The one that is dying does not follow the centre.
        format!("GraylanePoliciesDiffer of {JOB}"),
    ]);
    for alert in ["GraylanePolicyRefused", "GraylaneNotifyGivenUp"] {
        wanted.insert(format!("{alert} of {JOB}: {SOUND}"));
        wanted.insert(format!("{alert} of {TAMPERED}: {SOUND}"));
    }
    let seen = settled(read, |seen| *seen == wanted).await?;
    rows.extend(compared("then", &wanted, &seen));
    Ok(rows)
}

/// A policy that is another, one that is refused, switches that are, a version that fails all, and a
/// module that dies.
async fn trouble(site: &Site) -> Result<()> {
    let logged = site.envoy.log().end();
    let mut other = site.policy.clone();
    other["services"][0]["rules"][1]["split"]["to"][1]["percent"] = json!(4);
    let text = other.to_string();
    site.centre.publish(&site.document, text.as_bytes()).await?;
    let log = site.envoy.log();
    log.wait("policy in force", logged, PATIENCE).await?;
    // The filter's own configuration, which the centre's policy holds over.
    other["services"][0]["baseline"] = json!("v9");
    site.envoy.policy_file()?.replace(&other)?;
    let refused = json!({ "checkout/v2": "open" }).to_string();
    site.centre
        .publish(&site.switches, refused.as_bytes())
        .await?;
    for (envoy, host) in [
        (&site.envoy, "pay.example.com"),
        (&site.dying, "checkout.example.com"),
    ] {
        let visit = |number| {
            let visit = with_user(Visit::of(format!("user-{number}"))).at(host);
            // To one of the two that means something.
            visit.with(TRAP, "request")
        };
        let visits: Arc<[Visit]> = (0..VISITS).map(visit).collect();
        let progress = Progress::of(&format!("{NAME}: trouble at {host}"), VISITS);
        drive(envoy.address(), &visits, Pace::default(), progress).await?;
    }
    Ok(())
}

/// The alerts that fire, each with its job and what it is about.
async fn alerts(site: &Site) -> Result<BTreeSet<String>> {
    let firing = site
        .prometheus
        .query(r#"ALERTS{alertstate="firing"}"#)
        .await?;
    let dying = site.dying.admin().address().to_string();
    let name = |sample: &Sample| {
        let [alert, job, instance] =
            ["alertname", "job", "instance"].map(|label| sample.label(label));
        let version = [sample.label("gray_service"), sample.label("gray_version")];
        let about = match (instance, version) {
            ("", ["", ""]) => String::new(),
            ("", version) => format!(": {}", version.join("/")),
            _ if instance == dying => format!(": {DYING}"),
            _ => format!(": {SOUND}"),
        };
        format!("{alert} of {job}{about}")
    };
    Ok(firing.iter().map(name).collect())
}

fn compared(when: &str, wanted: &BTreeSet<String>, seen: &BTreeSet<String>) -> Vec<Row> {
    let row = |alert: &String| {
        let [wanted, seen] = [wanted, seen].map(|all| all.contains(alert));
        Row::exact(NAME, format!("{when}: {alert}"), wanted, seen)
    };
    wanted.union(seen).map(row).collect()
}
