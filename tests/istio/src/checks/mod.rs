//! What is verified, one file each. A check changes the mesh and returns rows.

mod agree;
mod forged;
mod manifests;
mod missing;
mod outage;
mod planned;
mod refused;
mod removed;
mod rescue;
mod schema;
mod switch;
mod tester;
mod waypoint;

use anyhow::{Context, Result};
use clap::ValueEnum;
use graylane_harness::checks::failed;
use graylane_harness::report::{Report, Row, rows_of};

use crate::mesh::Mesh;

/// The checks, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// istioctl has nothing to say against any manifest or overlay.
    Manifests,
    /// Every hop of every user is answered by the version that the native core says.
    Agree,
    /// Forged headers change nothing, with the module and without it.
    Forged,
    /// The share of a canary changes under load, up and down.
    Ramp,
    /// Everybody changes the version under load, and back.
    BlueGreen,
    /// A canary grows by a plan.
    Planned,
    /// Another image takes the place of the first under load.
    Image,
    /// The `WasmPlugin` goes and comes under load.
    Removed,
    /// The baseline answers what a dead canary fails.
    Rescue,
    /// A policy with a mistake changes nothing.
    Refused,
    /// An image that is not there.
    Missing,
    /// istiod and the API go away under load, and come back.
    Outage,
    /// What the API refuses by Istio's schema.
    Schema,
    /// A waypoint follows the gateway's tag. The last: it takes the sidecars away.
    Waypoint,
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
            Self::Manifests => manifests::check(mesh).await,
            Self::Agree => agree::check(mesh).await,
            Self::Forged => forged::check(mesh).await,
            Self::Ramp => switch::ramp(mesh).await,
            Self::BlueGreen => switch::blue_green(mesh).await,
            Self::Planned => planned::check(mesh).await,
            Self::Image => switch::image(mesh).await,
            Self::Removed => removed::check(mesh).await,
            Self::Rescue => rescue::check(mesh).await,
            Self::Refused => refused::check(mesh).await,
            Self::Missing => missing::check(mesh).await,
            Self::Outage => outage::check(mesh).await,
            Self::Schema => schema::check(mesh).await,
            Self::Waypoint => waypoint::check(mesh).await,
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
        report.rows.extend(rows_of(&name, check.run(mesh).await));
    }
    let path = mesh.site.results.join("report.json");
    std::fs::write(&path, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(report)
}
