//! What each release did: a table for people, JSON for machines.

use std::path::PathBuf;

use anyhow::{Context, Result};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{LineStyle, Table};
use serde_json::json;

use super::differences::Difference;
use super::{Tried, place};

/// A line for each sample and check, a column for each release.
pub(super) fn table(all: &[Tried]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    let releases = all.iter().map(|tried| tried.release);
    table.set_header(std::iter::once("").chain(releases));
    let Some(first) = all.first() else {
        return table;
    };
    for (number, (sample, _)) in first.samples.iter().enumerate() {
        let cells = all.iter().map(|tried| match tried.samples.get(number) {
            Some((_, None)) => "ok",
            _ => "refused",
        });
        let name = format!("sample {sample}");
        table.add_row(std::iter::once(name.as_str()).chain(cells));
    }
    let checks = all.iter().max_by_key(|tried| tried.checks.len());
    let checks = checks.map(|tried| &tried.checks).into_iter().flatten();
    for (number, (check, _)) in checks.enumerate() {
        let cells = all.iter().map(|tried| match tried.checks.get(number) {
            Some((_, rows)) => {
                let failed = rows.iter().filter(|row| !row.passed).count();
                match failed {
                    0 => format!("ok ({})", rows.len()),
                    _ => format!("{failed} of {} differ", rows.len()),
                }
            }
            None => "not made".to_owned(),
        });
        table.add_row(std::iter::once(check.clone()).chain(cells));
    }
    table
}

/// A line for each difference.
pub(super) fn notes(found: &[Difference]) -> String {
    let lines = found.iter().map(|difference| {
        let Difference {
            release,
            what,
            observed,
            known,
        } = difference;
        let known = known.map_or("NOT KNOWN".to_owned(), |why| format!("known: {why}"));
        format!("{release}  {what}: {observed}; {known}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Writes `target/versions/report.json`; where.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write(all: &[Tried], found: &[Difference]) -> Result<PathBuf> {
    let folder = place::repository()?.join("target/versions");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("report.json");
    let report = json!({ "releases": all, "differences": found });
    let text = serde_json::to_string_pretty(&report)?;
    std::fs::write(&path, text + "\n")
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}
