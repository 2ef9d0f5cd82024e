//! `graylane diff`: what changes between two policies, and how many users move.

#[cfg(feature = "cli")]
mod command;
mod movement;
mod secrets;
mod show;
mod sides;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::input::Loaded;
use crate::changes;
use crate::policy::tree::Tree;
#[cfg(feature = "cli")]
pub(super) use command::{Args, limit, run};
use movement::Movement;
pub(super) use show::human;
use sides::Side;

/// What the change is.
#[derive(Serialize)]
pub(super) struct Change {
    changes: Vec<changes::Edit>,
    movements: Vec<Movement>,
    /// Of whom copies begin or end. Nobody moves by that.
    copies: Vec<Movement>,
    /// Whether no more users move than allowed.
    pub(super) ok: bool,
}

/// What changes between two policies at a moment, and whether no more users of a rule move than these
/// buckets.
pub(super) fn between(old: &Loaded, new: &Loaded, now: u64, max_moved: Option<u32>) -> Change {
    let (movements, copies) = moves(old, new, now);
    let over = |movement: &Movement| max_moved.is_some_and(|most| movement.above(most));
    Change {
        changes: changes::edits(
            secrets::hushed(tree(&old.document), &[]),
            secrets::hushed(tree(&new.document), &secrets::of(&tree(&old.document))),
        ),
        ok: !movements.iter().any(over),
        movements,
        copies,
    }
}

fn tree(document: &Value) -> Tree {
    // It takes whatever JSON has.
    Tree::deserialize(document).unwrap_or(Tree::Null)
}

/// A document without the fields that have their default.
fn left_out(document: &Value) -> Value {
    let json = changes::left_out(tree(document)).to_json();
    serde_json::from_str(&json).unwrap_or_default()
}

/// Whether two documents say the same, however they write it.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    changes::edits(tree(one), tree(other)).is_empty()
}

/// What moves, and what is copied, in each service that both policies have.
fn moves(old: &Loaded, new: &Loaded, now: u64) -> (Vec<Movement>, Vec<Movement>) {
    let documents = (left_out(&old.document), left_out(&new.document));
    let (mut movements, mut copies) = (Vec::new(), Vec::new());
    for (index, service) in new.rules.services().iter().enumerate() {
        let mut before = old.rules.services().iter();
        let Some(at) = before.position(|other| other.name() == service.name()) else {
            continue;
        };
        let before = Side::new(&old.rules, at, &documents.0, now);
        let after = Side::new(&new.rules, index, &documents.1, now);
        movements.extend(movement::moved(&before, &after));
        copies.extend(movement::copied(&before, &after));
    }
    (movements, copies)
}
