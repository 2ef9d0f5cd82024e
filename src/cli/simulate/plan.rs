//! What ramps have planned: the steps to come, and the shares over time.

use serde::Serialize;

use crate::cli::clock::written;
use crate::cli::layout;
use crate::rules::{Rule, Service, Split};

/// What is to be seen around a single change.
const AROUND: u64 = 60 * 60 * 1_000;

/// The plan of a rule whose shares move with time.
#[derive(Serialize)]
pub(super) struct Plan {
    pub(super) rule: String,
    /// What changes after the moment of the simulation.
    pub(super) coming: Vec<Step>,
    #[serde(skip)]
    pub(super) course: Vec<Stretch>,
}

/// From when on a version has another share.
#[derive(Serialize)]
pub(super) struct Step {
    pub(super) at: String,
    pub(super) version: String,
    pub(super) percent: f64,
}

/// A time without a change, in milliseconds since the Unix epoch.
pub(super) struct Stretch {
    pub(super) from: u64,
    pub(super) until: u64,
    /// The buckets of each version, in the service's order.
    pub(super) buckets: Vec<u32>,
}

/// The plans of a service, as they are at a moment.
pub(super) fn plans(service: &Service, now: u64) -> Vec<Plan> {
    let plan = |rule: &Rule| {
        let split = rule.split()?;
        let course = course(service, rule, split);
        (!course.is_empty()).then(|| Plan {
            rule: rule.name().to_owned(),
            coming: coming(split, now),
            course,
        })
    };
    service.rules().iter().filter_map(plan).collect()
}

fn coming(split: &Split, now: u64) -> Vec<Step> {
    let changes = split.ramps().flat_map(|(version, ramp)| {
        let changes = ramp.changes().filter(|&(from, _)| from > now);
        changes.map(move |(from, share)| (from, version.name(), share.percent()))
    });
    let mut changes: Vec<_> = changes.collect();
    changes.sort_by_key(|(from, ..)| *from);
    let steps = changes.into_iter().map(|(from, version, percent)| Step {
        at: written(from),
        version: version.to_owned(),
        percent,
    });
    steps.collect()
}

/// The shares from somewhat before the first change to somewhat after the last.
fn course(service: &Service, rule: &Rule, split: &Split) -> Vec<Stretch> {
    let changes = split.ramps().flat_map(|(_, ramp)| ramp.changes());
    let mut moments: Vec<_> = changes.map(|(from, _)| from).collect();
    moments.sort_unstable();
    moments.dedup();
    let (Some(&first), Some(&last)) = (moments.first(), moments.last()) else {
        return Vec::new();
    };
    let margin = if first == last {
        AROUND
    } else {
        (last - first).div_ceil(8)
    };
    moments.insert(0, first.saturating_sub(margin));
    moments.push(last.saturating_add(margin));
    let stretches = moments.windows(2).map(|ends| {
        let parts = layout::of_rule(rule, service.baseline().name(), ends[0]);
        let versions = service.destinations();
        Stretch {
            from: ends[0],
            until: ends[1],
            buckets: versions
                .map(|version| layout::share(&parts, version.name()))
                .collect(),
        }
    });
    stretches.collect()
}
