//! A policy with a mistake: what becomes of it, and what Envoy tells.

use std::time::Duration;

use anyhow::{Context, Result};
use graylane_harness::client::{Bounds, Load, Visit};
use graylane_harness::report::Row;
use serde_json::{Value, json};

use super::failed;
use super::tester::tester;
use crate::mesh::{Core, Mesh, Overlay, Proxy, until, user};

const NAME: &str = "refused";
/// How the module's sentence about the mistake begins.
const SENTENCE: &str = "services[0].rules[1].split.to[0].percent";
/// What Envoy counts of it.
const FAILURES: &str = "graylane.*config_fail";
/// What a proxy answers that starts under it.
const STARTED: &str = "500, no words";
/// Load under the refused policy.
const LATER: Duration = Duration::from_secs(3);

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let (overlay, core) = Overlay::in_force(mesh, "mesh").await?;

    let gateway = mesh.gateway().await?;
    let failures = gateway.stat(FAILURES).await?;
    let broken = with_percent(&overlay, 120)?;
    let mut rows = under_load(mesh, &core, &gateway, &broken).await?;
    // Envoy tells istiod, which writes it down and nowhere else: a WasmPlugin has no status.
    let istiod = mesh.kubelet.pods("app", "istiod").await;
    let (istiod, _) = istiod.first().context("istiod does not run")?;
    let told = mesh.log_lines(&format!("{istiod}.discovery"), "ADS:ECDS: ACK ERROR")?;
    let rule = "proxies of which istiod's log has ACK ERROR";
    rows.push(Row::exact(NAME, rule, 6, told.len()));
    let rule = "the gateway's config_fail for the filter";
    rows.push(Row::exact(
        NAME,
        rule,
        failures + 1,
        gateway.stat(FAILURES).await?,
    ));
    rows.push(started(mesh).await?);

    // The next one that is right is taken.
    let next = with_percent(&overlay, 40)?;
    mesh.kubectl().apply(&next.to_string()).await?;
    let next = Core::of_plugin(&next)?;
    let taken = mesh.await_policy(&next, Some(&core)).await;
    let observed = taken
        .as_ref()
        .map_or_else(|error| format!("{error:#}"), |_| "in force".to_owned());
    let rule = "the next policy, which is right";
    rows.push(Row::judged(
        NAME,
        rule,
        "in force",
        observed,
        "—",
        taken.is_ok(),
    ));
    Ok(rows)
}

/// The policy comes under load, and is refused.
async fn under_load(mesh: &Mesh, core: &Core, gateway: &Proxy, broken: &Value) -> Result<Vec<Row>> {
    let users = (0..200).map(|number| user(format!("user-{number}")));
    let users: Vec<Visit> = users.collect();
    let load = Load::start(mesh.door().await?, &users.into(), Bounds::default());
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
    let rule = "percent: 120: answered otherwise than before";
    let line = line.split("wasm log: ").last().unwrap_or_default();
    let line = line.split('\t').next().unwrap_or_default();
    let sentence = format!("… {SENTENCE} …");
    Ok(vec![
        failed(NAME, "percent: 120", &records),
        Row::exact(NAME, rule, 0, moved.count()),
        Row::judged(
            NAME,
            "the gateway's log",
            sentence,
            line,
            "contains it",
            true,
        ),
    ])
}

/// A proxy that starts has no policy from before.
async fn started(mesh: &Mesh) -> Result<Row> {
    let label = "istio=ingressgateway";
    let delete = ["delete", "pod", "-n", "istio-system", "-l", label];
    mesh.kubectl().run(&delete, "").await?;
    await_gateway(mesh).await?;
    let observed = tester(mesh).await?;
    let holds = observed == STARTED;
    let rule = "a gateway that starts under it: a tester gets";
    Ok(Row::judged(NAME, rule, STARTED, observed, "exact", holds))
}

fn with_percent(overlay: &Overlay, percent: u32) -> Result<Value> {
    overlay.edited(|spec| {
        spec["pluginConfig"]["services"][0]["rules"][1]["split"]["to"] =
            json!([{ "version": "v2", "percent": percent }]);
    })
}

/// Waits until a gateway is ready, after there was none.
async fn await_gateway(mesh: &Mesh) -> Result<()> {
    until("a gateway is ready", async || {
        let ready = mesh.gateways_ready().await.ok()?;
        (ready > 0).then_some(())
    })
    .await
}
