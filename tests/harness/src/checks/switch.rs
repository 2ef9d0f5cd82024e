//! A policy changes under load: nobody fails, not even who waits for an answer meanwhile, nobody
//! leaves a version that grows, every worker follows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::failed;
use super::people::{policy, with_user};
use crate::Progress;
use crate::client::{Bounds, Load, Pace, Protocol, Record, Visit};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "switch";
const CANARY: &str = "v2";
/// How long a changed policy may take until the module logs it, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Load under each policy, after the module has logged it.
const SETTLED: Duration = Duration::from_millis(1_500);
/// The end of it, by which every worker must follow.
const LAST: Duration = Duration::from_millis(500);

/// One policy, and how it is called.
struct Step {
    name: String,
    policy: Value,
}

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let percent = |percent: f64| Step {
        name: format!("{percent} %"),
        policy: policy(&[("v2", percent)]),
    };
    let ramp = [0.0, 1.0, 10.0, 50.0, 100.0, 0.0].map(percent);
    let mut rows = switch(lab, "ramp, by rename", &Setup::of("dynamic"), &ramp).await?;
    let flips = ["v1", "v2", "v1", "v2", "v1"].map(everybody);
    let kubelet = Setup::of("dynamic").kubelet();
    rows.extend(switch(lab, "blue-green, by symlink swap", &kubelet, &flips).await?);
    Ok(rows)
}

/// Everybody on one version: `checkout`'s live colour.
fn everybody(version: &str) -> Step {
    Step {
        name: format!("all {version}"),
        policy: json!({
            "schema": "graylane/v1",
            "services": [{
                "name": "checkout",
                "baseline": "v1",
                "versions": [
                    { "name": "v1", "cluster": "checkout-v1" },
                    { "name": "v2", "cluster": "checkout-v2" },
                ],
                "rules": [{ "name": "live", "use": version }],
            }],
        }),
    }
}

/// When a policy was replaced: any request sent after `done` may have met the new one, and one
/// answered before `begun` the old one only.
struct Change {
    begun: Instant,
    done: Instant,
}

/// What was asked under one policy, from its change to the next.
struct Window<'r> {
    done: Instant,
    end: Instant,
    records: Vec<&'r Record>,
}

async fn switch(lab: &Lab, case: &str, setup: &Setup, steps: &[Step]) -> Result<Vec<Row>> {
    let natives: Vec<_> = steps
        .iter()
        .map(|step| Native::compile(&step.policy))
        .collect::<Result<_>>()?;
    let users = telling_users(&natives);
    let (records, changes, end) = load_through(lab, case, setup, steps, &users).await?;
    let mut rows = vec![
        failed(NAME, case, &records),
        under_way(case, &records, &changes),
    ];

    let ends = changes.iter().skip(1).map(|next| next.begun).chain([end]);
    let windows: Vec<_> = changes
        .iter()
        .zip(ends)
        .map(|(change, end)| Window {
            done: change.done,
            end,
            records: records
                .iter()
                .filter(|record| record.sent >= change.done && record.answered < end)
                .collect(),
        })
        .collect();
    let of_user: BTreeMap<_, _> = users
        .iter()
        .map(|visit| (visit.user.as_str(), visit))
        .collect();
    let decide = |native: &Native, record: &Record| {
        let visit = of_user.get(record.user.as_str());
        visit.and_then(|visit| native.decide(visit).version)
    };
    for ((step, native), window) in steps
        .windows(2)
        .zip(natives.windows(2))
        .zip(windows.iter().skip(1))
    {
        let ([old, new], [before, after]) = (step, native) else {
            continue;
        };
        let name = format!("{case}: {} → {}", old.name, new.name);
        rows.push(followed(name, window, |record| {
            (decide(before, record), decide(after, record))
        }));
    }
    let shares = natives.iter().map(|native| {
        let canary = |visit: &&Visit| native.decide(visit).version.as_deref() == Some(CANARY);
        users.iter().filter(canary).count()
    });
    rows.push(left(case, shares, &windows));
    Ok(rows)
}

/// Load from the first policy to the last, and when each came.
async fn load_through(
    lab: &Lab,
    case: &str,
    setup: &Setup,
    steps: &[Step],
    users: &Arc<[Visit]>,
) -> Result<(Vec<Record>, Vec<Change>, Instant)> {
    let first = steps.first().context("a switch needs policies")?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = setup.clone().policy(&first.policy);
    let envoy = lab.envoy(&setup, &backends).await?;
    let progress = Progress::of(&format!("switch: {case}"), steps.len());
    let load = Load::start(envoy.address(), users, dense());
    let started = Instant::now();
    let mut changes = vec![Change {
        begun: started,
        done: started,
    }];
    tokio::time::sleep(SETTLED).await;
    progress.step();
    for step in steps.iter().skip(1) {
        let logged = envoy.log().end();
        let begun = Instant::now();
        envoy.policy_file()?.replace(&step.policy)?;
        changes.push(Change {
            begun,
            done: Instant::now(),
        });
        envoy
            .log()
            .wait("policy in force", logged, PATIENCE)
            .await?;
        tokio::time::sleep(SETTLED).await;
        progress.step();
    }
    let end = Instant::now();
    Ok((load.stop().await?, changes, end))
}

/// Requests that a change met on their way, so that [`failed`] speaks of them.
fn under_way(case: &str, records: &[Record], changes: &[Change]) -> Row {
    let met = |record: &&Record| {
        let meets = |change: &Change| record.sent < change.begun && record.answered > change.done;
        changes.iter().any(meets)
    };
    let met = records.iter().filter(met).count();
    let rule = format!("{case}: under way at a change");
    Row::judged(NAME, rule, "some", met, "", met > 0)
}

/// Enough clients that some always wait for an answer.
fn dense() -> Bounds {
    let usual = Bounds::default();
    let pace = Pace {
        clients: 16,
        ..usual.pace
    };
    Bounds { pace, ..usual }
}

/// Whether every worker followed: `decide` tells what the old policy and the new one say.
fn followed(
    name: String,
    window: &Window<'_>,
    decide: impl Fn(&Record) -> (Option<String>, Option<String>),
) -> Row {
    let (mut strange, mut telling) = (0, 0);
    let mut last_of_old = None;
    for record in &window.records {
        let (old, new) = decide(record);
        telling += usize::from(old != new);
        if record.version == new {
            continue;
        }
        if record.version == old {
            last_of_old = last_of_old.max(Some(record.sent));
        } else {
            strange += 1;
        }
    }
    let after = last_of_old.map_or(Duration::ZERO, |last| last - window.done);
    let late = last_of_old.is_some_and(|last| window.end - last < LAST);
    Row::judged(
        NAME,
        name,
        "every worker follows",
        format!(
            "after {} ms; {telling} of {} requests tell; {strange} of neither policy",
            after.as_millis(),
            window.records.len(),
        ),
        format!("none of the old in the last {} ms", LAST.as_millis()),
        strange == 0 && !late && telling > 0,
    )
}

/// Users who were on the canary and were sent back while its share grew. While some workers have
/// the new policy and others the old one, a user may see both; what counts is the end of each
/// window.
fn left(case: &str, shares: impl Iterator<Item = usize>, windows: &[Window<'_>]) -> Row {
    let mut on_canary: BTreeMap<&str, bool> = BTreeMap::new();
    let mut left = 0;
    let mut before = 0;
    for (share, window) in shares.zip(windows) {
        for record in &window.records {
            if window.end - record.sent < LAST {
                let now = record.version.as_deref() == Some(CANARY);
                let was = on_canary.insert(&record.user, now).unwrap_or(false);
                left += usize::from(share > before && was && !now);
            }
        }
        before = share;
    }
    Row::exact(NAME, format!("{case}: left a version that grew"), 0, left)
}

/// Users of whom each step moves about as many as every other: the load tells every change.
fn telling_users(natives: &[Native]) -> Arc<[Visit]> {
    const EACH: usize = 80;
    let mut groups: BTreeMap<Vec<Option<String>>, Vec<Visit>> = BTreeMap::new();
    for number in 0..50_000 {
        let visit = with_user(Visit::of(format!("user-{number}")));
        let versions = natives
            .iter()
            .map(|native| native.decide(&visit).version)
            .collect();
        let group = groups.entry(versions).or_default();
        if group.len() < EACH {
            let visit = visit.over([Protocol::Http1, Protocol::Http2][number % 2]);
            group.push(match number % 20 {
                0 | 1 => visit.with("x-backend-delay-ms", "100"),
                2..=5 => visit.sending("POST", 20_000),
                _ => visit,
            });
        }
    }
    let mut users: Vec<_> = groups.into_values().flatten().collect();
    // Neighbours in the list are asked one after the other; spread the groups among them.
    users.sort_by_key(|visit| visit.user.chars().rev().collect::<String>());
    users.into()
}
