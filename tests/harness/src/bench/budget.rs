//! What typical policies may add to a request: a file of the repository, and the gate that holds the
//! filter to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, LineStyle, Table};

use super::report::{Row, thousands};
use crate::place;

/// More than this above the budget fails: counts repeat to a third of it.
const TOLERANCE: f64 = 0.03;

/// Instructions added to a request, by case.
type Budget = BTreeMap<String, i64>;

/// What the rows add, as a budget.
fn of(rows: &[Row]) -> Budget {
    #[allow(clippy::cast_possible_truncation)] // Far below 2^52.
    let entry = |row: &Row| Some((row.case.clone(), row.added?.round() as i64));
    rows.iter().filter_map(entry).collect()
}

/// Makes what was measured the budget.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write(rows: &[Row]) -> Result<PathBuf> {
    let path = path()?;
    let text = serde_json::to_string_pretty(&of(rows))?;
    fs::write(&path, text + "\n")
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

/// The committed budget.
///
/// # Errors
/// If there is none.
pub(super) fn read() -> Result<Budget> {
    let path = path()?;
    let text = fs::read_to_string(&path)
        .with_context(|| format!("{}: write it with `make bench-budget`", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no budget", path.display()))
}

/// Each case beside its budget, and whether all are within theirs.
pub(super) fn compare(rows: &[Row], budget: &Budget) -> (Table, bool) {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_header(["case", "added", "budget", "change", ""]);
    let mut within = true;
    for (case, added) in of(rows) {
        #[allow(clippy::cast_precision_loss)] // As above.
        let (added, allowed) = (
            added as f64,
            budget.get(&case).map(|&allowed| allowed as f64),
        );
        let change = allowed.map(|allowed| added / allowed - 1.0);
        let verdict = verdict(change);
        within &= verdict.1;
        table.add_row([
            case,
            thousands(added),
            allowed.map(thousands).unwrap_or_default(),
            change
                .map(|change| format!("{:+.1} %", change * 100.0))
                .unwrap_or_default(),
            verdict.0.to_owned(),
        ]);
    }
    for column in 1..=3 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    (table, within)
}

/// What a change of a case's cost comes to, and whether it passes.
fn verdict(change: Option<f64>) -> (&'static str, bool) {
    match change {
        None => ("has no budget", false),
        Some(change) if change > TOLERANCE => ("TOO MUCH", false),
        Some(change) if change < -TOLERANCE => ("ok, the budget can go down", true),
        Some(_) => ("ok", true),
    }
}

fn path() -> Result<PathBuf> {
    Ok(place::repository()?.join("tests/harness/budget.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_more_than_the_tolerance_fails() {
        let passes = |change| verdict(Some(change)).1;
        assert!(passes(0.0) && passes(0.029) && passes(-0.5));
        assert!(!passes(0.031));
        assert!(!verdict(None).1);
    }
}
