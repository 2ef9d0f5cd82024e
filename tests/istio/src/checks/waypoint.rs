//! A waypoint: the gateway decides, and the waypoint follows its tag.
//!
//! There is no ztunnel here, so the gateway alone goes through the waypoint, by Istio's
//! `ingress-use-waypoint`, and the first service calls nobody.

use std::sync::Arc;

use anyhow::{Context, Result};
use graylane_harness::Progress;
use graylane_harness::checks::mixed_users;
use graylane_harness::client::{Answer, Pace, Visit, drive};
use graylane_harness::report::Row;
use serde_json::{Value, json};

use crate::cluster::Registry;
use crate::mesh::{Core, Hop, Mesh, Overlay, TAG, hops, keep, until};

const NAME: &str = "waypoint";
const USERS: usize = 1_000;
/// Filters of the waypoint that only Istio's own Envoy has: where a peer's workload is told.
const NOT_IN_STOCK: [&str; 2] = [
    "waypoint_downstream_peer_metadata",
    "waypoint_upstream_peer_metadata",
];

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let kubectl = mesh.kubectl();
    // What was applied before has other objects in it.
    let delete = [
        "delete",
        "namespace",
        "shop",
        "--ignore-not-found",
        "--timeout=50s",
    ];
    kubectl.run(&delete, "").await?;
    let delete = ["delete", "wasmplugin", "--all", "-n", "istio-system"];
    kubectl.run(&delete, "").await?;
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } });
    kubectl.apply(&namespace.to_string()).await?;
    kubectl.apply(&for_a_stock_envoy().to_string()).await?;
    let overlay = Overlay::render_with(mesh, NAME, &Registry::url(TAG), &patches()).await?;
    overlay.apply(mesh).await?;
    until("the waypoint is there", async || {
        let path = "/apis/apps/v1/namespaces/shop/deployments/waypoint";
        kubectl.raw(path).await.ok()
    })
    .await?;
    mesh.await_shop().await?;
    let core = Core::of_plugin(overlay.plugin()?)?;
    let users: Arc<[Visit]> = mixed_users(USERS)
        .iter()
        .map(|visit| visit.clone().at("shop.example.com"))
        .collect();

    let some: Arc<[Visit]> = users.iter().take(40).cloned().collect();
    until("the waypoint follows the gateway", async || {
        let answers = ask(mesh, &some).await.ok()?;
        (right(&core, &some, &answers) == some.len()).then_some(())
    })
    .await?;
    let answers = ask(mesh, &users).await?;
    let class = "gateway.networking.k8s.io/gateway-class-name";
    let proxy = mesh.proxy(class, "istio-waypoint").await?;
    keep(mesh, NAME, &proxy).await?;
    let (served, v2) = counts(&answers);
    let mut rows = vec![
        Row::exact(NAME, "answered", USERS, served),
        Row::exact(
            NAME,
            "checkout: version and tag as the core says at the gateway",
            USERS,
            right(&core, &users, &answers),
        ),
        Row::judged(NAME, "of them by v2", "some", v2, "above 0", v2 > 0),
    ];

    // That it is the waypoint which chooses shows when it has no filter.
    kubectl
        .run(&["delete", "wasmplugin", "graylane", "-n", "shop"], "")
        .await?;
    let without = until("the waypoint has no filter", async || {
        let answers = ask(mesh, &some).await.ok()?;
        (counts(&answers) == (some.len(), 0)).then_some(())
    })
    .await;
    rows.push(Row::judged(
        NAME,
        "without the waypoint's WasmPlugin",
        "all by v1",
        if without.is_ok() {
            "all by v1"
        } else {
            "still some by v2"
        },
        "exact",
        without.is_ok(),
    ));
    let pods = mesh.kubelet.pods("app", "istiod").await;
    let (istiod, _) = pods.first().context("istiod does not run")?;
    let refused = mesh.log_lines(
        &format!("{istiod}.discovery"),
        &format!("ACK ERROR {}", proxy.pod()),
    )?;
    rows.push(Row::exact(
        NAME,
        "refused by the waypoint's Envoy",
        0,
        refused.len(),
    ));
    Ok(rows)
}

/// How many were answered, and how many of them by v2.
fn counts(answers: &[Answer]) -> (usize, usize) {
    let firsts = || answers.iter().filter_map(first);
    (
        firsts().count(),
        firsts().filter(|hop| hop.version == "v2").count(),
    )
}

fn right(core: &Core, users: &[Visit], answers: &[Answer]) -> usize {
    let pairs = users.iter().zip(answers);
    pairs
        .filter(|(visit, answer)| {
            let expected = core.chain(visit).into_iter().next();
            expected.is_some() && expected == first(answer)
        })
        .count()
}

fn first(answer: &Answer) -> Option<Hop> {
    hops(answer).ok()?.into_iter().next()
}

async fn ask(mesh: &Mesh, visits: &Arc<[Visit]>) -> Result<Vec<Answer>> {
    drive(
        mesh.door().await?,
        visits,
        Pace::default(),
        Progress::silent(),
    )
    .await
}

/// Takes off the waypoint what a stock Envoy would refuse.
fn for_a_stock_envoy() -> Value {
    let removed = NOT_IN_STOCK.map(|filter| {
        json!({
            "applyTo": "HTTP_FILTER",
            "match": {
                "context": "SIDECAR_INBOUND",
                "listener": { "filterChain": { "filter": {
                    "name": "envoy.filters.network.http_connection_manager",
                    "subFilter": { "name": filter },
                } } },
            },
            "patch": { "operation": "REMOVE" },
        })
    });
    json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": { "name": "stock-envoy", "namespace": "shop" },
        "spec": {
            "targetRefs": [
                { "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "waypoint" },
            ],
            "configPatches": removed,
        },
    })
}

/// No calls from pod to pod; the gateway's calls by way of the waypoint.
fn patches() -> Vec<Value> {
    let nobody = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "any" },
        "spec": { "template": { "spec": { "containers": [
            { "name": "app", "env": [{ "name": "NEXT", "value": "" }] },
        ] } } },
    });
    let by_waypoint = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": "checkout", "labels": { "istio.io/ingress-use-waypoint": "true" } },
    });
    vec![
        json!({ "target": { "kind": "Deployment" }, "patch": nobody.to_string() }),
        json!({ "target": { "kind": "Service", "name": "checkout" }, "patch": by_waypoint.to_string() }),
    ]
}
