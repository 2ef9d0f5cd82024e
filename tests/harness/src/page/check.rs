//! The page in a browser, as people see it: light and dark, on a desk and on a telephone.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{figures, numbers};
use crate::Progress;
use crate::browser::{self, Browser, Page, Theme, View};
use crate::report::{Report, Row, rows_of};

/// What its rows are called.
pub(super) const NAME: &str = "report";
/// What the page tells of itself.
const PROBE: &str = include_str!("probe.js");
/// The least contrast of a text, as the Web Content Accessibility Guidelines (AA) have it.
const CONTRAST: f64 = 4.5;
const VIEWS: [(Theme, u32); 4] = [
    (Theme::Light, 1_280),
    (Theme::Dark, 1_280),
    (Theme::Light, 400),
    (Theme::Dark, 400),
];

/// What [`PROBE`] says.
#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    pub(super) figures: Vec<Drawn>,
    outside: Vec<String>,
    overlapping: Vec<String>,
    scrolls: bool,
    contrast: Contrast,
    ground: f64,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) quantiles: Vec<String>,
}

/// A figure that is shown.
#[derive(Debug, Deserialize)]
pub(super) struct Drawn {
    /// The section in which it stands; empty in a file of its own.
    pub(super) name: String,
    width: f64,
    height: f64,
    label: String,
    /// The texts of each share.
    pub(super) shares: Vec<Vec<String>>,
    /// How far down dots and lines are.
    pub(super) dots: Vec<f64>,
    pub(super) grid: Vec<f64>,
    /// How many squares of each class.
    pub(super) squares: std::collections::BTreeMap<String, u64>,
}

/// The text that is hardest to read.
#[derive(Debug, Deserialize)]
struct Contrast {
    ratio: f64,
    text: String,
}

/// The rows of the page that was written for this report, and of its figures' own files; none where
/// there is no browser, which is said.
pub async fn check(report: &Report, page: &Path) -> Vec<Row> {
    if let Some(missing) = browser::missing() {
        eprintln!("{NAME}: left out, since there is no {missing}");
        return Vec::new();
    }
    rows_of(NAME, Box::pin(rows(report, page)).await)
}

async fn rows(report: &Report, page: &Path) -> Result<Vec<Row>> {
    let _progress = Progress::waiting("report: the page in a browser");
    let mut browser = Browser::start().await?.context("there is no browser")?;
    let figures = figures::of(&report.series);
    let mut rows = Vec::new();
    let [first, ..] = VIEWS;
    let mut open = browser.open(page, view(first)).await?;
    for (number, shown) in VIEWS.into_iter().enumerate() {
        open.show(view(shown)).await?;
        let seen = seen(&mut open).await?;
        rows.extend(rows_of_view(&name(shown), shown.0, figures.len(), &seen));
        if number == 0 {
            rows.extend(numbers::rows(report, &seen));
        }
    }
    rows.push(quiet("the page", &mut open).await?);
    for figure in &figures {
        let file = page.with_file_name(format!("{}.svg", figure.name));
        let mut open = browser.open(&file, view(first)).await?;
        for shown in [VIEWS[0], VIEWS[1]] {
            open.show(view(shown)).await?;
            let seen = seen(&mut open).await?;
            let name = format!("{}.svg, {:?}", figure.name, shown.0).to_lowercase();
            rows.extend(rows_of_view(&name, shown.0, 1, &seen));
        }
        rows.push(quiet(&format!("{}.svg", figure.name), &mut open).await?);
    }
    Ok(rows)
}

fn view((theme, width): (Theme, u32)) -> View {
    View {
        width,
        height: 900,
        theme,
    }
}

fn name((theme, width): (Theme, u32)) -> String {
    format!("{theme:?}, {width} px").to_lowercase()
}

async fn seen(page: &mut Page) -> Result<Seen> {
    let told = page.evaluate(PROBE).await?;
    serde_json::from_value(told).context("the page tells something else of itself")
}

fn rows_of_view(view: &str, theme: Theme, figures: usize, seen: &Seen) -> Vec<Row> {
    let has_size = |drawn: &&Drawn| drawn.width > 0.0 && drawn.height > 0.0;
    let with_words = |drawn: &&Drawn| !drawn.label.is_empty();
    let drawn = seen.figures.iter().filter(has_size).filter(with_words);
    let mut astray: Vec<_> = seen.outside.iter().chain(&seen.overlapping).collect();
    astray.dedup();
    for text in &astray {
        eprintln!("{NAME}: {view}: “{text}” has no room");
    }
    let Contrast { ratio, text } = &seen.contrast;
    let is_dark = seen.ground < 0.1;
    let is_light = seen.ground > 0.9;
    let right = match theme {
        Theme::Light => is_light,
        Theme::Dark => is_dark,
    };
    vec![
        Row::exact(
            NAME,
            format!("{view}: figures with a size and words"),
            figures,
            drawn.count(),
        ),
        Row::judged(
            NAME,
            format!("{view}: texts outside the window, or on each other"),
            0,
            astray.len(),
            "exact; only tables scroll",
            astray.is_empty() && !seen.scrolls,
        ),
        Row::judged(
            NAME,
            format!("{view}: the least contrast of a text"),
            "readable, on a ground of the theme",
            format!("{ratio:.1}: “{text}”"),
            format!("{CONTRAST} or more"),
            *ratio >= CONTRAST && right,
        ),
    ]
}

/// Nothing went wrong in the page, and it asked for nothing.
async fn quiet(name: &str, page: &mut Page) -> Result<Row> {
    let mut said = page.errors().await?.to_vec();
    said.extend(page.requests().await?.iter().cloned());
    for said in &said {
        eprintln!("{NAME}: {name}: {said}");
    }
    Ok(Row::exact(
        NAME,
        format!("{name}: errors, and requests for anything else"),
        0,
        said.len(),
    ))
}
