//! The page of a run: one file of HTML that needs nothing else, and its figures as files of their
//! own. What it shows is what `report.json` holds; nothing is measured or judged here.

mod check;
mod figures;
mod frame;
mod html;
mod latency;
mod numbers;
mod ramp;
mod rollback;
mod rows;
mod shares;
mod soak;

pub use check::check;
pub use html::html;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::report::Report;
use crate::series::Soak;

/// The colours, light and dark.
const THEME: &str = include_str!("theme.css");
/// What the classes of figures look like.
const FIGURE: &str = include_str!("figure.css");

/// Writes `report.html` and a file for each figure into a folder; where the page is.
///
/// # Errors
/// If they cannot be written.
pub fn write(report: &Report, folder: &Path) -> Result<PathBuf> {
    for figure in figures::of(&report.series) {
        save(
            &folder.join(format!("{}.svg", figure.name)),
            &figure.alone(),
        )?;
    }
    let page = folder.join("report.html");
    save(&page, &html(report))?;
    Ok(page)
}

/// Writes the figure of a soak, which has no page; where it is.
///
/// # Errors
/// If it cannot be written.
pub fn write_soak(soak: &Soak, folder: &Path) -> Result<PathBuf> {
    let path = folder.join("soak.svg");
    save(&path, &figures::of_soak(soak).alone())?;
    Ok(path)
}

fn save(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}
