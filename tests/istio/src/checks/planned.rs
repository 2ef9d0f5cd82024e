//! A canary that grows by a plan: before it begins nobody is on it, and later the share of the hour.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use graylane_harness::Progress;
use graylane_harness::client::{Pace, Visit, drive};
use graylane_harness::report::Row;
use serde_json::Value;

use crate::cluster::Registry;
use crate::mesh::{Core, Mesh, Overlay, TAG, hops, user};

const NAME: &str = "planned";
const USERS: usize = 2_000;
/// So long ago the plan began: in the middle of its second step.
const AGO: Duration = Duration::from_mins(90);

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let overlay = Overlay::render(mesh, "canary-ramp", &Registry::url(TAG)).await?;
    overlay.apply(mesh).await?;
    mesh.await_shop().await?;
    let now = SystemTime::now();
    let starting = |start: SystemTime| {
        let start = humantime::format_rfc3339_seconds(start).to_string();
        overlay.edited(|spec| {
            let path = "/pluginConfig/services/0/rules/0/split/to/0/ramp/start";
            if let Some(place) = spec.pointer_mut(path) {
                *place = start.into();
            }
        })
    };
    // To begin with one that has shares, to see that the other is in force.
    let began = starting(now - AGO)?;
    let begins = starting(now + AGO)?;
    let at = u64::try_from(now.duration_since(UNIX_EPOCH)?.as_millis())?;
    let [during, before] = [core(&began, at)?, core(&begins, at)?];
    let mut rows = Vec::new();
    for (name, plugin, core, other, canary) in [
        ("90 minutes after its start", &began, &during, &before, true),
        ("before its start", &begins, &before, &during, false),
    ] {
        mesh.kubectl().apply(&plugin.to_string()).await?;
        mesh.await_policy(core, Some(other)).await?;
        let (right, v2) = ask(mesh, core).await?;
        rows.push(Row::exact(
            NAME,
            format!("{name}: all hops as the core says"),
            USERS,
            right,
        ));
        rows.push(Row::judged(
            NAME,
            format!("{name}: users of v2"),
            if canary { "some" } else { "none" },
            v2,
            "—",
            canary == (v2 > 0),
        ));
    }
    Ok(rows)
}

fn core(plugin: &Value, at: u64) -> Result<Core> {
    Ok(Core::of_plugin(plugin).context("the plan")?.at(at))
}

/// How many users are answered as the core says, and how many of them by v2.
async fn ask(mesh: &Mesh, core: &Core) -> Result<(usize, usize)> {
    let users: Arc<[Visit]> = (0..USERS)
        .map(|number| user(format!("user-{number}")))
        .collect();
    let progress = Progress::of(NAME, users.len());
    let answers = drive(mesh.door().await?, &users, Pace::default(), progress).await?;
    let pairs = users.iter().zip(&answers);
    let right = pairs.filter(|(visit, answer)| hops(answer) == Ok(core.chain(visit)));
    let v2 = users
        .iter()
        .filter(|visit| core.first(visit) == "v2")
        .count();
    Ok((right.count(), v2))
}
