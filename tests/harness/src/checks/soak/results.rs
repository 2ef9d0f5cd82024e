//! What a long soak leaves behind, in `target/soak`: a report, its samples as a table, and a
//! picture.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Options, run};
use crate::lab::Lab;
use crate::report::Report;
use crate::series::{Soak, SoakSample};
use crate::{page, place};

/// The report, for machines.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    report: &'a Report,
    soak: &'a Soak,
}

/// Makes a soak, shows and writes what it found; whether nothing failed.
///
/// # Errors
/// If it could not be made.
pub async fn endure(lab: &Lab, options: Options) -> Result<bool> {
    let (rows, soak) = run(lab, options).await?;
    let report = Report {
        run: Some(lab.facts(soak.took_ms / 1_000).await?),
        rows,
        ..Report::default()
    };
    let folder = place::repository()?.join("target/soak");
    std::fs::create_dir_all(&folder)?;
    let written = Written {
        report: &report,
        soak: &soak,
    };
    let report_path = save(
        &folder,
        "report.json",
        &serde_json::to_string_pretty(&written)?,
    )?;
    save(&folder, "samples.csv", &table(&soak.samples)?)?;
    page::write_soak(&soak, &folder)?;
    println!("{}", report.table());
    println!("{}", report.summary());
    println!("{}", report_path.display());
    Ok(!report.failed())
}

fn save(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, format!("{}\n", text.trim_end()))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

/// As comma-separated values, by the names that the report has.
fn table(samples: &[SoakSample]) -> Result<String> {
    let mut text =
        "at_ms,requests,changes,resident_bytes,allocated_bytes,heap_bytes,vms\n".to_owned();
    for own in samples {
        let resident = own.resident_bytes.map(|bytes| bytes.to_string());
        writeln!(
            text,
            "{},{},{},{},{},{},{}",
            own.at_ms,
            own.requests,
            own.changes,
            resident.unwrap_or_default(),
            own.allocated_bytes,
            own.heap_bytes,
            own.vms,
        )?;
    }
    Ok(text)
}
