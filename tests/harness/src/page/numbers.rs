//! The numbers that the page shows are those of the report: read off the page, texts as they are
//! written, and dots by where they are.

use super::check::{Drawn, NAME, Seen};
use crate::report::{Report, Row};
use crate::series::{Latency, Quantile, Ramp, Rollback, Share, percent};

/// How far a dot may be from its share, in percent: a tenth of a pixel, and some.
const NEAR: f64 = 0.1;

/// A row for the table, and one for each figure.
pub(super) fn rows(report: &Report, seen: &Seen) -> Vec<Row> {
    let own = report.rows.iter().zip(&seen.rows);
    let right = own.filter(|(row, seen)| is_row(row, seen)).count();
    let mut rows = vec![Row::judged(
        NAME,
        "rows of the table that are the report's",
        report.rows.len(),
        right,
        "exact",
        right == report.rows.len() && right == seen.rows.len(),
    )];
    let series = &report.series;
    let figure = |name: &str| seen.figures.iter().find(|drawn| drawn.name == name);
    let mut add = |name: &str, is_right: bool| {
        let rule = format!("numbers of the figure {name}");
        rows.push(Row::exact(
            NAME,
            rule,
            "the report's",
            if is_right { "the report's" } else { "others" },
        ));
    };
    if !series.shares.is_empty() {
        add(
            "shares",
            figure("shares").is_some_and(|drawn| are_shares(&series.shares, drawn)),
        );
    }
    if let Some(ramp) = &series.ramp {
        add(
            "ramp",
            figure("ramp").is_some_and(|drawn| is_ramp(ramp, drawn)),
        );
    }
    if let Some(rollback) = &series.rollback {
        add(
            "rollback",
            figure("rollback").is_some_and(|drawn| is_rollback(rollback, drawn)),
        );
    }
    if let Some(latency) = &series.latency {
        add("latency", is_latency(latency, &seen.quantiles));
    }
    rows
}

fn is_row(row: &Row, seen: &[String]) -> bool {
    let verdict = if row.passed { "ok" } else { "FAILED" };
    let own = [
        &row.check,
        &row.rule,
        &row.expected,
        &row.observed,
        &row.interval,
        verdict,
    ];
    own.iter().copied().eq(seen.iter().map(String::as_str))
}

fn are_shares(shares: &[Share], drawn: &Drawn) -> bool {
    let is = |(share, texts): (&Share, &Vec<String>)| {
        let users = format!("{} of {}", share.hits, share.users);
        let texts: Vec<_> = texts.iter().map(|text| text.replace(',', "")).collect();
        texts.contains(&share.version) && texts.contains(&users)
    };
    shares.len() == drawn.shares.len() && shares.iter().zip(&drawn.shares).all(is)
}

/// The lines of the grid are at 0 % and at 100 %, and between.
fn is_ramp(ramp: &Ramp, drawn: &Drawn) -> bool {
    let floor = drawn.grid.iter().copied().fold(f64::MIN, f64::max);
    let top = drawn.grid.iter().copied().fold(f64::MAX, f64::min);
    let shown = drawn
        .dots
        .iter()
        .map(|y| 100.0 * (floor - y) / (floor - top));
    let own = ramp.bins.iter().map(|bin| percent(bin.hits, bin.requests));
    ramp.bins.len() == drawn.dots.len()
        && own
            .zip(shown)
            .all(|(own, shown)| (own - shown).abs() < NEAR)
}

fn is_rollback(rollback: &Rollback, drawn: &Drawn) -> bool {
    let (mut canary, mut failure, mut baseline) = (0, 0, 0);
    for bin in &rollback.bins {
        canary += bin.canary;
        failure += bin.failed;
        baseline += bin.baseline;
    }
    let own = [
        ("canary", canary),
        ("failure", failure),
        ("baseline", baseline),
    ];
    own.iter()
        .all(|(class, count)| drawn.squares.get(*class) == Some(count))
}

/// The columns: without the filter, and with it.
fn is_latency(latency: &Latency, cells: &[String]) -> bool {
    let told = |quantile: &Quantile| [quantile.ms, quantile.low_ms, quantile.high_ms];
    let both = latency
        .without
        .quantiles
        .iter()
        .zip(&latency.with.quantiles);
    let both = both.flat_map(|(without, with)| [told(without), told(with)]);
    let own: Vec<_> = both.chain([told(&latency.added)]).collect();
    let written = cells.iter().filter(|cell| !cell.is_empty());
    let shown: Vec<_> = written.map(|cell| numbers(cell)).collect();
    let near = |(own, shown): (&[f64; 3], &Vec<f64>)| {
        shown.len() == 3
            && own
                .iter()
                .zip(shown)
                .all(|(own, shown)| (own - shown).abs() < 0.001)
    };
    own.len() == shown.len() && own.iter().zip(&shown).all(near)
}

fn numbers(text: &str) -> Vec<f64> {
    let words = text.split(|letter: char| !(letter.is_ascii_digit() || "-.".contains(letter)));
    words.filter_map(|word| word.parse().ok()).collect()
}
