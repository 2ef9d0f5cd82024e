//! What the documents say about releases, carried out as it is written: the pipeline, the alert
//! that closes a version, and the walk through each config centre.

mod alert;
mod injected;
mod page;
mod pipeline;
mod shell;
mod site;
mod walks;

use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::centre::Kind;
use crate::lab::Lab;
use crate::report::{Report, Row, rows_of};
use crate::telemetry;

/// How long anything may take, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// `docs/pipeline.md`: with a version that does well, and with one that fails at 30 %.
    Pipeline,
    /// An alert of Prometheus closes a version.
    Alert,
    /// `docs/remote.md`: the walk through each centre.
    Walks,
}

/// Carries these parts out; the alert so many times. What this machine lacks is left out, and told.
///
/// # Errors
/// If nothing can be carried out, or the report cannot be written.
pub async fn run(lab: &Lab, only: &[Part], alerts: usize) -> Result<Report> {
    let mut report = Report::default();
    for &part in only {
        let missing = match part {
            Part::Pipeline | Part::Alert => Kind::Etcd.missing().or(telemetry::missing()),
            Part::Walks => None,
        };
        if let Some(missing) = missing {
            eprintln!("left out: {part:?}, which needs {missing}");
            continue;
        }
        let (name, rows) = match part {
            Part::Pipeline => (pipeline::NAME, pipeline::rows(lab).await),
            Part::Alert => (alert::NAME, alert::rows(lab, alerts).await),
            Part::Walks => (walks::NAME, walks::rows(lab).await),
        };
        let rows = rows_of(name, rows);
        if rows.iter().any(|row: &Row| !row.passed)
            && let Some(tail) = lab.log_tail()
        {
            eprintln!("{tail}");
        }
        report.rows.extend(rows);
    }
    if report.rows.is_empty() {
        bail!("nothing was carried out");
    }
    report.write()?;
    Ok(report)
}
