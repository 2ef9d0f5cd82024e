//! A policy changes under load: nobody fails, not even who waits for an answer meanwhile, nobody
//! leaves a version that grows, every worker follows.

mod ramp;
mod telling;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::failed;
use super::people::{policy, with_rules, with_user};
use crate::Progress;
use crate::client::{Bounds, Load, Pace, Record, Visit};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::native::Native;
use crate::report::{Found, Row};
use crate::series::Series;

const NAME: &str = "switch";
const CANARY: &str = "v2";
/// How long a changed policy may take until the module logs it, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Load under each policy, after the module has logged it.
const SETTLED: Duration = Duration::from_millis(1_500);
/// The end of it, by which every worker must follow.
const LAST: Duration = Duration::from_millis(500);

/// One policy, how it is called, and what share it gives the canary.
struct Step {
    name: String,
    policy: Value,
    percent: f64,
}

pub(super) async fn check(lab: &Lab) -> Result<Found> {
    let percent = |percent: f64| Step {
        name: format!("{percent} %"),
        policy: policy(&[(CANARY, percent)]),
        percent,
    };
    let ramp = [0.0, 1.0, 10.0, 50.0, 100.0, 0.0].map(percent);
    let mut found = switch(lab, "ramp, by rename", &Setup::of("dynamic"), &ramp).await?;
    let flips = ["v1", "v2", "v1", "v2", "v1"].map(everybody);
    let kubelet = Setup::of("dynamic").kubelet();
    let flipped = switch(lab, "blue-green, by symlink swap", &kubelet, &flips).await?;
    found.rows.extend(flipped.rows);
    Ok(found)
}

/// Everybody on one version: `checkout`'s live colour.
fn everybody(version: &str) -> Step {
    Step {
        name: format!("all {version}"),
        percent: if version == CANARY { 100.0 } else { 0.0 },
        policy: with_rules(&json!([{ "name": "live", "use": version }])),
    }
}

/// When a policy was replaced: any request sent after `done` may have met the new one, and one
/// answered before `begun` the old one only.
struct Change {
    begun: Instant,
    done: Instant,
}

/// Load, when each policy came during it, and when it ended.
struct Course {
    /// Of users whom the policies tell apart.
    records: Vec<Record>,
    /// Of those whom nobody chose.
    passers: Vec<Record>,
    changes: Vec<Change>,
    end: Instant,
}

/// What was asked under one policy, from its change to the next.
struct Window<'r> {
    done: Instant,
    end: Instant,
    records: Vec<&'r Record>,
}

async fn switch(lab: &Lab, case: &str, setup: &Setup, steps: &[Step]) -> Result<Found> {
    let natives: Vec<_> = steps
        .iter()
        .map(|step| Native::compile(&step.policy))
        .collect::<Result<_>>()?;
    let users = telling::users(&natives);
    let course = load_through(lab, case, setup, steps, &users).await?;
    let records = &course.records;
    let everybody: Vec<_> = records.iter().chain(&course.passers).cloned().collect();
    let mut rows = vec![
        failed(NAME, case, &everybody),
        under_way(case, records, &course.changes),
    ];

    let windows: Vec<_> = course
        .changes
        .iter()
        .zip(course.ends())
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
    let series = Series {
        ramp: Some(ramp::series(steps, &course)?),
        ..Series::default()
    };
    Ok(Found { rows, series })
}

impl Course {
    /// When each policy's time was over.
    fn ends(&self) -> impl Iterator<Item = Instant> {
        let next = self.changes.iter().skip(1).map(|next| next.begun);
        next.chain([self.end])
    }
}

/// Load from the first policy to the last, and when each came.
async fn load_through(
    lab: &Lab,
    case: &str,
    setup: &Setup,
    steps: &[Step],
    users: &Arc<[Visit]>,
) -> Result<Course> {
    let first = steps.first().context("a switch needs policies")?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = setup.clone().policy(&first.policy);
    let envoy = lab.envoy(&setup, &backends).await?;
    let progress = Progress::of(&format!("switch: {case}"), steps.len());
    let load = Load::start(envoy.address(), users, dense());
    let passing = ramp::load(envoy.address());
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
    Ok(Course {
        records: load.stop().await?,
        passers: passing.stop().await?,
        changes,
        end,
    })
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
