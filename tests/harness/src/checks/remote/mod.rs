//! A policy that comes from a config centre while Envoy runs: changes, mistakes, switches, secrets,
//! and what becomes of it all while the centre fails.

mod changes;
mod document;
mod faults;
mod poller;
mod reload;
mod secret;
mod site;
mod switches;
mod times;
mod traffic;
mod unreachable;

pub use times::measure;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::future::join_all;

use super::fleet;
use crate::centre::{Access, Kind};
use crate::lab::Lab;
use crate::report::{Report, Row, rows_of};

const NAME: &str = "remote";
/// Tokens that die when nobody uses them between two requests.
const SECRET: Access = Access::Secret {
    tokens: Duration::from_secs(1),
};

/// With etcd alone; nothing where there is none, which is told.
pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    if let Some(missing) = Kind::Etcd.missing() {
        eprintln!("left out: the check {NAME}, which needs {missing}");
        return Ok(Vec::new());
    }
    let mut rows = changes::rows(lab, Kind::Etcd).await?;
    rows.extend(document::rows(lab, Kind::Etcd).await?);
    rows.extend(switches::rows(lab, Kind::Etcd).await?);
    rows.extend(reload::rows(lab, Kind::Etcd).await?);
    rows.extend(unreachable::rows(lab).await?);
    rows.extend(poller::rows(lab, Kind::Etcd).await?);
    rows.extend(secret::rows(lab, Kind::Etcd).await?);
    Ok(rows)
}

/// With these kinds of centres at once, each of them failing in every way: it mostly waits.
///
/// # Errors
/// If a kind is not to be had, or the report cannot be written.
pub async fn centres(lab: &Lab, only: &[Kind]) -> Result<Report> {
    for kind in only {
        if let Some(missing) = kind.missing() {
            bail!("there is no {}: it needs {missing}", kind.name());
        }
    }
    let lab = lab.beside().context(
        "config centres of this machine are not for Envoy in a container: set ENVOY_RUN=local",
    )?;
    let all = join_all(only.iter().map(|&kind| of_kind(&lab, kind))).await;
    let mut report = Report::default();
    for (kind, rows) in only.iter().zip(all) {
        report.rows.extend(rows_of(kind.name(), rows));
    }
    report.write()?;
    Ok(report)
}

async fn of_kind(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let mut rows = changes::rows(lab, kind).await?;
    rows.extend(document::rows(lab, kind).await?);
    rows.extend(switches::rows(lab, kind).await?);
    rows.extend(reload::rows(lab, kind).await?);
    rows.extend(poller::rows(lab, kind).await?);
    rows.extend(secret::rows(lab, kind).await?);
    rows.extend(faults::rows(lab, kind).await?);
    if matches!(kind, Kind::Etcd | Kind::Consul) {
        rows.extend(fleet::rows(lab, kind).await?);
    }
    Ok(rows)
}
