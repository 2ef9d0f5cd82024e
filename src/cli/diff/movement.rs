//! How many users a change moves: counted over the buckets, not sampled.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::SCALE;
use crate::cli::input::Loaded;
use crate::cli::layout::{self, Part};
use crate::rules::{Rule, Rules, Service};

/// Fields of a split that say which share whom gets, or who takes part at all. The others say what
/// a user's bucket is.
const NOT_OF_THE_DRAW: [&str; 4] = ["to", "missing", "salt", "keep"];

/// What becomes of the users of a rule.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Movement {
    pub(super) service: String,
    /// Whose users.
    pub(super) whom: String,
    /// Whether other buckets are drawn for all of them: then `percent` is what is expected.
    pub(super) redrawn: bool,
    /// How many of them move.
    pub(super) percent: f64,
    /// How many had to move for the new shares.
    pub(super) least_percent: f64,
    pub(super) moves: Vec<Move>,
    /// The same as `percent`, in parts of [`WHOLE`].
    #[serde(skip)]
    moved: u64,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Move {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) percent: f64,
}

/// All users, in parts small enough for the product of two shares.
const WHOLE: u64 = SCALE as u64 * SCALE as u64;

/// What decides about some users.
struct Lane<'p> {
    /// The rule's name; `None` where it is the baseline.
    name: Option<&'p str>,
    parts: Vec<Part<'p>>,
    /// What makes a user's bucket; `None` where no bucket is asked for.
    draw: Option<Draw<'p>>,
}

struct Draw<'p> {
    salt: &'p str,
    keys: &'p [Value],
    rest: BTreeMap<&'p str, &'p Value>,
}

impl Movement {
    /// Whether more move than this many buckets.
    pub(super) fn above(&self, buckets: u32) -> bool {
        self.moved > u64::from(buckets) * u64::from(SCALE)
    }
}

/// What moves at a moment between two policies, in each service that both have.
pub(super) fn between(old: &Loaded, new: &Loaded, now: u64) -> Vec<Movement> {
    let mut movements = Vec::new();
    for (index, service) in new.rules.services().iter().enumerate() {
        let same = |other: &&Service| other.name() == service.name();
        let Some(at) = old.rules.services().iter().position(|other| same(&other)) else {
            continue;
        };
        let before = Side::new(&old.rules, at, &old.document, now);
        let after = Side::new(&new.rules, index, &new.document, now);
        movements.extend(before.to(&after));
    }
    movements
}

/// A service in one of the policies.
struct Side<'p> {
    service: &'p Service,
    rules: &'p Value,
    enabled: bool,
    now: u64,
}

impl<'p> Side<'p> {
    fn new(rules: &'p Rules, at: usize, document: &'p Value, now: u64) -> Self {
        let service = &rules.services()[at];
        Self {
            service,
            rules: &document["services"][at]["rules"],
            enabled: rules.enabled && service.enabled,
            now,
        }
    }

    fn to(&self, after: &Side<'_>) -> Vec<Movement> {
        let name = self.service.name();
        let everybody = (self.everybody(), after.everybody());
        let mut movements = Vec::new();
        let whom = match (everybody.0.name, everybody.1.name) {
            (Some(old), Some(new)) if old == new => old.to_owned(),
            (old, new) => {
                let name = |name: Option<&str>| name.unwrap_or("the baseline").to_owned();
                format!("{} → {}", name(old), name(new))
            }
        };
        movements.extend(movement(name, whom, &everybody.0, &everybody.1));
        for rule in after.conditional() {
            let lane = after.lane(rule);
            movements.extend(match self.named(rule.name()) {
                Some(old) => movement(name, rule.name().to_owned(), &self.lane(old), &lane),
                None => movement(name, format!("{}, new", rule.name()), &everybody.0, &lane),
            });
        }
        let gone = self
            .conditional()
            .filter(|rule| after.named(rule.name()).is_none());
        movements.extend(gone.filter_map(|rule| {
            let whom = format!("{}, removed", rule.name());
            movement(name, whom, &self.lane(rule), &everybody.1)
        }));
        movements
    }

    fn named(&self, name: &str) -> Option<&'p Rule> {
        self.service.rules().iter().find(|rule| rule.name() == name)
    }

    /// The rules that concern some.
    fn conditional(&self) -> impl Iterator<Item = &'p Rule> {
        let rules = self.service.rules().iter().enumerate();
        let rules = rules.filter(|(index, _)| self.rules[index].get("when").is_some());
        rules.map(|(_, rule)| rule)
    }

    /// What decides about whom no rule with a condition concerns.
    fn everybody(&self) -> Lane<'p> {
        let rules = self.service.rules().iter().enumerate();
        let mut open = rules.filter(|(index, _)| self.rules[index].get("when").is_none());
        match open.next() {
            Some((_, rule)) => self.lane(rule),
            None => self.baseline(None),
        }
    }

    fn baseline(&self, name: Option<&'p str>) -> Lane<'p> {
        Lane {
            name,
            parts: layout::everybody(self.service.baseline().name()),
            draw: None,
        }
    }

    fn lane(&self, rule: &'p Rule) -> Lane<'p> {
        if !self.enabled {
            return self.baseline(Some(rule.name()));
        }
        let rules = self.service.rules();
        let at = rules.iter().position(|own| std::ptr::eq(own, rule));
        let document = &self.rules[at.unwrap_or_default()]["split"];
        let rest = document.as_object().into_iter().flatten();
        let rest =
            rest.filter(|(name, _)| *name != "by" && !NOT_OF_THE_DRAW.contains(&name.as_str()));
        Lane {
            name: Some(rule.name()),
            parts: layout::of_rule(rule, self.service.baseline().name(), self.now),
            draw: rule.split().map(|split| Draw {
                salt: split.salt(),
                keys: document["by"].as_array().map_or(&[], Vec::as_slice),
                rest: rest.map(|(name, value)| (name.as_str(), value)).collect(),
            }),
        }
    }
}

impl Draw<'_> {
    /// Whether a user's bucket stays. Who has one of the keys that both begin with keeps it,
    /// whatever keys follow.
    fn same(&self, other: &Draw<'_>) -> bool {
        let both = self.keys.len().min(other.keys.len());
        self.salt == other.salt
            && self.rest == other.rest
            && self.keys[..both] == other.keys[..both]
    }
}

/// Compares what decided with what will; `None` if nobody moves.
fn movement(service: &str, whom: String, old: &Lane<'_>, new: &Lane<'_>) -> Option<Movement> {
    let redrawn = match (&old.draw, &new.draw) {
        (Some(old), Some(new)) => !old.same(new),
        // No bucket is asked for on one side, so nobody is drawn again.
        _ => false,
    };
    let moves = if redrawn {
        expected(&old.parts, &new.parts)
    } else {
        exact(&old.parts, &new.parts)
    };
    let in_all: u64 = moves.values().sum();
    if in_all == 0 {
        return None;
    }
    let moves = moves.into_iter().map(|((from, to), parts)| Move {
        from: from.to_owned(),
        to: to.to_owned(),
        percent: percent(parts),
    });
    Some(Movement {
        service: service.to_owned(),
        whom,
        redrawn,
        percent: percent(in_all),
        least_percent: percent(least(&old.parts, &new.parts)),
        moves: moves.collect(),
        moved: in_all,
    })
}

#[expect(clippy::cast_precision_loss, reason = "at most 10^10")]
fn percent(parts: u64) -> f64 {
    parts as f64 / (WHOLE / 100) as f64
}

type Moves<'p> = BTreeMap<(&'p str, &'p str), u64>;

/// Bucket for bucket: who was here and will be there.
fn exact<'p>(old: &[Part<'p>], new: &[Part<'p>]) -> Moves<'p> {
    let mut moves = Moves::new();
    for from in old {
        for to in new {
            let start = from.buckets.start.max(to.buckets.start);
            let end = from.buckets.end.min(to.buckets.end);
            if start < end && from.version != to.version {
                *moves.entry((from.version, to.version)).or_default() +=
                    u64::from(end - start) * u64::from(SCALE);
            }
        }
    }
    moves
}

/// Where everybody draws anew, the old version and the new one are independent.
fn expected<'p>(old: &[Part<'p>], new: &[Part<'p>]) -> Moves<'p> {
    let mut moves = Moves::new();
    for from in old {
        for to in new.iter().filter(|to| to.version != from.version) {
            *moves.entry((from.version, to.version)).or_default() +=
                from.buckets.len() as u64 * to.buckets.len() as u64;
        }
    }
    moves
}

/// How many must move for the new shares: what versions lose.
fn least(old: &[Part<'_>], new: &[Part<'_>]) -> u64 {
    let mut versions: Vec<_> = old.iter().map(|part| part.version).collect();
    versions.sort_unstable();
    versions.dedup();
    let lost = versions.into_iter().map(|version| {
        let (had, has) = (layout::share(old, version), layout::share(new, version));
        u64::from(had.saturating_sub(has))
    });
    lost.sum::<u64>() * u64::from(SCALE)
}
