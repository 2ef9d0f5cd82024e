//! The shares of every split, where a user is on its buckets, and what a share that slides would
//! change.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::POLICY;
use crate::Node;
use crate::cli::clock::written;
use crate::cli::diff;
use crate::cli::input::{self, Loaded};
use crate::cli::layout::{self, Part};
use crate::cli::request::Asked;
use crate::rules::Split;

/// The sizes that a target may have; each in place of the others.
const SIZES: [&str; 4] = ["percent", "ramp", "ranges", "weight"];

/// What the splits of a policy are at a moment.
#[derive(Serialize)]
pub(super) struct Shares {
    /// In UTC.
    at: String,
    /// The other moment, where one is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    later: Option<String>,
    /// When a ramp begins a step, in order.
    steps: Vec<String>,
    splits: Vec<Shown>,
}

/// A rule's split.
#[derive(Serialize)]
struct Shown {
    service: String,
    rule: String,
    /// Where they stand in the policy.
    place: (usize, usize),
    baseline: String,
    /// The versions that it names, in the policy's order.
    targets: Vec<String>,
    /// All buckets, in order and without a gap.
    slices: Vec<Slice>,
    /// The same at the other moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    later: Option<Vec<Slice>>,
    /// The user's, where the request has one of the keys.
    bucket: Option<u32>,
}

/// Some buckets, with both ends, and whose they are.
#[derive(Serialize)]
struct Slice {
    version: String,
    first: u32,
    last: u32,
}

/// A target whose share is another.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slide {
    /// Where the rule stands in the policy: its service's index and its own.
    place: (usize, usize),
    /// The index of the target in its split.
    target: usize,
    /// What it gets in place of what it has.
    percent: f64,
}

/// What a policy would be with that share.
#[derive(Default, Serialize)]
pub(super) struct Slid {
    slices: Vec<Slice>,
    /// Who would have the user's bucket.
    version: Option<String>,
    /// What would change, as `graylane diff` has it for people.
    text: String,
    /// Why such a policy is refused.
    problem: Option<String>,
}

impl Shares {
    pub(super) fn at(policy: &Loaded, request: Option<&Asked>, now: u64) -> Self {
        let mut splits = Vec::new();
        let mut steps = BTreeSet::new();
        for (place, split) in splits_of(policy) {
            let ramps = split.ramps().flat_map(|(_, ramp)| ramp.steps());
            steps.extend(ramps.map(|(from, _)| from));
            splits.push(Shown::new(policy, place, split, request, now));
        }
        Self {
            at: written(now),
            later: None,
            steps: steps.into_iter().map(written).collect(),
            splits,
        }
    }

    /// Tells them for another moment as well.
    pub(super) fn look_ahead(&mut self, policy: &Loaded, later: u64) {
        self.later = Some(written(later));
        for (shown, (place, split)) in self.splits.iter_mut().zip(splits_of(policy)) {
            shown.later = Some(slices(policy, place, split, later));
        }
    }
}

/// Every split, with the indices of its service and its rule.
fn splits_of(policy: &Loaded) -> impl Iterator<Item = ((usize, usize), &Split)> {
    let services = policy.rules.services().iter().enumerate();
    services.flat_map(|(at, service)| {
        let rules = service.rules().iter().enumerate();
        rules.filter_map(move |(index, rule)| Some(((at, index), rule.split()?)))
    })
}

fn slices(policy: &Loaded, place: (usize, usize), split: &Split, now: u64) -> Vec<Slice> {
    let baseline = policy.rules.services()[place.0].baseline().name();
    let parts = layout::of_split(split, baseline, crate::Moment::at(now));
    parts.iter().map(Slice::new).collect()
}

impl Shown {
    fn new(
        policy: &Loaded,
        place: (usize, usize),
        split: &Split,
        request: Option<&Asked>,
        now: u64,
    ) -> Self {
        let service = &policy.rules.services()[place.0];
        let rule = &service.rules()[place.1];
        let targets = layout::named(rule).into_iter();
        Self {
            service: service.name().to_owned(),
            rule: rule.name().to_owned(),
            place,
            baseline: service.baseline().name().to_owned(),
            targets: targets.map(|version| version.name().to_owned()).collect(),
            slices: slices(policy, place, split, now),
            later: None,
            bucket: bucket(split, request),
        }
    }
}

fn bucket(split: &Split, request: Option<&Asked>) -> Option<u32> {
    Some(split.bucket(request?)?.number())
}

impl Slice {
    fn new(part: &Part<'_>) -> Self {
        Self {
            version: part.version.to_owned(),
            first: part.buckets.start,
            last: part.buckets.end - 1,
        }
    }
}

impl Slide {
    /// What the policy would be.
    pub(super) fn carry_out(
        &self,
        policy: &Loaded,
        request: Option<&Asked>,
        node: &Node,
        now: u64,
    ) -> Slid {
        let mut document = policy.document.clone();
        let (service, rule) = self.place;
        let to = &format!("/services/{service}/rules/{rule}/split/to/{}", self.target);
        let target = document.pointer_mut(to).and_then(Value::as_object_mut);
        let Some(target) = target else {
            return Slid::refused("the policy has no such target".to_owned());
        };
        target.retain(|field, _| !SIZES.contains(&field.as_str()));
        target.insert("percent".to_owned(), json!(self.percent));
        let slid = input::of_centre(POLICY, document.to_string().into_bytes(), node);
        let slid = match slid {
            Ok(slid) => slid,
            Err(refusal) => return Slid::refused(refusal.error.to_string()),
        };
        let split = slid.rules.services()[service].rules()[rule].split();
        let Some(split) = split else {
            return Slid::refused("the policy has no such target".to_owned());
        };
        let slices = slices(&slid, self.place, split, now);
        let has = |slice: &&Slice| {
            bucket(split, request).is_some_and(|own| (slice.first..=slice.last).contains(&own))
        };
        Slid {
            version: slices.iter().find(has).map(|slice| slice.version.clone()),
            text: diff::human(&diff::between(policy, &slid, now, None), None),
            slices,
            problem: None,
        }
    }
}

impl Slid {
    fn refused(problem: String) -> Self {
        Self {
            problem: Some(problem),
            ..Self::default()
        }
    }
}
