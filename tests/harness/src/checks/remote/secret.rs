//! A centre that asks for a password: it gets it, and nobody else ever sees it.

use anyhow::Result;
use serde_json::json;

use super::NAME;
use super::document::followed;
use super::site::{Site, everybody};
use super::traffic::Traffic;
use crate::Progress;
use crate::centre::{Fault, Kind, SECRET};
use crate::lab::Lab;
use crate::report::Row;

/// What an administrator looks at. `/config_dump` is not among it: it shows the plugin's whole
/// configuration, as that was written.
const SEEN: [&str; 6] = [
    "/stats",
    "/stats/prometheus",
    "/clusters",
    "/listeners",
    "/server_info",
    "/certs",
];

pub(super) async fn rows(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    if kind == Kind::Nacos {
        eprintln!("left out: a password for Nacos, since 0.8.0 asks for none");
        return Ok(Vec::new());
    }
    let policy = everybody("v1");
    let mut site = Site::start(lab, kind, super::SECRET, &policy, &json!({})).await?;
    let _progress = Progress::waiting(&format!("{NAME}: {} keeps a secret", kind.name()));
    let mut traffic = Traffic::start(site.envoy.address(), &policy)?;

    // A centre that comes back knows no token of before, and Consul no document either.
    site.centre.kill().await;
    site.failed_more(1).await?;
    site.centre.restart().await?;
    let next = everybody("v2");
    let logged = site.envoy.log().end();
    traffic
        .change(&next, site.put(&next), site.in_force(&next, logged))
        .await?;
    // Whatever goes wrong is told, and the secret never in it.
    for fault in [Fault::Fails, Fault::Page] {
        site.door.set(Some(fault)).await?;
        site.failed_more(1).await?;
    }
    site.door.set(None).await?;
    if kind == Kind::Apollo {
        site.centre.set_clock(120_000);
        site.failed_more(1).await?;
        site.centre.set_clock(0);
    }
    let logged = site.envoy.log().end();
    traffic
        .change(&policy, site.put(&policy), site.in_force(&policy, logged))
        .await?;

    let case = format!("{}: with a password", kind.name());
    let mut shown = vec![("the log", site.envoy.log().since(0))];
    for path in SEEN {
        shown.push((path, site.envoy.admin().get(path).await?));
    }
    let is_seen = |(place, text): &(&'static str, String)| text.contains(SECRET).then_some(*place);
    let seen: Vec<_> = shown.iter().filter_map(is_seen).collect();
    let rule = format!("{case}: places that show it, of {}", shown.len());
    let mut rows = vec![Row::exact(NAME, rule, "[]", format!("{seen:?}"))];
    let seen = traffic.stop().await?;
    rows.extend(seen.rows(&case));
    rows.push(followed(&case, 2, seen.effects().iter().flatten().count()));
    Ok(rows)
}

impl Site {
    /// Waits until more requests for the policy have failed.
    async fn failed_more(&self, more: u64) -> Result<()> {
        let wanted = self.troubles().await? + more;
        let troubled = self.troubled(wanted).await?;
        anyhow::ensure!(troubled, "nothing went wrong\n{}", self.envoy.log().tail());
        Ok(())
    }
}
