//! One worker asks for all: the centre is asked as often as by a proxy of one worker.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::NAME;
use super::site::{EVERY, Site, everybody};
use crate::Progress;
use crate::centre::{Access, Asked, Kind};
use crate::lab::Lab;
use crate::report::Row;

/// How long requests are counted.
const COUNTED: Duration = Duration::from_secs(10);
/// The policy and the switches.
const DOCUMENTS: usize = 2;

pub(super) async fn rows(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let policy = everybody("v1");
    let site = Site::start(lab, kind, Access::Open, &policy, &json!({})).await?;
    let _progress = Progress::waiting(&format!("{NAME}: {} counts requests", kind.name()));
    let from = Instant::now();
    tokio::time::sleep(COUNTED).await;
    let until = Instant::now();
    let asked = site.door.asked();
    let inside = asked
        .iter()
        .filter(|asked| asked.at >= from && asked.at < until);
    let count = inside.count();
    // A pause is shorter by a tenth at most; and a request may fall on either end.
    let rounds = (until - from).as_millis() * 10 / (EVERY.as_millis() * 9);
    let most = DOCUMENTS * (usize::try_from(rounds)? + 2);
    let rule = format!("{}: requests in {} s", kind.name(), COUNTED.as_secs());
    let at_most = format!("at most {most}");
    let few = Row::judged(NAME, rule, &at_most, count, &at_most, count <= most);
    let together = together(&asked);
    let rule = format!("{}: requests under way at once", kind.name());
    let at_most = format!("at most {DOCUMENTS}, of {}", asked.len());
    let passed = together > 0 && together <= DOCUMENTS;
    Ok(vec![
        few,
        Row::judged(NAME, rule, &at_most, together, &at_most, passed),
    ])
}

/// The most requests that were under way at one moment.
fn together(asked: &[Asked]) -> usize {
    let under_way = |moment: Instant| {
        let is = |own: &&Asked| {
            own.at <= moment && own.answered.is_none_or(|answered| answered > moment)
        };
        asked.iter().filter(is).count()
    };
    let counts = asked.iter().map(|own| under_way(own.at));
    counts.max().unwrap_or_default()
}
