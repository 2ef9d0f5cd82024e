//! Copies reach the shadow, and change no answer: not if it is slow, and not if it is dead.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use super::people::{policy, with_user};
use crate::Progress;
use crate::backend::Fleet;
use crate::client::{Pace, Protocol, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "mirror";
const USERS: usize = 1_000;
const SHADOW: &str = "v3";
/// A shadow is this slow; a client that waited for it would give up.
const SLOW: Duration = Duration::from_secs(5);
/// Copies are under way for a moment after their answers.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut policy = policy(&[("v2", 20.0), (SHADOW, 0.0)]);
    policy["services"][0]["mirror"] = json!([
        { "version": SHADOW, "percent": 30, "by": [{ "header": "x-user-id" }] },
    ]);
    let native = Native::compile(&policy)?;
    let mut backends = lab.backends(&["v1", "v2", SHADOW]).await?;
    let setup = Setup::of("mirror").policy(&policy);
    let envoy = lab.envoy(&setup, &backends).await?;
    let mut rows = Vec::new();

    let users = users(None);
    let copies = users
        .iter()
        .filter(|visit| native.decide(visit).mirror.is_some())
        .count();
    rows.push(ask(&envoy, "the shadow alive", &users, &native).await?);
    let counted = settled(&backends, copies as u64).await?;
    rows.push(Row::exact(
        NAME,
        "copies, by the shadow's own count",
        copies,
        counted,
    ));
    let some = copies > 0 && copies < USERS;
    rows.push(Row::judged(
        NAME,
        "copies",
        "some, not all",
        copies,
        "",
        some,
    ));

    let slow = self::users(Some(SLOW));
    rows.push(ask(&envoy, "the shadow slow", &slow, &native).await?);
    backends.stop(SHADOW);
    rows.push(ask(&envoy, "the shadow dead", &users, &native).await?);
    Ok(rows)
}

/// Users by header; with a delay, the shadow keeps each copy so long.
fn users(delay: Option<Duration>) -> Arc<[Visit]> {
    (0..USERS)
        .map(|number| {
            let visit = with_user(Visit::of(format!("user-{number}")));
            let visit = visit.over([Protocol::Http1, Protocol::Http2][number % 2]);
            match delay {
                None => visit,
                Some(delay) => {
                    let delay = format!("{SHADOW}={}", delay.as_millis());
                    visit.with("x-backend-delay-ms", delay)
                }
            }
        })
        .collect()
}

/// Everybody is answered as the core says, by a client that would not wait for a slow shadow.
async fn ask(envoy: &Envoy, case: &str, users: &Arc<[Visit]>, native: &Native) -> Result<Row> {
    let progress = Progress::of(&format!("mirror: {case}"), users.len());
    let pace = Pace {
        patience: SLOW / 2,
        ..Pace::default()
    };
    let answers = drive(envoy.address(), users, pace, progress).await?;
    let both = users.iter().zip(&answers);
    let right = both.filter(|(visit, answer)| native.is_right(visit, answer));
    let right = right.count();
    Ok(Row::exact(
        NAME,
        format!("{case}: answered as the core says"),
        users.len(),
        right,
    ))
}

/// What the shadow has counted, once it is `wanted` or patience ends.
async fn settled(backends: &Fleet, wanted: u64) -> Result<u64> {
    let shadow = backends.get(SHADOW).context("the shadow is gone")?;
    let until = Instant::now() + PATIENCE;
    loop {
        let counted = shadow.requests().await?;
        if counted >= wanted || Instant::now() > until {
            return Ok(counted);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
