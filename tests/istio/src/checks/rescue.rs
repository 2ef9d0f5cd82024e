//! The canary's application dies under load: the baseline answers for it within the same request.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use graylane_harness::Progress;
use graylane_harness::client::{Bounds, Load, Record, Visit};
use graylane_harness::report::Row;

use super::failed;
use crate::mesh::{Mesh, Overlay, user};

const NAME: &str = "rescue";
const GONE: Duration = Duration::from_secs(4);
const GRACE: Duration = Duration::from_secs(10);

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let (without, _) = dies(mesh, "mesh").await?;
    let lost = without.iter().filter(|record| !record.is_success()).count();
    let (with, died) = dies(mesh, NAME).await?;
    let by = |version: &str, records: &[&Record]| {
        let of = |record: &&&Record| record.version.as_deref() == Some(version);
        records.iter().filter(of).count()
    };
    let (before, after): (Vec<_>, Vec<_>) = with.iter().partition(|record| record.answered < died);
    let rescued = by("v1", &after);
    Ok(vec![
        Row::judged(
            NAME,
            "without: failed",
            "some",
            format!("{lost} of {}", without.len()),
            "—",
            lost > 0,
        ),
        failed(NAME, "with", &with),
        Row::exact(
            NAME,
            "with: testers answered by v2, before it dies",
            before.len(),
            by("v2", &before),
        ),
        Row::judged(
            NAME,
            "with: testers answered by v1, afterwards",
            "some",
            rescued,
            "—",
            rescued > 0,
        ),
    ])
}

/// What testers get while the application of v2 is stopped and started again, and when it was.
async fn dies(mesh: &Mesh, overlay: &str) -> Result<(Vec<Record>, Instant)> {
    Overlay::in_force(mesh, overlay).await?;
    let testers: Vec<Visit> = (0..50)
        .map(|number| user(format!("tester-{number}")).with("x-qa", "on"))
        .collect();
    let pods = mesh.kubelet.pods("version", "v2").await;
    let canary = pods.iter().find(|(pod, _)| pod.contains("checkout-v2"));
    let (canary, _) = canary.context("checkout's v2 does not run")?;

    let _progress = Progress::waiting(&format!("{NAME}: {overlay}"));
    let load = Load::start(mesh.door().await?, &testers.into(), Bounds::default());
    tokio::time::sleep(GONE / 2).await;
    let died = Instant::now();
    let stop = async |container: &mut crate::process::Running| container.stop(GRACE).await;
    mesh.kubelet.with_container(canary, "app", stop).await?;
    tokio::time::sleep(GONE).await;
    let start = async |container: &mut crate::process::Running| container.start_again();
    mesh.kubelet.with_container(canary, "app", start).await?;
    mesh.await_shop().await?;
    Ok((load.stop().await?, died))
}
