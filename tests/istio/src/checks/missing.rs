//! An image that the registry does not have: what a request gets, by each strategy.

use std::time::Duration;

use anyhow::Result;
use graylane_harness::report::Row;

use super::tester::tester;
use crate::cluster::Registry;
use crate::mesh::{Mesh, Overlay, until};

const NAME: &str = "missing";
/// What a tester gets, who is on v2 while the module is there.
const EXPECTED: [(&str, &str); 3] = [
    ("FAIL_OPEN", "200, v1, no tag"),
    ("FAIL_CLOSE", "403, RBAC: access denied"),
    ("FAIL_RELOAD", "403, RBAC: access denied"),
];

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let (overlay, core) = Overlay::in_force(mesh, "edge").await?;
    let mut rows = Vec::new();
    for (strategy, expected) in EXPECTED {
        mesh.kubectl().apply(&overlay.plugin()?.to_string()).await?;
        mesh.await_policy(&core, None).await?;
        let missing = overlay.edited(|spec| {
            spec["url"] = Registry::url(&format!(
                "none-{}",
                strategy.to_lowercase().replace('_', "-")
            ))
            .into();
            spec["failStrategy"] = strategy.into();
        })?;
        mesh.kubectl().apply(&missing.to_string()).await?;
        let changed = until("an image that is not there is missed", async || {
            let answer = tester(mesh).await.ok()?;
            (!answer.starts_with("200, v2")).then_some(answer)
        });
        let observed = changed.await.unwrap_or_else(|error| format!("{error:#}"));
        // It stays so.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let later = tester(mesh).await?;
        let holds = observed == expected && later == expected;
        let observed = if observed == later {
            observed
        } else {
            format!("{observed}; then {later}")
        };
        rows.push(Row::judged(
            NAME,
            format!("{strategy}: a tester gets"),
            expected,
            observed,
            "exact",
            holds,
        ));
    }
    Ok(rows)
}
