//! Every row of a run, by checks.

use clap::ValueEnum;
use maud::{Markup, html};

use crate::checks::Check;
use crate::report::Row;

/// All rows; those of checks that failed are open.
pub(super) fn table(rows: &[Row]) -> Markup {
    // Rows of one check stand together.
    let groups = rows.chunk_by(|one, next| one.check == next.check);
    html! {
        form #filter hidden {
            input type="search" name="text" aria-label="Show the rows with this text"
                placeholder="Show the rows with …";
            label { input type="checkbox" name="failed"; " only what failed" }
        }
        @for group in groups { (details(group)) }
    }
}

fn details(group: &[Row]) -> Markup {
    let check = group.first().map_or("", |row| &row.check);
    let well = group.iter().filter(|row| row.passed).count();
    let is_well = well == group.len();
    html! {
        details data-check=(check) open[!is_well] {
            summary {
                span.name { (check) }
                span class=(if is_well { "well" } else { "failed" }) { (well) " of " (group.len()) }
                span.purpose { (purpose(check)) }
            }
            .scrolls {
                table.rows {
                    thead { tr {
                        th.rule { "what" }
                        th { "expected" }
                        th { "observed" }
                        th { "accepted" }
                        th.verdict-of { span { "verdict" } }
                    } }
                    tbody { @for row in group { (line(row)) } }
                }
            }
        }
    }
}

fn line(row: &Row) -> Markup {
    html! {
        tr data-failed[!row.passed] {
            td { (row.rule) }
            td { (row.expected) }
            td { (row.observed) }
            td { (row.interval) }
            @if row.passed { td.well { "ok" } } @else { td.failed { "FAILED" } }
        }
    }
}

/// What a check verifies, as the command line has it.
fn purpose(check: &str) -> String {
    let known = Check::value_variants().iter();
    let known = known.copied().find(|known| known.name() == check);
    match known {
        Some(known) => known.purpose(),
        None if check == super::check::NAME => {
            "This page in a browser: light and dark, on a desk and on a telephone.".to_owned()
        }
        None => String::new(),
    }
}
