//! Three services that call each other, each pod behind a sidecar: a user is on the same release
//! all the way, as the core says for each hop.

mod baggage;
mod chain;
mod inside;
mod lanes;
mod path;
mod policies;
mod site;

use anyhow::Result;

use crate::lab::Lab;
use crate::report::Row;
use site::Site;

const NAME: &str = "mesh";

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let policy = policies::two_canaries(30.0);
    let site = Site::start(lab, &policy).await?;
    let entrance = site.entrance(lab, &policy).await?;
    let mut rows = chain::check(lab, &site, &entrance).await?;
    rows.push(inside::unknown_tags(&site).await?);
    rows.extend(inside::of_an_application(&site).await?);
    rows.extend(inside::decided_by_lot(&site, &entrance).await?);
    rows.push(inside::decided_otherwise(lab, &site).await?);
    drop((site, entrance));
    rows.extend(lanes::check(lab).await?);
    rows.extend(baggage::check(lab).await?);
    Ok(rows)
}
