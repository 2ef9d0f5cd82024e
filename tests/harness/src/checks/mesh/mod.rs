//! Three services that call each other, each pod behind a sidecar: a user is on the same versions
//! all the way, as the core says for each hop.

mod chain;
mod inside;
mod path;
mod policies;

use anyhow::Result;

use crate::lab::Lab;
use crate::mesh::Mesh;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "mesh";

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let policy = policies::policy("mesh", 30.0);
    let mesh = Mesh::start(lab, &policy).await?;
    let inside = Native::compile(&policy)?;
    let mut rows = chain::check(lab, &mesh, &inside).await?;
    rows.push(inside::unknown_tags(&mesh).await?);
    rows.extend(inside::decided_once(lab, &mesh, &inside).await?);
    Ok(rows)
}
