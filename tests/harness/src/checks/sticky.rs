//! A user stays on a version: over requests, connections, workers and a restart of Envoy.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;

use super::people::{mixed_users, policy};
use crate::Progress;
use crate::client::{Pace, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::report::Row;

const NAME: &str = "sticky";
/// How often each user comes, to each Envoy.
const ROUNDS: usize = 5;
/// Enough for a 10 % split to have people on both sides.
const USERS: usize = 400;

type Homes = BTreeMap<String, BTreeMap<String, usize>>;

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = Setup::of("standalone").policy(&policy(&[("v2", 10.0)]));
    let users = mixed_users(USERS.min(lab.users()));
    let mut homes = Homes::new();
    let mut rows = Vec::new();

    let envoy = lab.envoy(&setup, &backends).await?;
    // A new connection each few requests: they land on both workers.
    let new_connections = Pace {
        renew_after: 3,
        ..Pace::default()
    };
    for round in 1..=ROUNDS {
        visit_all(&envoy, &users, new_connections, round, &mut homes).await?;
    }
    rows.push(moved("over requests and connections", &homes));

    let workers = envoy.admin().connections_by_worker().await?;
    let busy = workers
        .iter()
        .filter(|&&connections| connections > 0)
        .count();
    let seen = format!("{busy}, with {workers:?} connections");
    rows.push(Row::judged(
        NAME,
        "workers that answered",
        2,
        seen,
        "exact",
        busy == 2,
    ));
    envoy.kill();

    let envoy = lab.envoy(&setup, &backends).await?;
    visit_all(&envoy, &users, Pace::default(), ROUNDS + 1, &mut homes).await?;
    rows.push(moved("over a restart", &homes));

    let everybody: BTreeMap<&str, usize> = homes
        .values()
        .filter_map(|versions| versions.keys().next())
        .fold(BTreeMap::new(), |mut count, version| {
            *count.entry(version.as_str()).or_default() += 1;
            count
        });
    let observed = format!("{everybody:?}");
    let both = everybody.contains_key("v1") && everybody.contains_key("v2");
    rows.push(Row::judged(
        NAME,
        "users by version",
        "both versions",
        observed,
        "",
        both,
    ));
    Ok(rows)
}

async fn visit_all(
    envoy: &Envoy,
    users: &Arc<[Visit]>,
    pace: Pace,
    round: usize,
    homes: &mut Homes,
) -> Result<()> {
    let progress = Progress::of(&format!("sticky: round {round}"), users.len());
    let answers = drive(envoy.address(), users, pace, progress).await?;
    for (visit, answer) in users.iter().zip(answers) {
        let home = match &answer {
            Ok(reply) => reply.version().unwrap_or("no backend"),
            Err(_) => "no answer",
        };
        let homes = homes.entry(visit.user.clone()).or_default();
        *homes.entry(home.to_owned()).or_default() += 1;
    }
    Ok(())
}

/// A user with more than one home, or without any, has moved.
fn moved(case: &str, homes: &Homes) -> Row {
    let moved = homes
        .values()
        .filter(|versions| {
            versions.len() != 1 || versions.keys().any(|version| version.starts_with("no "))
        })
        .count();
    Row::exact(NAME, format!("{case}: users that moved"), 0, moved)
}
