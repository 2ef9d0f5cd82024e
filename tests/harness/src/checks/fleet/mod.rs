//! Three proxies that tell each other by a centre what their guards have seen: they close a version
//! together, and one that is cut off goes on by itself.

mod any;
mod majority;
mod site;

use anyhow::Result;

use crate::centre::Kind;
use crate::lab::Lab;
use crate::report::Row;

const NAME: &str = "fleet";

/// With etcd; nothing where there is none, which is told.
pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    if let Some(missing) = Kind::Etcd.missing() {
        eprintln!("left out: the check {NAME}, which needs {missing}");
        return Ok(Vec::new());
    }
    rows(lab, Kind::Etcd).await
}

/// With a kind of centre that proxies can tell each other by.
pub(super) async fn rows(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let mut rows = any::rows(lab, kind).await?;
    rows.extend(majority::rows(lab, kind).await?);
    Ok(rows)
}
