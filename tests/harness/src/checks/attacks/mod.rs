//! What clients try beside forged headers of an ordinary kind: nobody gains a version by it, no
//! request is decided other than its backend sees it, and nothing dies of it.

mod addresses;
mod chosen;
mod forgeries;
mod hop_by_hop;
mod keys;
mod order;
mod shapes;
mod site;

use anyhow::Result;

use crate::lab::Lab;
use crate::report::Row;

const NAME: &str = "attacks";

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut rows = forgeries::check(lab).await?;
    rows.extend(keys::check(lab).await?);
    rows.extend(hop_by_hop::check(lab).await?);
    rows.extend(shapes::check(lab).await?);
    rows.extend(addresses::check(lab).await?);
    rows.extend(chosen::check(lab).await?);
    rows.extend(order::check(lab).await?);
    Ok(rows)
}
