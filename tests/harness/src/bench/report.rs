//! What was measured: a table for people, JSON for machines.

use std::collections::BTreeMap;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, LineStyle, Table};
use serde::Serialize;

use super::cases::Case;
use super::instructions::Count;

/// The instructions of one case.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    /// What `--only` calls it.
    pub case: String,
    /// What it is.
    pub title: String,
    /// Instructions for a request.
    pub per_request: f64,
    /// By how much two windows of one run differ, as a share.
    pub spread: f64,
    /// The case with the same routes and no filter.
    pub base: Option<String>,
    /// Instructions for a request over that case's.
    pub added: Option<f64>,
    /// What it is held against.
    pub held: Option<Ratio>,
}

/// What a case adds, as a multiple of what another adds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Ratio {
    /// The other case.
    pub against: String,
    /// The multiple.
    pub multiple: f64,
    /// The most that it may be.
    pub target: Option<f64>,
    /// Whether all that Envoy does is compared, rather than what the filters add.
    pub whole: bool,
}

impl Ratio {
    fn beside(&self) -> String {
        let against = &self.against;
        if self.whole {
            format!("{against}, all of Envoy")
        } else {
            against.clone()
        }
    }

    fn verdict(&self) -> &'static str {
        match self.target {
            None => "",
            Some(target) if self.multiple <= target => "met",
            Some(_) => "missed",
        }
    }
}

/// The rows of the cases that were counted, in the order of the cases.
#[must_use]
pub(super) fn rows(cases: &[Case], counts: &BTreeMap<&str, Count>) -> Vec<Row> {
    let added = |case: &Case| {
        let own = counts.get(case.name)?.per_request;
        Some(own - counts.get(case.base?)?.per_request)
    };
    let named = |name: &str| cases.iter().find(|case| case.name == name);
    let row = |case: &Case| {
        let count = counts.get(case.name)?;
        let held = case.held.and_then(|held| {
            let other = named(held.against)?;
            let cost = |case: &Case| {
                let whole = counts.get(case.name).map(|count| count.per_request);
                whole.filter(|_| held.whole).or_else(|| added(case))
            };
            Some(Ratio {
                against: held.against.to_owned(),
                multiple: cost(case)? / cost(other)?,
                target: held.target,
                whole: held.whole,
            })
        });
        Some(Row {
            case: case.name.to_owned(),
            title: case.title.to_owned(),
            per_request: count.per_request,
            spread: count.spread,
            base: case.base.map(str::to_owned),
            added: added(case),
            held,
        })
    };
    cases.iter().filter_map(row).collect()
}

/// The rows as a table.
#[must_use]
pub(super) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_header([
        "case",
        "",
        "instructions/request",
        "added",
        "held against",
        "ratio",
        "target",
        "",
    ]);
    for row in rows {
        let held = row.held.as_ref();
        let target = held.and_then(|held| held.target);
        table.add_row([
            row.case.clone(),
            row.title.clone(),
            thousands(row.per_request),
            row.added.map(thousands).unwrap_or_default(),
            held.map(Ratio::beside).unwrap_or_default(),
            held.map(|held| format!("{:.3}", held.multiple))
                .unwrap_or_default(),
            target
                .map(|target| format!("≤ {target:.2}"))
                .unwrap_or_default(),
            held.map(|held| held.verdict().to_owned())
                .unwrap_or_default(),
        ]);
    }
    for number in [2, 3, 5] {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A number without its fraction, in groups of three digits.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number <= -0.5 {
        format!("-{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups() {
        let written = [0.0, 999.4, 1_000.0, -35_370.2, 1_234_567.0].map(thousands);
        assert_eq!(written, ["0", "999", "1,000", "-35,370", "1,234,567"]);
    }

    #[test]
    fn a_target_is_met_or_missed() {
        let ratio = |multiple, target| Ratio {
            against: String::new(),
            multiple,
            target,
            whole: false,
        };
        assert_eq!(ratio(1.05, Some(1.05)).verdict(), "met");
        assert_eq!(ratio(1.06, Some(1.05)).verdict(), "missed");
        assert_eq!(ratio(9.0, None).verdict(), "");
    }
}
