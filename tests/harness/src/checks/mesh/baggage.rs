//! The tag as an entry of `baggage`, beside the entries of others.

use std::sync::Arc;

use anyhow::{Context, Result};

use super::NAME;
use super::path::{BAGGAGE, Hop, taken};
use super::policies::one_lane;
use super::site::{Site, send, user};
use crate::client::Visit;
use crate::lab::Lab;
use crate::mesh::host;
use crate::report::Row;

const USERS: usize = 1_000;
/// What clients bring along, line by line: with properties, encoded, malformed, with a forged tag.
const BROUGHT: [&[&str]; 6] = [
    &[],
    &["userId=al%C3%AFce"],
    &["a=1;ttl=60;hot , region=eu%2Cwest", "b=2"],
    &["x-gray-version=blue,c=3"],
    &[
        "d=4;x-gray-version=blue",
        "x-gray-version=v2;e=5, x-gray-version=blue",
    ],
    &["no entry,, =x,f=%zz,g="],
];
/// What an application once got from another policy.
const UNKNOWN: &str = "h=%20;p=q, x-gray-version=v9;r, i=8";

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut policy = one_lane(50.0);
    policy["carrier"] = "baggage".into();
    let site = Site::start(lab, &policy).await?;
    let visits: Arc<[Visit]> = (0..USERS)
        .map(|number| {
            let lines = BROUGHT[number / 2 % BROUGHT.len()].iter();
            lines.fold(user(number), |visit, line| visit.with(BAGGAGE, *line))
        })
        .collect();
    let entrance = site.entrance(lab, &policy).await?;
    let asked = site.ask(&entrance, "in baggage", &visits, &visits).await?;
    let both = visits.iter().zip(&asked.ways);
    let whole = both.filter(|(visit, way)| {
        let last = way.get(2).map(|hop| others(&hop.baggage));
        last.is_some_and(|last| last == others(&visit.values(BAGGAGE)))
    });
    Ok(vec![
        Row::exact(NAME, "in baggage: as the core says", USERS, asked.right()),
        asked.judge_ways(
            "in baggage: users by their way".to_owned(),
            &["v1→v1→v1", "v2→v1→v2"],
        ),
        Row::exact(
            NAME,
            "in baggage: the others' entries whole at the last",
            USERS,
            whole.count(),
        ),
        unknown(&site).await?,
    ])
}

/// All entries but the tag's.
fn others(lines: &[Vec<u8>]) -> Vec<String> {
    let lines = lines.iter().map(|line| String::from_utf8_lossy(line));
    let entries: Vec<_> = lines
        .flat_map(|line| {
            line.split(',')
                .map(|entry| entry.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let other = |entry: &&String| !entry.is_empty() && !entry.starts_with("x-gray-version=");
    entries.iter().filter(other).cloned().collect()
}

async fn unknown(site: &Site) -> Result<Row> {
    let out = site.mesh.way_out_of("checkout-v1");
    let ask = |number| user(number).at(&host("stock")).with(BAGGAGE, UNKNOWN);
    let visits: Arc<[Visit]> = (0..50).map(ask).collect();
    let answers = send(out.context("no such pod")?, &visits, "unknown in baggage").await?;
    let wanted = ["stock-v1", "pay-v1"].map(|pod| Hop {
        pod: pod.to_owned(),
        tag: Vec::new(),
        baggage: vec![UNKNOWN.as_bytes().to_vec()],
    });
    let right = answers.iter().filter(|answer| taken(answer) == wanted);
    let rule = "in baggage: an unknown tag, whole at the last";
    Ok(Row::exact(NAME, rule, visits.len(), right.count()))
}
