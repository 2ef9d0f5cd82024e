//! How many users a change moves: counted over the buckets, not sampled.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sides::{Ruling, Side};
use crate::SCALE;
use crate::cli::layout::{self, Part};

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
    /// How many would move, had `keep` not written down where they are.
    pub(super) kept_percent: f64,
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

impl Movement {
    /// Whether more move than this many buckets.
    pub(super) fn above(&self, buckets: u32) -> bool {
        self.moved > u64::from(buckets) * u64::from(SCALE)
    }
}

/// What moves in a service.
pub(super) fn moved(before: &Side<'_>, after: &Side<'_>) -> Vec<Movement> {
    let name = before.service.name();
    let everybody = (before.everybody(), after.everybody());
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
        let ruling = after.ruling(rule);
        movements.extend(match before.named(rule.name()) {
            Some(old) => movement(name, rule.name().to_owned(), &before.ruling(old), &ruling),
            None => movement(name, format!("{}, new", rule.name()), &everybody.0, &ruling),
        });
    }
    let gone = before
        .conditional()
        .filter(|rule| after.named(rule.name()).is_none());
    movements.extend(gone.filter_map(|rule| {
        let whom = format!("{}, removed", rule.name());
        movement(name, whom, &before.ruling(rule), &everybody.1)
    }));
    movements
}

/// Who is copied of a service's users and was not, or was and is not: each mirror by itself.
pub(super) fn copied(before: &Side<'_>, after: &Side<'_>) -> Vec<Movement> {
    let gone = before
        .copied()
        .filter(|version| !after.copied().any(|own| own == *version));
    let copies = after.copied().chain(gone).filter_map(|version| {
        let (old, new) = (before.copies(version), after.copies(version));
        movement(
            before.service.name(),
            format!("copies to {version}"),
            &old,
            &new,
        )
    });
    copies.collect()
}

/// Compares what decided with what will; `None` if nobody moves.
fn movement(service: &str, whom: String, old: &Ruling<'_>, new: &Ruling<'_>) -> Option<Movement> {
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
    let keeps = |version: &str| match (&old.draw, &new.draw) {
        (Some(before), Some(after)) => before.keeps(after, version),
        _ => false,
    };
    let (kept, moves): (Moves<'_>, Moves<'_>) =
        moves.into_iter().partition(|((from, _), _)| keeps(from));
    let in_all: u64 = moves.values().sum();
    let kept: u64 = kept.values().sum();
    if in_all == 0 && kept == 0 {
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
        least_percent: percent(least(&old.parts, &new.parts).min(in_all)),
        kept_percent: percent(kept),
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
