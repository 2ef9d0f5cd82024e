//! The page itself.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::figures::{self, Figure};
use super::frame::{Frame, real, seconds};
use super::{FIGURE, THEME, rows};
use crate::bench::thousands;
use crate::facts::Facts;
use crate::report::Report;
use crate::series::{Latency, Quantile, Rollback, Series};

const PAGE: &str = include_str!("page.css");
const FILTER: &str = include_str!("filter.js");

/// The page of a report.
#[must_use]
pub fn html(report: &Report) -> String {
    let series = &report.series;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "graylane: a run of the demo" }
                style { (PreEscaped(THEME)) (PreEscaped(FIGURE)) (PreEscaped(PAGE)) }
            }
            body {
                (header(report))
                main {
                    @for figure in figures::of(series) { (section(&figure, series)) }
                    section #rows {
                        h2 { "Everything that was checked" }
                        p { "Each row is one thing that had to be so, and what was." }
                        (rows::table(&report.rows))
                    }
                }
                footer {
                    p {
                        "Written by " code { "make demo" } " beside " code { "report.json" }
                        ", which holds the same numbers."
                    }
                }
                script { (PreEscaped(FILTER)) }
            }
        }
    };
    page.into_string()
}

fn header(report: &Report) -> Markup {
    let passed = report.rows.iter().filter(|row| row.passed).count();
    let all = report.rows.len();
    let class = if report.failed() {
        "count failed"
    } else {
        "count"
    };
    html! {
        header {
            h1 { "graylane" }
            p.verdict {
                span class=(class) { (passed) " of " (all) }
                " checks passed, in real Envoy on real traffic"
            }
            @if let Some(facts) = &report.run { (list(facts)) }
        }
    }
}

fn list(facts: &Facts) -> Markup {
    let unknown = || "unknown".to_owned();
    let processor = facts.processor.clone().unwrap_or_else(unknown);
    let threads = facts
        .threads
        .map_or_else(unknown, |threads| threads.to_string());
    // `commit/1.40.0/Clean/RELEASE/BoringSSL`
    let envoy = facts.envoy.split('/').nth(1).unwrap_or(&facts.envoy);
    let terms = [
        ("Envoy", envoy.to_owned()),
        (
            "Module",
            format!("{} bytes", thousands(real(facts.module_bytes))),
        ),
        ("Revision", facts.revision.clone().unwrap_or_else(unknown)),
        ("Made", facts.at.clone()),
        ("Took", format!("{} s", facts.seconds)),
        ("Users of a check", thousands(real(facts.users as u64))),
        ("Processor", format!("{processor}, {threads} at once")),
        ("System", facts.system.clone()),
    ];
    html! {
        dl { @for (term, told) in terms { div { dt { (term) } dd { (told) } } } }
    }
}

fn section(figure: &Figure, series: &Series) -> Markup {
    let beside = match figure.name {
        "rollback" => series.rollback.as_ref().map(log),
        "latency" => series.latency.as_ref().map(quantiles),
        _ => None,
    };
    html! {
        section id=(figure.name) {
            h2 { (figure.title) }
            p { (figure.found) }
            figure { @for frame in Frame::ALL { (PreEscaped(figure.inline(frame))) } }
            @if let Some(beside) = beside { (beside) }
        }
    }
}

/// What the proxy's log says of a rollback.
fn log(rollback: &Rollback) -> Markup {
    html! {
        .beside {
            p { "Its guard is " code { (rollback.guard) } ". The proxy's log:" }
            ol.log {
                @for turn in &rollback.verdicts {
                    li { (seconds(turn.at_ms)) ": " code { (turn.line) } }
                }
            }
        }
    }
}

/// The quantiles that people ask for.
fn quantiles(latency: &Latency) -> Markup {
    let told = |quantile: &Quantile| {
        format!(
            "{:.3} ({:.3} to {:.3})",
            quantile.ms, quantile.low_ms, quantile.high_ms
        )
    };
    let both = latency
        .without
        .quantiles
        .iter()
        .zip(&latency.with.quantiles);
    html! {
        .beside .scrolls {
            table {
                thead { tr {
                    th { "milliseconds" }
                    th.number { "without the filter" }
                    th.number { "with it" }
                } }
                tbody {
                    @for (without, with) in both {
                        tr {
                            td { (format!("{} % took at most", without.share * 100.0)) }
                            td.number { (told(without)) }
                            td.number { (told(with)) }
                        }
                    }
                    tr {
                        td { "within a pair, the filter adds: median" }
                        td.number {}
                        td.number { (told(&latency.added)) }
                    }
                }
            }
        }
    }
}
