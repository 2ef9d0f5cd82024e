//! Change after change under load: each takes effect, and nobody notices but by the version.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::NAME;
use super::site::{Site, everybody, share};
use super::traffic::{Seen, Traffic};
use crate::Progress;
use crate::centre::{Access, Kind};
use crate::lab::Lab;
use crate::report::Row;

/// How often the policy changes.
const CHANGES: usize = 20;

pub(super) async fn rows(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let seen = through(lab, kind).await?;
    let case = format!("{}: {CHANGES} changes", kind.name());
    let mut rows = seen.rows(&case).to_vec();
    let effects: Vec<_> = seen.effects().into_iter().flatten().collect();
    let [median, worst] = spread(effects.clone());
    rows.push(Row::judged(
        NAME,
        format!("{case}: every worker follows"),
        CHANGES,
        format!(
            "{}; after {} ms, at worst {} ms",
            effects.len(),
            median.as_millis(),
            worst.as_millis()
        ),
        "exact; the times are told, not judged",
        effects.len() == CHANGES,
    ));
    Ok(rows)
}

/// Load through all of the changes.
pub(super) async fn through(lab: &Lab, kind: Kind) -> Result<Seen> {
    let mut policies = steps();
    let site = Site::start(lab, kind, Access::Open, &policies.remove(0), &json!({})).await?;
    let progress = Progress::of(&format!("{NAME}: {} changes", kind.name()), policies.len());
    let mut traffic = Traffic::start(site.envoy.address(), &steps()[0])?;
    for policy in &policies {
        let logged = site.envoy.log().end();
        let in_force = site.in_force(policy, logged);
        traffic.change(policy, site.put(policy), in_force).await?;
        progress.step();
    }
    traffic.stop().await
}

/// The policy at the beginning, and each that follows it: another colour, or another share.
fn steps() -> Vec<Value> {
    let policies = [everybody("v1"), share(20.0), everybody("v2"), share(80.0)];
    policies.iter().cycle().take(CHANGES + 1).cloned().collect()
}

/// The median and the worst.
pub(super) fn spread(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    let at = |place: usize| times.get(place).copied().unwrap_or_default();
    [at(times.len() / 2), at(times.len().saturating_sub(1))]
}
