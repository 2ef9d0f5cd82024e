//! `graylane diff`: what changes between two policies, and how many users move.

mod defaults;
mod movement;
mod show;
mod sides;
mod words;

use std::path::PathBuf;

use serde::Serialize;

use super::clock::moment;
use super::input::{File, Loaded};
use super::output::{Exit, Format, Said};
use super::request::Place;
use crate::SCALE;
use movement::Movement;
pub(super) use show::human;
use sides::Side;

const EXAMPLES: &str = "Examples:
  graylane diff policy.yaml next.yaml
  git show HEAD:policy.yaml | graylane diff - policy.yaml --max-moved 10%

Exit codes: 0 at most so many move, 3 more than --max-moved do, 1 a policy is refused";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The policy in force; `-` is standard input
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The one to come
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The policy, where the files hold several: a filter's or `WasmPlugin`'s name
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// How many users of a rule may move, such as 10%; if more do, the exit code is 3
    #[arg(long, value_name = "PERCENT", value_parser = limit)]
    max_moved: Option<u32>,
    /// When the change is made, such as 2026-11-21T20:00:00+08:00; by default it is now
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    #[command(flatten)]
    place: Place,
    /// For people or for programs
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// What the change is.
#[derive(Serialize)]
pub(super) struct Change {
    changes: Vec<words::Edit>,
    movements: Vec<Movement>,
    /// Of whom copies begin or end. Nobody moves by that.
    copies: Vec<Movement>,
    /// Whether no more users move than allowed.
    pub(super) ok: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Said> {
    let load = |file: &PathBuf| {
        let file = File {
            file: file.clone(),
            policy: args.policy.clone(),
        };
        file.load(&args.place.node())
    };
    let (old, new) = (load(&args.old)?, load(&args.new)?);
    let change = between(&old, &new, moment(args.at.as_deref())?, args.max_moved);
    let exit = if change.ok { Exit::Fine } else { Exit::NotMet };
    match args.format {
        Format::Json => Said::json(&change, exit),
        Format::Human => Ok(Said {
            text: human(&change, args.max_moved),
            exit,
        }),
    }
}

/// What changes between two policies at a moment, and whether no more users of a rule move than these
/// buckets.
pub(super) fn between(old: &Loaded, new: &Loaded, now: u64, max_moved: Option<u32>) -> Change {
    let (movements, copies) = moves(old, new, now);
    let over = |movement: &Movement| max_moved.is_some_and(|most| movement.above(most));
    Change {
        changes: words::edits(&old.document, &new.document),
        ok: !movements.iter().any(over),
        movements,
        copies,
    }
}

/// Whether two documents say the same, however they write it.
pub(super) fn is_same(one: &serde_json::Value, other: &serde_json::Value) -> bool {
    words::edits(one, other).is_empty()
}

/// What moves, and what is copied, in each service that both policies have.
fn moves(old: &Loaded, new: &Loaded, now: u64) -> (Vec<Movement>, Vec<Movement>) {
    let documents = (
        defaults::left_out(&old.document),
        defaults::left_out(&new.document),
    );
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

/// A percentage in buckets.
pub(super) fn limit(text: &str) -> Result<u32, &'static str> {
    let number = text.trim_end_matches('%').trim_end();
    let percent: f64 = number.parse().map_err(|_| "write it as 10%")?;
    if !(0.0..=100.0).contains(&percent) {
        return Err("use 0% to 100%");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to SCALE"
    )]
    Ok((percent * f64::from(SCALE) / 100.0).floor() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_percentage() {
        assert_eq!(limit("10%"), Ok(10_000));
        assert_eq!(limit("0.001 %"), Ok(1));
        assert_eq!(limit("100"), Ok(SCALE));
        for wrong in ["101%", "-1%", "ten", "", "NaN"] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
    }
}
