//! Everybody by the edge, through all three services.

use std::sync::Arc;

use anyhow::Result;

use super::NAME;
use super::path::{Hop, answers_say_nothing, hides_clusters};
use super::site::{Asked, Entrance, Site, user};
use crate::checks::forged::FORGERIES;
use crate::client::Visit;
use crate::lab::Lab;
use crate::mesh::SERVICES;
use crate::report::Row;

/// Users with each forgery.
const FORGERS: usize = 50;

pub(super) async fn check(lab: &Lab, site: &Site, by: &Entrance) -> Result<Vec<Row>> {
    let visits: Arc<[Visit]> = (0..lab.users()).map(tester_or_user).collect();
    let asked = site.ask(by, "the chain", &visits, &visits).await?;
    let mut rows = compare(&asked);

    let (honest, forgers) = forgers();
    let asked = site.ask(by, "forgers", &forgers, &honest).await?;
    let both = asked.wanted.iter().zip(&asked.ways).zip(&asked.answers);
    let right = both.filter(|((wanted, way), answer)| wanted == way && hides_clusters(answer));
    rows.push(Row::exact(
        NAME,
        "forged at the edge: the same way as without it",
        forgers.len(),
        right.count(),
    ));
    Ok(rows)
}

fn tester_or_user(number: usize) -> Visit {
    if number % 50 == 49 {
        user(number).with("x-qa", "on")
    } else {
        user(number)
    }
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

fn compare(asked: &Asked) -> Vec<Row> {
    let users = asked.wanted.len();
    let mut rows = Vec::new();
    for (number, (service, _)) in SERVICES.into_iter().enumerate() {
        let pod = |way: &Vec<Hop>| way.get(number).map(|hop| hop.pod.clone());
        let both = asked.wanted.iter().zip(&asked.ways);
        let right = both.filter(|(wanted, way)| pod(wanted) == pod(way));
        let rule = format!("{service}: version as the core says");
        rows.push(Row::exact(NAME, rule, users, right.count()));
    }
    let rule = "the right tag at each hop";
    rows.push(Row::exact(NAME, rule, users, asked.right()));
    rows.push(asked.judge_ways(
        "users by their way".to_owned(),
        &["v1→v1→v1", "v1→v1→v2", "v2→v1→v2"],
    ));
    let answers = || asked.answers.iter();
    let hidden = answers().filter(|answer| hides_clusters(answer)).count();
    let rule = "no x-gray-cluster at an application";
    rows.push(Row::exact(NAME, rule, users, hidden));
    let silent = answers().filter(|answer| answers_say_nothing(answer));
    let rule = "no tag in an answer, at any hop";
    rows.push(Row::exact(NAME, rule, users, silent.count()));
    rows
}
