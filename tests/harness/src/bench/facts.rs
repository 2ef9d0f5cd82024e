//! What else was measured: seconds and bytes of this machine, with the filter and without it.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, LineStyle, Table};
use serde::Serialize;

/// One measurement of this machine.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Fact {
    /// What was measured.
    pub(super) what: String,
    /// Of what.
    pub(super) unit: &'static str,
    /// Without the filter; nothing where there is no such thing.
    pub(super) without: Option<f64>,
    /// With it.
    pub(super) with: f64,
    /// What has to be known beside it.
    pub(super) note: String,
}

impl Fact {
    fn change(&self) -> Option<f64> {
        Some(self.with - self.without?)
    }
}

/// The facts as a table.
pub(super) fn table(facts: &[Fact]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_header(["measured", "without", "with", "change", "unit", ""]);
    for fact in facts {
        table.add_row([
            fact.what.clone(),
            fact.without.map(readable).unwrap_or_default(),
            readable(fact.with),
            fact.change()
                .map(|change| format!("{change:+.2}"))
                .unwrap_or_default(),
            fact.unit.to_owned(),
            fact.note.clone(),
        ]);
    }
    for column in 1..=3 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn readable(number: f64) -> String {
    if number.abs() < 1_000.0 {
        format!("{number:.2}")
    } else {
        super::report::thousands(number)
    }
}

/// The middle of the numbers, the least and the greatest; zeros if there are none.
pub(super) fn spread(mut numbers: Vec<f64>) -> (f64, f64, f64) {
    numbers.sort_by(f64::total_cmp);
    let at = |index: usize| numbers.get(index).copied().unwrap_or_default();
    let last = numbers.len().saturating_sub(1);
    (
        f64::midpoint(at(last / 2), at(numbers.len() / 2)),
        at(0),
        at(last),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_between_two_or_is_one() {
        assert_eq!(spread(vec![3.0, 1.0, 2.0]), (2.0, 1.0, 3.0));
        assert_eq!(spread(vec![4.0, 1.0, 2.0, 3.0]), (2.5, 1.0, 4.0));
        assert_eq!(spread(Vec::new()), (0.0, 0.0, 0.0));
    }
}
