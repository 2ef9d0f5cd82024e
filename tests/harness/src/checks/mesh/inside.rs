//! What only sidecars meet: tags that no service knows, and requests that are decided already.

use std::sync::Arc;

use anyhow::{Context, Result};

use super::NAME;
use super::path::{Hop, TAG, hides_clusters, taken};
use super::policies::two_canaries;
use super::site::{Entrance, Site, send, user};
use crate::client::Visit;
use crate::lab::Lab;
use crate::mesh::host;
use crate::report::Row;

/// Users with each tag.
const USERS: usize = 50;
/// Tags that no service knows.
const UNKNOWN: [&[&[u8]]; 6] = [
    &[b"v9"],
    &[b"V2"],
    &[b"v2,v3"],
    &[b"v2\xff"],
    &[b"v9", b"v2"],
    &[b"blue/green; a=b"],
];
/// What an application may try to be routed by. Its sidecar knows all of these but one.
const CLUSTERS: [&[(&str, &str)]; 7] = [
    &[("x-gray-cluster", "pay-v1")],
    &[("x-gray-cluster", "pay-v2")],
    &[("x-gray-cluster", "stock-v1")],
    &[("x-gray-cluster", "application")],
    &[("x-gray-cluster", "nowhere")],
    &[("x-gray-cluster", ""), ("x-gray-cluster", "pay-v2")],
    &[("x-gray-mirror", "pay-v2"), ("x-gray-cluster", "pay-v2")],
];
/// Users of the rows on deciding once.
const DECIDED: usize = 1_000;

/// They come from an application, as if another policy had once written them.
pub(super) async fn unknown_tags(site: &Site) -> Result<Row> {
    let out = site.mesh.way_out_of("checkout-v1");
    let mut visits = Vec::new();
    let mut wanted = Vec::new();
    for tag in UNKNOWN {
        for number in 0..USERS {
            let visit = user(number).at(&host("stock"));
            let tagged = tag
                .iter()
                .fold(visit, |visit, value| visit.with(TAG, *value));
            visits.push(tagged);
            wanted.push(["stock-v1", "pay-v1"].map(|pod| Hop {
                pod: pod.to_owned(),
                tag: tag.iter().map(|value| value.to_vec()).collect(),
                baggage: Vec::new(),
            }));
        }
    }
    let visits: Arc<[Visit]> = visits.into();
    let answers = send(out.context("no such pod")?, &visits, "unknown tags").await?;
    let both = wanted.iter().zip(&answers);
    let right = both.filter(|(wanted, answer)| taken(answer) == *wanted);
    let rule = "an unknown tag: the baselines, and whole at the last";
    Ok(Row::exact(NAME, rule, visits.len(), right.count()))
}

/// A pod that somebody else has taken over can name any version, as every application in a mesh
/// can, and no cluster.
pub(super) async fn of_an_application(site: &Site) -> Result<[Row; 2]> {
    let out = site.mesh.way_out_of("checkout-v1").context("no such pod")?;
    let to_pay = |number| user(number).at(&host("pay"));
    let honest: Arc<[Visit]> = (0..USERS).map(to_pay).collect();
    let without = send(out, &honest, "an application").await?;
    let forge = |visit: Visit, (name, value): &(&str, &str)| visit.with(name, *value);
    let forged: Arc<[Visit]> = CLUSTERS
        .iter()
        .flat_map(|forgery| (0..USERS).map(|number| forgery.iter().fold(to_pay(number), forge)))
        .collect();
    let with = send(out, &forged, "its clusters").await?;
    let both = with.iter().zip(without.iter().cycle());
    let same = both.filter(|(with, without)| {
        let way = taken(with);
        !way.is_empty() && way == taken(without) && hides_clusters(with)
    });

    let versions = ["v1", "v2"];
    let tagged: Arc<[Visit]> = (0..USERS)
        .map(|number| to_pay(number).with(TAG, "v2"))
        .collect();
    let followed = send(out, &tagged, "its tags").await?;
    let at = |answer: &_, version: &str| {
        taken(answer)
            .iter()
            .any(|hop| hop.pod == format!("pay-{version}"))
    };
    let named = followed.iter().filter(|answer| at(answer, "v2")).count();
    let by_rules =
        versions.map(|version| without.iter().filter(|answer| at(answer, version)).count());
    Ok([
        Row::exact(
            NAME,
            "an application names a cluster: as without it",
            forged.len(),
            same.count(),
        ),
        Row::judged(
            NAME,
            "an application names a version: by design it gets it",
            format!("{USERS}; by the rules some of both"),
            format!(
                "{named}; by the rules v1 {}, v2 {}",
                by_rules[0], by_rules[1]
            ),
            "",
            named == USERS && !by_rules.contains(&0),
        ),
    ])
}

/// Whoever has no id draws lots: were the sidecar of the pod that was drawn to draw again, it could
/// say otherwise.
pub(super) async fn decided_by_lot(site: &Site, by: &Entrance) -> Result<[Row; 2]> {
    let visits: Arc<[Visit]> = (0..DECIDED)
        .map(|number| Visit::of(format!("nobody-{number}")))
        .collect();
    let asked = site.ask(by, "lots", &visits, &[]).await?;
    let firsts: Vec<_> = asked.ways.iter().filter_map(|way| way.first()).collect();
    let own = |hop: &&&Hop| hop.tag == [hop.pod.trim_start_matches("checkout-").as_bytes()];
    let canary = firsts.iter().filter(|hop| hop.pod == "checkout-v2").count();
    Ok([
        Row::exact(
            NAME,
            "decided by lot: the tag of the pod that answers",
            DECIDED,
            firsts.iter().filter(own).count(),
        ),
        Row::judged(
            NAME,
            "decided by lot: on the canary",
            "some, not all",
            format!("{canary} of {DECIDED}"),
            "",
            canary > 0 && canary < DECIDED,
        ),
    ])
}

/// The edge does not have the new percentage yet.
pub(super) async fn decided_otherwise(lab: &Lab, site: &Site) -> Result<Row> {
    let entrance = site.entrance(lab, &two_canaries(10.0)).await?;
    let visits: Arc<[Visit]> = (0..DECIDED).map(user).collect();
    let asked = site.ask(&entrance, "another percentage", &visits, &visits);
    Ok(Row::exact(
        NAME,
        "the edge at 10 %, sidecars at 30 %: as the edge decided",
        DECIDED,
        asked.await?.right(),
    ))
}
