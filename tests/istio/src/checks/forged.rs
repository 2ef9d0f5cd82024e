//! Nobody outside names a version: with the module and without it.

use std::sync::Arc;

use anyhow::Result;
use graylane_harness::Progress;
use graylane_harness::client::{Answer, Pace, Visit, drive};
use graylane_harness::report::Row;

use crate::mesh::{Core, Hop, Mesh, Overlay, hops, user};

const NAME: &str = "forged";
const USERS: usize = 300;
/// What somebody outside may try, each on its own and all at once.
const FORGED: [(&str, &str); 5] = [
    ("x-gray-version", "v2"),
    ("x-gray-cluster", "checkout-v2"),
    ("x-gray-cluster", "pay-v2"),
    (
        "x-gray-cluster",
        "outbound|80|v2|checkout.shop.svc.cluster.local",
    ),
    ("x-gray-mirror", "checkout-v2"),
];

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let (_overlay, core) = Overlay::in_force(mesh, "mesh").await?;
    let honest: Vec<Visit> = (0..USERS)
        .map(|number| user(format!("user-{number}")))
        .collect();
    let forgers: Vec<Visit> = honest
        .iter()
        .enumerate()
        .map(|(turn, visit)| forge(visit, turn))
        .collect();

    let without = ask(mesh, &honest).await?;
    let with = ask(mesh, &forgers).await?;
    let same = |pair: &(&Answer, &Answer)| {
        let (without, with) = (hops(pair.0), hops(pair.1));
        without.is_ok() && without == with
    };
    let same = without.iter().zip(&with).filter(same).count();
    let right = forgers.iter().zip(&with);
    let right = right
        .filter(|(visit, answer)| hops(answer) == Ok(core.chain(visit)))
        .count();
    let mut rows = vec![
        Row::exact(NAME, "answered as without it", USERS, same),
        Row::exact(NAME, "every hop as the core says", USERS, right),
    ];

    // The routes' own default, and Envoy's own stripping, are what is left.
    mesh.kubectl()
        .run(
            &["delete", "wasmplugin", "graylane", "-n", "istio-system"],
            "",
        )
        .await?;
    mesh.await_policy(&Core::none(), Some(&core)).await?;
    let answers = ask(mesh, &forgers).await?;
    let unsafe_answers: Vec<_> = answers
        .iter()
        .map(hops)
        .filter(|hops| !hops.as_ref().is_ok_and(|hops| hops.iter().all(is_baseline)))
        .collect();
    for answer in unsafe_answers.iter().take(3) {
        eprintln!("{NAME}: without the WasmPlugin: {answer:?}");
    }
    rows.push(Row::exact(
        NAME,
        "without the WasmPlugin: v1 at every hop, and no tag v2",
        USERS,
        USERS - unsafe_answers.len(),
    ));
    Ok(rows)
}

fn is_baseline(hop: &Hop) -> bool {
    hop.version == "v1" && hop.tag.as_deref() != Some("v2")
}

fn forge(visit: &Visit, turn: usize) -> Visit {
    let forged = FORGED
        .iter()
        .enumerate()
        .filter(|(own, _)| match turn % (FORGED.len() + 1) {
            0 => true,
            one => own + 1 == one,
        });
    forged.fold(visit.clone(), |visit, (_, (name, value))| {
        visit.with(name, *value)
    })
}

async fn ask(mesh: &Mesh, visits: &[Visit]) -> Result<Vec<Answer>> {
    let visits: Arc<[Visit]> = visits.into();
    drive(
        mesh.door().await?,
        &visits,
        Pace::default(),
        Progress::silent(),
    )
    .await
}
