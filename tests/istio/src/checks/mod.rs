//! What is verified, one file each. A check changes the mesh and returns rows.

mod agree;

use anyhow::{Context, Result};
use clap::ValueEnum;
use graylane_harness::report::{Report, Row};

use crate::mesh::Mesh;

/// The checks, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// Every hop of every user is answered by the version that the native core says.
    Agree,
}

impl Check {
    /// Its name, as `--only` takes it.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    async fn run(self, mesh: &mut Mesh) -> Result<Vec<Row>> {
        match self {
            Self::Agree => agree::check(mesh).await,
        }
    }
}

/// Runs the checks named, or all. A check that could not be made is a failed row, and does not
/// keep the others from running.
///
/// # Errors
/// If the report cannot be written.
pub async fn run(mesh: &mut Mesh, only: &[Check]) -> Result<Report> {
    let mut report = Report::default();
    for &check in Check::value_variants() {
        if !only.is_empty() && !only.contains(&check) {
            continue;
        }
        let name = check.name();
        let outcome = check.run(mesh).await;
        let outcome = outcome.with_context(|| format!("the check {name} could not be made"));
        report.rows.extend(outcome.unwrap_or_else(|error| {
            eprintln!("{error:#}");
            vec![Row::judged(
                &name,
                "—",
                "a run",
                "none; see above",
                "—",
                false,
            )]
        }));
    }
    let path = mesh.site.results.join("report.json");
    std::fs::write(&path, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(report)
}
