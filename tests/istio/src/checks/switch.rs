//! A `WasmPlugin` changes under load: nobody fails, and everybody follows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use graylane_harness::Progress;
use graylane_harness::client::{Bounds, Load, Record, Visit};
use graylane_harness::report::Row;
use serde_json::{Value, json};

use super::failed;
use crate::cluster::Registry;
use crate::mesh::{Core, Mesh, Overlay, TAG, user};

/// Load under each policy, before the next.
const SETTLED: Duration = Duration::from_secs(1);
/// The image that takes the first one's place.
const NEXT_TAG: &str = "1.1";

/// A `WasmPlugin`, and how it is called.
struct Step {
    name: String,
    plugin: Value,
    core: Core,
}

impl Step {
    fn new(name: impl Into<String>, plugin: Value) -> Result<Self> {
        let core = Core::of_plugin(&plugin)?;
        Ok(Self {
            name: name.into(),
            plugin,
            core,
        })
    }
}

/// When a `WasmPlugin` was applied, and when it was found in force.
#[derive(Clone, Copy)]
struct Change {
    begun: Instant,
    in_force: Instant,
    end: Instant,
}

/// The share of v2, up and down.
pub(super) async fn ramp(mesh: &Mesh) -> Result<Vec<Row>> {
    let overlay = Overlay::render(mesh, "mesh", &Registry::url(TAG)).await?;
    let step = |percent: u32| {
        Step::new(
            format!("{percent} %"),
            overlay.edited(|spec| share(spec, percent))?,
        )
    };
    let steps = [0, 1, 10, 100, 0]
        .map(step)
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    switch(mesh, "ramp", &overlay, &steps).await
}

/// Everybody to the other version, and back.
pub(super) async fn blue_green(mesh: &Mesh) -> Result<Vec<Row>> {
    let overlay = Overlay::render(mesh, "blue-green", &Registry::url(TAG)).await?;
    let step = |version: &str| {
        let plugin = overlay.edited(|spec| {
            if let Some(live) = spec.pointer_mut("/pluginConfig/services/0/rules/1/use") {
                *live = version.into();
            }
        })?;
        Step::new(format!("all {version}"), plugin)
    };
    let steps = ["v1", "v2", "v1"]
        .map(step)
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    switch(mesh, "blue-green", &overlay, &steps).await
}

/// Another image. It brings another policy, by which one sees that it is in force.
pub(super) async fn image(mesh: &Mesh) -> Result<Vec<Row>> {
    mesh.registry.push(NEXT_TAG).await?;
    let overlay = Overlay::render(mesh, "mesh", &Registry::url(TAG)).await?;
    let next = overlay.edited(|spec| {
        spec["url"] = Registry::url(NEXT_TAG).into();
        share(spec, 25);
    })?;
    let steps = [
        Step::new(TAG, overlay.plugin()?.clone())?,
        Step::new(NEXT_TAG, next)?,
        Step::new(TAG, overlay.plugin()?.clone())?,
    ];
    let mut rows = switch(mesh, "image", &overlay, &steps).await?;
    // Each proxy fetches for itself; the gateway and five pods.
    let fetched = mesh.proxies_that_say(&format!("with tag {NEXT_TAG}"))?;
    rows.push(Row::exact(
        "image",
        format!("proxies that fetched {NEXT_TAG}"),
        6,
        fetched,
    ));
    Ok(rows)
}

fn share(spec: &mut Value, percent: u32) {
    let split = "/pluginConfig/services/0/rules/1/split/to";
    if let Some(to) = spec.pointer_mut(split) {
        *to = json!([{ "version": "v2", "percent": percent }]);
    }
}

async fn switch(mesh: &Mesh, case: &str, overlay: &Overlay, steps: &[Step]) -> Result<Vec<Row>> {
    let first = steps.first().context("a switch needs steps")?;
    overlay.apply(mesh).await?;
    mesh.await_shop().await?;
    mesh.kubectl().apply(&first.plugin.to_string()).await?;
    mesh.await_policy(&first.core, None).await?;

    let users = telling_users(steps);
    let progress = Progress::of(&format!("switch: {case}"), steps.len());
    let load = Load::start(mesh.door().await?, &users, Bounds::default());
    tokio::time::sleep(SETTLED).await;
    progress.step();
    let mut changes = Vec::new();
    for (before, step) in steps.iter().zip(steps.iter().skip(1)) {
        let begun = Instant::now();
        mesh.kubectl().apply(&step.plugin.to_string()).await?;
        mesh.await_policy(&step.core, Some(&before.core)).await?;
        let in_force = Instant::now();
        tokio::time::sleep(SETTLED).await;
        changes.push(Change {
            begun,
            in_force,
            end: Instant::now(),
        });
        progress.step();
    }
    let records = load.stop().await?;
    let mut rows = vec![failed(case, "all of it", &records)];
    for (pair, change) in steps.windows(2).zip(changes) {
        if let [old, new] = pair {
            rows.push(followed(case, old, new, change, &users, &records));
        }
    }
    Ok(rows)
}

/// Whether everybody followed: the old policy or the new one until it was found in force, the new
/// one from then on.
fn followed(
    case: &str,
    old: &Step,
    new: &Step,
    change: Change,
    users: &[Visit],
    records: &[Record],
) -> Row {
    let of_user: BTreeMap<_, _> = users.iter().map(|visit| (&*visit.user, visit)).collect();
    let (mut wrong, mut telling) = (0, 0);
    let (mut first_of_new, mut last_of_old) = (None, None);
    let within = |record: &&Record| record.sent >= change.begun && record.answered < change.end;
    for record in records.iter().filter(within) {
        let Some(visit) = of_user.get(&*record.user) else {
            continue;
        };
        let (before, after) = (old.core.first(visit), new.core.first(visit));
        let version = record.version.as_deref().unwrap_or_default();
        telling += usize::from(before != after);
        if version == after {
            if before != after {
                first_of_new = first_of_new.or(Some(record.answered - change.begun));
            }
        } else if version == before {
            last_of_old = Some(record.sent - change.begun);
            wrong += usize::from(record.sent > change.in_force);
        } else {
            wrong += 1;
        }
    }
    let milliseconds =
        |time: Option<Duration>| time.map_or("—".to_owned(), |time| time.as_millis().to_string());
    Row::judged(
        case,
        format!("{} → {}", old.name, new.name),
        "everybody follows",
        format!(
            "first after {} ms, last of the old {} ms, all hops {} ms; {telling} tell, {wrong} wrong",
            milliseconds(first_of_new),
            milliseconds(last_of_old),
            (change.in_force - change.begun).as_millis(),
        ),
        "0 wrong",
        wrong == 0 && telling > 0,
    )
}

/// Users of whom each step moves about as many as every other: the load tells every change.
fn telling_users(steps: &[Step]) -> Arc<[Visit]> {
    const EACH: usize = 40;
    let mut groups: BTreeMap<Vec<String>, Vec<Visit>> = BTreeMap::new();
    for number in 0..5_000 {
        let visit = user(format!("user-{number}"));
        let versions = steps.iter().map(|step| step.core.first(&visit)).collect();
        let group = groups.entry(versions).or_default();
        if group.len() < EACH {
            group.push(visit);
        }
    }
    let mut users: Vec<_> = groups.into_values().flatten().collect();
    // Neighbours in the list are asked one after the other; spread the groups among them.
    users.sort_by_key(|visit| visit.user.chars().rev().collect::<String>());
    users.into()
}
