//! A change for people.

use std::fmt::Write;

use super::Change;
use super::movement::Movement;
use crate::changes::{Edit, What};
use crate::cli::output::{BAD, BOLD, GOOD, WARN, percent, styled};

pub(in crate::cli) fn human(change: &Change, max_moved: Option<u32>) -> String {
    let mut out = String::new();
    if change.changes.is_empty() {
        return "nothing changes\n".to_owned();
    }
    let _ = writeln!(out, "changes");
    for edit in &change.changes {
        let _ = writeln!(out, "  {}", words(edit));
    }
    let _ = writeln!(out, "\nusers");
    if change.movements.is_empty() {
        let _ = writeln!(out, "  nobody moves");
    }
    for movement in &change.movements {
        moves(&mut out, movement, &moved(movement));
    }
    if !change.copies.is_empty() {
        let _ = writeln!(out, "\ncopies");
    }
    for movement in &change.copies {
        moves(&mut out, movement, &copied(movement));
    }
    if let Some(most) = max_moved {
        let verdict = if change.ok {
            styled(GOOD, format!("no rule moves more than {}", percent(most)))
        } else {
            styled(BAD, format!("more than {} move", percent(most)))
        };
        let _ = writeln!(out, "\n{verdict}");
    }
    out
}

fn words(edit: &Edit) -> String {
    let style = match edit.what {
        What::Added => GOOD,
        What::Removed => BAD,
        What::Changed | What::Reordered => WARN,
    };
    format!("{} {edit}", styled(style, edit.what.mark()))
}

/// Percentages are exact to a thousandth, or expected ones that need no more.
fn share(percent: f64) -> String {
    format!("{} %", (percent * 1_000.0).round() / 1_000.0)
}

fn moved(movement: &Movement) -> String {
    let moved = drawn(movement);
    if movement.kept_percent > 0.0 {
        let kept = share(movement.kept_percent);
        format!("{moved}; {kept} stay, by `keep`")
    } else {
        moved
    }
}

fn drawn(movement: &Movement) -> String {
    let moved = share(movement.percent);
    let least = share(movement.least_percent);
    if movement.redrawn {
        let redrawn = format!(
            "everybody is drawn anew, since salt or keys change: {moved} move, where {least} would do"
        );
        styled(WARN, redrawn)
    } else if movement.percent > movement.least_percent {
        styled(
            WARN,
            format!("{moved} move, where {least} would do: the shares' order crosses"),
        )
    } else {
        format!("{moved} move, the least for these shares")
    }
}

fn copied(movement: &Movement) -> String {
    let changed = format!("begin or end for {}", share(movement.percent));
    if movement.redrawn {
        styled(
            WARN,
            format!("everybody is drawn anew, since keys change: they {changed}"),
        )
    } else {
        changed
    }
}

fn moves(out: &mut String, movement: &Movement, note: &str) {
    let whom = styled(BOLD, format!("{}, {}", movement.service, movement.whom));
    let _ = writeln!(out, "  {whom}: {note}");
    for each in &movement.moves {
        let _ = writeln!(
            out,
            "    {} → {}  {}",
            each.from,
            each.to,
            share(each.percent)
        );
    }
}
