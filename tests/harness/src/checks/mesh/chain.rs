//! Everybody by the edge, through all three services.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;

use super::NAME;
use super::path::{Hop, answers_say_nothing, expected, hides_clusters, taken};
use super::policies::policy;
use crate::Progress;
use crate::checks::forged::FORGERIES;
use crate::checks::people::with_user;
use crate::client::{Answer, Pace, Protocol, Visit, drive};
use crate::lab::Lab;
use crate::mesh::{Mesh, SERVICES};
use crate::native::Native;
use crate::report::Row;

/// Users with each forgery.
const FORGERS: usize = 50;

pub(super) async fn check(lab: &Lab, mesh: &Mesh, inside: &Native) -> Result<Vec<Row>> {
    let policy = policy("edge", 30.0);
    let native = Native::compile(&policy)?;
    let edge = mesh.edge(lab, &policy).await?;
    let visits: Arc<[Visit]> = (0..lab.users()).map(user).collect();
    let progress = Progress::of(&format!("{NAME}: the chain"), visits.len());
    let answers = drive(edge.address(), &visits, Pace::default(), progress).await?;
    let wanted: Vec<_> = visits
        .iter()
        .map(|visit| expected(&native, inside, visit))
        .collect();
    let mut rows = compare(&wanted, &answers);

    let (honest, forgers) = forgers();
    let progress = Progress::of(&format!("{NAME}: forgers"), forgers.len());
    let answers = drive(edge.address(), &forgers, Pace::default(), progress).await?;
    let right = honest.iter().zip(&answers).filter(|(visit, answer)| {
        taken(answer) == expected(&native, inside, visit) && hides_clusters(answer)
    });
    rows.push(Row::exact(
        NAME,
        "forged at the edge: the same way as without it",
        forgers.len(),
        right.count(),
    ));
    Ok(rows)
}

/// A user by id, over either protocol; some are testers at `checkout`.
fn user(number: usize) -> Visit {
    let visit = with_user(Visit::of(format!("user-{number}")));
    let visit = if number % 50 == 49 {
        visit.with("x-qa", "on")
    } else {
        visit
    };
    visit.over([Protocol::Http1, Protocol::Http2][number % 2])
}

/// Users, and the same ones with each forgery.
fn forgers() -> (Vec<Visit>, Arc<[Visit]>) {
    let mut honest = Vec::new();
    let mut forging = Vec::new();
    for forgery in FORGERIES {
        for number in 0..FORGERS {
            let visit = user(number);
            honest.push(visit.clone());
            let forged = forgery.iter();
            forging.push(forged.fold(visit, |visit, (name, value)| visit.with(name, *value)));
        }
    }
    (honest, forging.into())
}

fn compare(wanted: &[Vec<Hop>], answers: &[Answer]) -> Vec<Row> {
    let ways: Vec<_> = answers.iter().map(taken).collect();
    let users = wanted.len();
    let both = || wanted.iter().zip(&ways);
    let mut rows = Vec::new();
    for (number, (service, _)) in SERVICES.into_iter().enumerate() {
        let pod = |way: &Vec<Hop>| way.get(number).map(|hop| hop.pod.clone());
        let right = both().filter(|(wanted, way)| pod(wanted) == pod(way));
        let rule = format!("{service}: version as the core says");
        rows.push(Row::exact(NAME, rule, users, right.count()));
    }
    let right = both().filter(|(wanted, way)| wanted == way).count();
    rows.push(Row::exact(NAME, "the right tag at each hop", users, right));
    for (wanted, way) in both().filter(|(wanted, way)| wanted != way).take(3) {
        eprintln!("{NAME}: {way:?}, not {wanted:?}");
    }
    if let Some(Err(error)) = answers.iter().find(|answer| answer.is_err()) {
        eprintln!("{NAME}: {error}");
    }

    // Agreement on one way for everybody would prove nothing.
    let mut users_by_way: BTreeMap<String, usize> = BTreeMap::new();
    for way in &ways {
        let versions = way.iter().filter_map(|hop| hop.pod.rsplit_once('-'));
        let versions: Vec<_> = versions.map(|(_, version)| version).collect();
        *users_by_way.entry(versions.join("→")).or_default() += 1;
    }
    let counts: Vec<_> = users_by_way
        .iter()
        .map(|(way, users)| format!("{way}: {users}"))
        .collect();
    rows.push(Row::judged(
        NAME,
        "users by their way",
        "three ways",
        counts.join(", "),
        "",
        users_by_way.len() == 3,
    ));
    let hidden = answers.iter().filter(|answer| hides_clusters(answer));
    let rule = "no x-gray-cluster at an application";
    rows.push(Row::exact(NAME, rule, users, hidden.count()));
    let silent = answers.iter().filter(|answer| answers_say_nothing(answer));
    let rule = "no tag in an answer, at any hop";
    rows.push(Row::exact(NAME, rule, users, silent.count()));
    rows
}
