//! The `WasmPlugin` goes and comes under load: then it is not a filter's configuration that
//! changes, but the listeners themselves.

use std::time::Duration;

use anyhow::Result;
use graylane_harness::Progress;
use graylane_harness::client::{Bounds, Load, Visit};
use graylane_harness::report::Row;

use super::failed;
use crate::mesh::{Core, Mesh, Overlay, user};

const NAME: &str = "removed";
const TIMES: usize = 2;
/// Load with it, and without it.
const SETTLED: Duration = Duration::from_secs(2);

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let (overlay, with) = Overlay::in_force(mesh, "mesh").await?;
    let without = Core::none();

    let users: Vec<Visit> = (0..200)
        .map(|number| user(format!("user-{number}")))
        .collect();
    let _progress = Progress::waiting(NAME);
    let load = Load::start(mesh.door().await?, &users.into(), Bounds::default());
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let delete = ["delete", "wasmplugin", "graylane", "-n", "istio-system"];
        mesh.kubectl().run(&delete, "").await?;
        times.push(mesh.await_policy(&without, Some(&with)).await?);
        tokio::time::sleep(SETTLED).await;
        mesh.kubectl().apply(&overlay.plugin()?.to_string()).await?;
        times.push(mesh.await_policy(&with, Some(&without)).await?);
        tokio::time::sleep(SETTLED).await;
    }
    let times: Vec<_> = times
        .iter()
        .map(|time| format!("{} ms", time.as_millis()))
        .collect();
    Ok(vec![
        failed(NAME, "gone and back, twice", &load.stop().await?),
        Row::judged(
            NAME,
            "gone, back, gone, back",
            "each in force",
            format!("after {}", times.join(", ")),
            "—",
            true,
        ),
    ])
}
