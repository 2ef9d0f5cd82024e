//! Waiting until a policy is in force: a `WasmPlugin` has no status, so its proxies are asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use graylane_harness::Progress;
use graylane_harness::checks::with_user;
use graylane_harness::client::{Pace, Visit, drive};

use super::{Core, Hop, Mesh};
use crate::app::Told;

/// How long a policy may take to be in force, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(50);
/// So many of each kind of user tell that a policy is in force.
const EACH: usize = 4;

/// A user of the shop.
#[must_use]
pub fn user(name: impl Into<String>) -> Visit {
    with_user(Visit::of(name)).at("shop.example.com")
}

/// What answered each call of a visit; or why nothing can be said of it.
///
/// # Errors
/// If not every service answered.
pub fn hops(answer: &graylane_harness::client::Answer) -> Result<Vec<Hop>, String> {
    let reply = answer.as_ref().map_err(Clone::clone)?;
    let told: Told = serde_json::from_slice(&reply.body).map_err(|_| {
        format!(
            "{}: {}",
            reply.status,
            String::from_utf8_lossy(&reply.body).trim()
        )
    })?;
    let hops = told.hops().into_iter().map(|hop| Hop {
        name: hop.name.clone(),
        version: hop.echo.version.clone(),
        tag: hop.header("x-gray-version"),
    });
    Ok(hops.collect())
}

impl Mesh {
    /// Waits until every hop is answered as `core` says, and by no means as `before` says; how
    /// long that took.
    ///
    /// # Errors
    /// If it is not within a minute; with what is answered instead.
    pub async fn await_policy(&self, core: &Core, before: Option<&Core>) -> Result<Duration> {
        let began = Instant::now();
        let door = self.door().await?;
        let users = telling(core, before);
        loop {
            let pace = Pace {
                clients: 2,
                ..Pace::default()
            };
            let answers = drive(door, &users, pace, Progress::silent()).await?;
            let wrong = users.iter().zip(&answers).find_map(|(visit, answer)| {
                let expected = core.chain(visit);
                let observed = hops(answer);
                (observed.as_ref() != Ok(&expected))
                    .then(|| format!("{} gets {observed:?}, not {expected:?}", visit.user))
            });
            let Some(wrong) = wrong else {
                return Ok(began.elapsed());
            };
            if began.elapsed() > PATIENCE {
                bail!("the policy is not in force after {PATIENCE:?}: {wrong}");
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Testers, users of both versions, and those who would be elsewhere by the policy before.
fn telling(core: &Core, before: Option<&Core>) -> Arc<[Visit]> {
    let testers = (0..EACH).map(|number| user(format!("tester-{number}")).with("x-qa", "on"));
    let mut users: Vec<_> = testers.collect();
    let everybody = || (0..20_000).map(|number| user(format!("probe-{number}")));
    for version in ["v1", "v2"] {
        let of_version = everybody().filter(|visit| core.first(visit) == version);
        users.extend(of_version.take(EACH));
    }
    if let Some(before) = before {
        let moved = everybody().filter(|visit| core.chain(visit) != before.chain(visit));
        users.extend(moved.take(EACH));
    }
    users.into()
}
