//! A policy with a mistake: what becomes of it, and what Envoy tells.

use std::time::Duration;

use anyhow::{Context, Result};
use graylane_harness::client::{Bounds, Load, Visit};
use graylane_harness::report::Row;
use serde_json::json;

use super::failed;
use super::tester::tester;
use crate::cluster::Registry;
use crate::mesh::{Core, Mesh, Overlay, TAG, until, user};

const NAME: &str = "refused";
/// How the module's sentence about the mistake begins.
const SENTENCE: &str = "services[0].rules[1].split.to[0].percent";
/// What a proxy answers that starts under it.
const STARTED: &str = "500, ";
/// Load under the refused policy.
const LATER: Duration = Duration::from_secs(3);

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let overlay = Overlay::render(mesh, "mesh", &Registry::url(TAG)).await?;
    overlay.apply(mesh).await?;
    mesh.await_shop().await?;
    let core = Core::of_plugin(overlay.plugin()?)?;
    mesh.await_policy(&core, None).await?;

    let gateway = mesh.gateway().await?;
    let before = gateway.stat("graylane.*config_fail").await?;
    let users: Vec<Visit> = (0..200)
        .map(|number| user(format!("user-{number}")))
        .collect();
    let load = Load::start(mesh.door().await?, &users.into(), Bounds::default());
    let broken = overlay.edited(|spec| {
        spec["pluginConfig"]["services"][0]["rules"][1]["split"]["to"] =
            json!([{ "version": "v2", "percent": 120 }]);
    })?;
    mesh.kubectl().apply(&broken.to_string()).await?;
    let line = until("the gateway's Envoy says why it refuses", async || {
        let lines = mesh.log_lines(&format!("{}.istio-proxy", gateway.pod()), SENTENCE);
        lines.ok()?.pop()
    })
    .await?;
    tokio::time::sleep(LATER).await;
    let records = load.stop().await?;

    let moved = records.iter().filter(|record| {
        let version = record.version.as_deref();
        version.is_some_and(|version| version != core.first(&user(record.user.clone())))
    });
    let line = line
        .split("wasm log: ")
        .last()
        .unwrap_or_default()
        .to_owned();
    let mut rows = vec![
        failed(NAME, "percent: 120", &records),
        Row::exact(
            NAME,
            "percent: 120: answered otherwise than before",
            0,
            moved.count(),
        ),
        Row::judged(
            NAME,
            "the gateway's log",
            format!("… {SENTENCE} …"),
            line,
            "contains it",
            true,
        ),
    ];
    // Envoy tells istiod, which writes it down and nowhere else: a WasmPlugin has no status.
    let istiod = mesh.kubelet.pods("app", "istiod").await;
    let istiod = istiod.first().context("istiod does not run")?;
    let told = mesh.log_lines(&format!("{}.discovery", istiod.0), "ADS:ECDS: ACK ERROR")?;
    rows.push(Row::exact(
        NAME,
        "proxies of which istiod's log has ACK ERROR",
        6,
        told.len(),
    ));
    let refusals = gateway.stat("graylane.*config_fail").await?;
    rows.push(Row::exact(
        NAME,
        "the gateway's config_fail for the filter",
        before + 1,
        refusals,
    ));
    // A proxy that starts has no policy from before.
    let gateways = [
        "delete",
        "pod",
        "-n",
        "istio-system",
        "-l",
        "istio=ingressgateway",
    ];
    mesh.kubectl().run(&gateways, "").await?;
    await_gateway(mesh).await?;
    let started = tester(mesh).await?;
    rows.push(Row::judged(
        NAME,
        "a gateway that starts under it: a tester gets",
        STARTED,
        &started,
        "exact",
        started == STARTED,
    ));

    // The next one that is right is taken.
    let next = overlay.edited(|spec| {
        spec["pluginConfig"]["services"][0]["rules"][1]["split"]["to"] =
            json!([{ "version": "v2", "percent": 40 }]);
    })?;
    mesh.kubectl().apply(&next.to_string()).await?;
    let taken = mesh
        .await_policy(&Core::of_plugin(&next)?, Some(&core))
        .await;
    let observed = taken
        .as_ref()
        .map_or_else(|error| format!("{error:#}"), |_| "in force".to_owned());
    rows.push(Row::judged(
        NAME,
        "the next policy, which is right",
        "in force",
        observed,
        "—",
        taken.is_ok(),
    ));
    Ok(rows)
}

/// Waits until a gateway is ready, after there was none.
async fn await_gateway(mesh: &Mesh) -> Result<()> {
    until("a gateway is ready", async || {
        let ready = mesh.gateways_ready().await.ok()?;
        (ready > 0).then_some(())
    })
    .await
}
