//! The page of a run, of a report that is written down here: what it shows is the report's, and what
//! is wrong with it is found.
//!
//! Where there is no browser, what needs one is left out, and said.

use std::fs;
use std::path::{Path, PathBuf};

use graylane_harness::browser::missing;
use graylane_harness::page;
use graylane_harness::report::{Report, Row};
use graylane_harness::series::{
    Answers, Distribution, Latency, Point, Quantile, Ramp, Rollback, Series, Share, Step, Stretch,
    Turn,
};
use serde_json::json;
use tempfile::TempDir;

fn report() -> Report {
    let odd = "<script>alert('rule')</script> & “more”";
    let mut rows = vec![
        Row::exact("shares", "10 %: v2", "10 %", "10 %"),
        Row::exact("shares", odd, 1, 2),
        Row::exact("switch", "a-word-without-an-end-".repeat(12), 0, 0),
    ];
    rows.extend((0..20).map(|number| Row::exact("guard", format!("case {number}"), 1, 1)));
    Report {
        run: None,
        rows,
        series: Series {
            shares: [
                (0.1, 58, 50_000, 20, 88),
                (20.0, 2_500, 10_000, 1_807, 2_198),
            ]
            .map(|(intended_percent, hits, users, low, high)| Share {
                split: "0.1 % / 20 %".to_owned(),
                version: "v2".to_owned(),
                intended_percent,
                hits,
                users,
                low,
                high,
            })
            .into(),
            ramp: Some(ramp()),
            rollback: Some(rollback()),
            latency: Some(latency()),
        },
    }
}

fn ramp() -> Ramp {
    let bin = |from_ms, hits, low, high| Stretch {
        from_ms,
        to_ms: from_ms + 1_000,
        requests: 200,
        hits,
        low,
        high,
    };
    Ramp {
        version: "v2".to_owned(),
        steps: [(0, 0.0), (1_000, 10.0), (2_000, 100.0)]
            .map(|(at_ms, percent)| Step { at_ms, percent })
            .into(),
        bins: vec![
            bin(0, 0, 0, 0),
            bin(1_000, 23, 3, 43),
            bin(2_000, 200, 200, 200),
        ],
        end_ms: 3_000,
        failed: 1,
        requests: 12_345,
    }
}

fn rollback() -> Rollback {
    let turn = |at_ms, from: &str, to: &str, because: &str| Turn {
        at_ms,
        from: from.to_owned(),
        to: to.to_owned(),
        because: because.to_owned(),
        line: format!("[1970-01-01 00:00:00.000] verdict: {{\"to\":\"{to}\"}}"),
    };
    let bins = (-8..24).map(|number| Answers {
        from_ms: number * 250,
        baseline: 5,
        canary: if number < 2 { 4 } else { 0 },
        failed: u64::from(number == 1),
    });
    Rollback {
        service: "shop".to_owned(),
        version: "v2".to_owned(),
        baseline: "v1".to_owned(),
        percent: 45.0,
        guard: json!({ "max_error_percent": 5, "retry_percent": 40.0 }),
        bin_ms: 250,
        bins: bins.collect(),
        verdicts: vec![
            turn(480, "open", "closed", "max_error_percent"),
            turn(3_500, "closed", "probing", "retry_after"),
            turn(5_900, "probing", "open", "recovered"),
        ],
    }
}

fn latency() -> Latency {
    let quantile = |share, ms| Quantile {
        share,
        ms,
        low_ms: ms - 0.01,
        high_ms: ms + 0.02,
    };
    let distribution = |base: f64| Distribution {
        quantiles: [0.5, 0.9, 0.99]
            .map(|share| quantile(share, base + share))
            .into(),
        curve: (1..100)
            .map(|number| Point {
                share: f64::from(number) / 100.0,
                ms: base + f64::from(number) / 100.0,
            })
            .collect(),
    };
    Latency {
        pairs: 1_000,
        without: distribution(0.2),
        with: distribution(0.3),
        added: quantile(0.5, 0.1),
    }
}

/// Writes the page of a report into a folder that goes with the value.
fn written(report: &Report) -> (PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let page = page::write(report, folder.path()).unwrap();
    (page, folder)
}

/// What the browser finds wrong with the page as the page of this report; `None` without one.
async fn wrong(page: &Path, report: &Report) -> Option<Vec<String>> {
    if let Some(missing) = missing() {
        eprintln!("left out: needs {missing}");
        return None;
    }
    let rows = page::check(report, page).await;
    assert!(rows.len() > 20, "{rows:?}");
    let failed = rows.iter().filter(|row| !row.passed);
    Some(failed.map(|row| row.rule.clone()).collect())
}

#[tokio::test]
async fn the_page_is_whole_in_both_themes_and_widths_and_shows_the_reports_numbers() {
    let report = report();
    let (page, _folder) = written(&report);
    let none: [&str; 0] = [];
    if let Some(wrong) = wrong(&page, &report).await {
        assert_eq!(wrong, none);
    }
}

#[tokio::test]
async fn numbers_of_another_report_are_found() {
    let shown = report();
    let (page, _folder) = written(&shown);
    let mut other = shown.clone();
    other.rows[0].observed = "11 %".to_owned();
    other.series.shares[0].hits += 1;
    other.series.ramp.as_mut().unwrap().bins[1].hits += 1;
    other.series.rollback.as_mut().unwrap().bins[3].failed += 1;
    other.series.latency.as_mut().unwrap().with.quantiles[2].ms += 0.002;
    if let Some(wrong) = wrong(&page, &other).await {
        let figures = ["shares", "ramp", "rollback", "latency"];
        let figures = figures.map(|name| format!("numbers of the figure {name}"));
        let table = "rows of the table that are the report's".to_owned();
        assert_eq!(wrong, [&[table][..], &figures[..]].concat());
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_found() {
    let report = report();
    let (page, _folder) = written(&report);
    let html = fs::read_to_string(&page).unwrap();
    for (from, to, finds) in [
        (
            "--muted: #59636e",
            "--muted: #b0b0b0",
            "light, 400 px: the least contrast",
        ),
        (
            "--paper: #14181d",
            "--paper: #ffffff",
            "dark, 1280 px: the least contrast",
        ),
        (
            ".narrow { display: block; }",
            "",
            "light, 400 px: figures with a size",
        ),
        (
            "overflow-wrap: anywhere;",
            "white-space: nowrap;",
            "dark, 400 px: texts outside",
        ),
        (
            "const form =",
            "fetch('http://127.0.0.1:9/'); missing(); const form =",
            "the page: errors, and requests",
        ),
    ] {
        assert!(html.contains(from), "{from}");
        fs::write(&page, html.replacen(from, to, 1)).unwrap();
        if let Some(wrong) = wrong(&page, &report).await {
            assert!(
                wrong.iter().any(|rule| rule.starts_with(finds)),
                "{from}: {wrong:?}"
            );
        }
    }
}

#[test]
fn texts_are_escaped_and_the_page_names_nothing_outside_itself() {
    let html = page::html(&report());
    assert!(html.contains("&lt;script&gt;alert('rule')&lt;/script&gt; &amp; “more”"));
    for outside in ["src=", "href=", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn what_was_not_measured_is_not_drawn() {
    let report = Report {
        series: Series::default(),
        ..report()
    };
    let (page, folder) = written(&report);
    let html = fs::read_to_string(page).unwrap();
    assert!(!html.contains("<svg"), "a figure of nothing");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn report_json_holds_the_series() {
    let report = report();
    let json = serde_json::to_value(&report).unwrap();
    let series: Series = serde_json::from_value(json["series"].clone()).unwrap();
    assert_eq!(series, report.series);
    assert_eq!(
        json["rows"].as_array().map(Vec::len),
        Some(report.rows.len())
    );
}
