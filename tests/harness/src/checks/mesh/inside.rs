//! What only sidecars meet: tags that no service knows, and requests that are decided already.

use std::sync::Arc;

use anyhow::{Context, Result};

use super::NAME;
use super::path::{Hop, TAG, expected, taken};
use super::policies::policy;
use crate::Progress;
use crate::checks::people::with_user;
use crate::client::{Answer, Pace, Protocol, Visit, drive};
use crate::lab::Lab;
use crate::mesh::{Mesh, host};
use crate::native::Native;
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
/// Users of the rows on deciding once.
const DECIDED: usize = 1_000;

/// They come from an application, as if another policy had once written them.
pub(super) async fn unknown_tags(mesh: &Mesh) -> Result<Row> {
    let out = mesh.way_out_of("checkout-v1").context("no such pod")?;
    let mut visits = Vec::new();
    let mut wanted = Vec::new();
    for tag in UNKNOWN {
        for number in 0..USERS {
            let visit = with_user(Visit::of(format!("user-{number}"))).at(&host("stock"));
            let visit = visit.over([Protocol::Http1, Protocol::Http2][number % 2]);
            let tagged = tag
                .iter()
                .fold(visit, |visit, value| visit.with(TAG, *value));
            visits.push(tagged);
            wanted.push(["stock-v1", "pay-v1"].map(|pod| Hop {
                pod: pod.to_owned(),
                tag: tag.iter().map(|value| value.to_vec()).collect(),
            }));
        }
    }
    let visits: Arc<[Visit]> = visits.into();
    let progress = Progress::of(&format!("{NAME}: unknown tags"), visits.len());
    let answers = drive(out, &visits, Pace::default(), progress).await?;
    let right = wanted
        .iter()
        .zip(&answers)
        .filter(|(wanted, answer)| taken(answer) == *wanted);
    let rule = "an unknown tag: the baselines, and whole at the last";
    Ok(Row::exact(NAME, rule, visits.len(), right.count()))
}

/// The sidecar of the pod that was chosen does not choose again.
pub(super) async fn decided_once(lab: &Lab, mesh: &Mesh, inside: &Native) -> Result<Vec<Row>> {
    // Whoever has no id draws lots: a second draw could say otherwise.
    let policy = policy("edge", 30.0);
    let edge = mesh.edge(lab, &policy).await?;
    let nobody = |number| Visit::of(format!("nobody-{number}"));
    let visits: Arc<[Visit]> = (0..DECIDED).map(nobody).collect();
    let progress = Progress::of(&format!("{NAME}: drawn lots"), visits.len());
    let answers = drive(edge.address(), &visits, Pace::default(), progress).await?;
    let firsts: Vec<_> = answers.iter().filter_map(first).collect();
    let own = |hop: &&Hop| hop.tag == [hop.pod.trim_start_matches("checkout-").as_bytes()];
    let canary = firsts.iter().filter(|hop| hop.pod == "checkout-v2").count();
    let mut rows = vec![
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
    ];
    drop(edge);

    // The edge does not have the new percentage yet.
    let policy = self::policy("edge", 10.0);
    let native = Native::compile(&policy)?;
    let edge = mesh.edge(lab, &policy).await?;
    let user = |number| with_user(Visit::of(format!("user-{number}")));
    let visits: Arc<[Visit]> = (0..DECIDED).map(user).collect();
    let progress = Progress::of(&format!("{NAME}: another percentage"), visits.len());
    let answers = drive(edge.address(), &visits, Pace::default(), progress).await?;
    let both = visits.iter().zip(&answers);
    let right = both.filter(|(visit, answer)| taken(answer) == expected(&native, inside, visit));
    rows.push(Row::exact(
        NAME,
        "the edge at 10 %, sidecars at 30 %: as the edge decided",
        DECIDED,
        right.count(),
    ));
    Ok(rows)
}

fn first(answer: &Answer) -> Option<Hop> {
    taken(answer).into_iter().next()
}
