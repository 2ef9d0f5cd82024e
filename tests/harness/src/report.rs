//! What the checks found: a table for people, JSON for machines.

use std::path::PathBuf;

use anyhow::{Context, Result};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ColumnConstraint, ContentArrangement, LineStyle, Table, Width};
use serde::Serialize;

use crate::facts::Facts;
use crate::place;
use crate::series::Series;

/// The widest column, in characters.
const WIDEST: u16 = 64;

/// One thing that was checked.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The check.
    pub check: String,
    /// What of it: a rule, a case.
    pub rule: String,
    /// What had to be.
    pub expected: String,
    /// What was.
    pub observed: String,
    /// What would have been accepted.
    pub interval: String,
    /// Whether it passed.
    pub passed: bool,
}

#[allow(clippy::needless_pass_by_value)] // Numbers and texts alike, as they come.
impl Row {
    /// A row whose acceptance is plain equality.
    #[must_use]
    pub fn exact(
        check: &str,
        rule: impl Into<String>,
        expected: impl ToString,
        observed: impl ToString,
    ) -> Self {
        let (expected, observed) = (expected.to_string(), observed.to_string());
        Self {
            check: check.to_owned(),
            rule: rule.into(),
            passed: expected == observed,
            expected,
            observed,
            interval: "exact".to_owned(),
        }
    }

    /// A row that passed if `passed`.
    #[must_use]
    pub fn judged(
        check: &str,
        rule: impl Into<String>,
        expected: impl ToString,
        observed: impl ToString,
        interval: impl ToString,
        passed: bool,
    ) -> Self {
        Self {
            check: check.to_owned(),
            rule: rule.into(),
            expected: expected.to_string(),
            observed: observed.to_string(),
            interval: interval.to_string(),
            passed,
        }
    }
}

/// What a check found: its rows, and what it measured beside them.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The rows, in order.
    pub rows: Vec<Row>,
    /// What can be drawn.
    pub series: Series,
}

impl From<Vec<Row>> for Found {
    fn from(rows: Vec<Row>) -> Self {
        Self {
            rows,
            series: Series::default(),
        }
    }
}

/// The rows of a check. One that could not be made is a failed row, and told.
#[must_use]
pub fn rows_of(check: &str, outcome: Result<Vec<Row>>) -> Vec<Row> {
    let outcome = outcome.with_context(|| format!("the check {check} could not be made"));
    outcome.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        let none = "none; see above";
        vec![Row::judged(check, "—", "a run", none, "—", false)]
    })
}

/// Every row of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// What was run, and where; `None` where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Facts>,
    /// The rows, in order.
    pub rows: Vec<Row>,
    /// What was measured beside them.
    pub series: Series,
}

impl Report {
    /// Whether anything failed. A run that checked nothing has failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|row| !row.passed)
    }

    /// The rows as a table.
    #[must_use]
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        // One line a row, and long sentences folded.
        table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["check", "rule", "expected", "observed", "accepted", ""]);
        for row in &self.rows {
            let verdict = if row.passed { "ok" } else { "FAILED" };
            table.add_row([
                &row.check,
                &row.rule,
                &row.expected,
                &row.observed,
                &row.interval,
                verdict,
            ]);
        }
        let widest = ColumnConstraint::UpperBoundary(Width::Fixed(WIDEST));
        for column in table.column_iter_mut() {
            column.set_constraint(widest);
        }
        table
    }

    /// How many rows passed, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let passed = self.rows.iter().filter(|row| row.passed).count();
        format!("{passed} passed, {} failed", self.rows.len() - passed)
    }

    /// Writes `report.json` beside the logs; where.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self) -> Result<PathBuf> {
        let path = place::results()?.join("report.json");
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(&path, text + "\n")
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(path)
    }
}
