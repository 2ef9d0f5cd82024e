//! istiod and the API go away under load, and come back: traffic goes on, and what is applied
//! afterwards is in force.

use std::time::Duration;

use anyhow::{Context, Result};
use graylane_harness::Progress;
use graylane_harness::client::{Bounds, Load, Visit};
use graylane_harness::report::Row;
use serde_json::json;

use super::failed;
use crate::mesh::{Core, Mesh, Overlay, user};

const NAME: &str = "outage";
/// How long they are gone.
const GONE: Duration = Duration::from_secs(5);
const GRACE: Duration = Duration::from_secs(10);

pub(super) async fn check(mesh: &mut Mesh) -> Result<Vec<Row>> {
    let (overlay, _) = Overlay::in_force(mesh, "mesh").await?;
    let users: Vec<Visit> = (0..200)
        .map(|number| user(format!("user-{number}")))
        .collect();

    let progress = Progress::waiting("outage: istiod");
    let load = Load::start(mesh.door().await?, &users.clone().into(), Bounds::default());
    let pods = mesh.kubelet.pods("app", "istiod").await;
    let (istiod, _) = pods.first().context("istiod does not run")?;
    let stop = async |container: &mut crate::process::Running| container.stop(GRACE).await;
    mesh.kubelet
        .with_container(istiod, "discovery", stop)
        .await?;
    tokio::time::sleep(GONE).await;
    let start = async |container: &mut crate::process::Running| container.start_again();
    mesh.kubelet
        .with_container(istiod, "discovery", start)
        .await?;
    let mut rows = afterwards(mesh, &overlay, "istiod", [10, 20]).await?;
    rows.insert(
        0,
        failed(NAME, "istiod stopped, and back", &load.stop().await?),
    );
    drop(progress);

    let _progress = Progress::waiting("outage: kube-apiserver");
    let load = Load::start(mesh.door().await?, &users.into(), Bounds::default());
    mesh.cluster.stop_api().await?;
    tokio::time::sleep(GONE).await;
    mesh.cluster.start_api().await?;
    let after = afterwards(mesh, &overlay, "kube-apiserver", [20, 30]).await?;
    rows.push(failed(
        NAME,
        "kube-apiserver stopped, and back",
        &load.stop().await?,
    ));
    rows.extend(after);
    Ok(rows)
}

/// A policy of another share than before, applied once they are back.
async fn afterwards(
    mesh: &Mesh,
    overlay: &Overlay,
    gone: &str,
    [before, after]: [u32; 2],
) -> Result<Vec<Row>> {
    let with_share = |percent: u32| {
        overlay.edited(|spec| {
            spec["pluginConfig"]["services"][0]["rules"][1]["split"]["to"] =
                json!([{ "version": "v2", "percent": percent }]);
        })
    };
    let next = with_share(after)?;
    let [before, core] = [
        Core::of_plugin(&with_share(before)?)?,
        Core::of_plugin(&next)?,
    ];
    mesh.kubectl().apply(&next.to_string()).await?;
    let taken = mesh.await_policy(&core, Some(&before)).await;
    let observed = match &taken {
        Ok(time) => format!("in force after {} ms", time.as_millis()),
        Err(error) => format!("{error:#}"),
    };
    Ok(vec![Row::judged(
        NAME,
        format!("a policy applied when {gone} is back"),
        "in force",
        observed,
        "—",
        taken.is_ok(),
    )])
}
