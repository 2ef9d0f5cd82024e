//! Each version gets its share, as far as chance allows.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use graylane::chance::{ALPHA, accepted};
use serde_json::Value;

use super::people::{policy, with_user};
use crate::Progress;
use crate::client::{Pace, Protocol, Visit, drive};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::report::{Found, Row};
use crate::series::{Series, Share};
use crate::stats::chi_square;

const NAME: &str = "shares";

pub(super) async fn check(lab: &Lab) -> Result<Found> {
    let one = [0.1, 1.0, 10.0, 50.0].map(|percent| vec![("v2", percent)]);
    let two = vec![("v2", 10.0), ("v3", 20.0)];
    let mut all = Found::default();
    for shares in one.into_iter().chain([two]) {
        let found = measure(lab, &policy(&shares), &shares).await?;
        all.rows.extend(found.rows);
        all.series.extend(found.series);
    }
    Ok(all)
}

/// Sends users under `policy` and holds the counts against `shares`, in percent.
pub(super) async fn measure(lab: &Lab, policy: &Value, shares: &[(&str, f64)]) -> Result<Found> {
    let mut versions = vec!["v1"];
    versions.extend(shares.iter().map(|(version, _)| version));
    let backends = lab.backends(&versions).await?;
    let setup = Setup::of("standalone").policy(policy);
    let envoy = lab.envoy(&setup, &backends).await?;
    let title = format!("shares: {}", name(shares));
    let users = users(enough(lab.users(), shares));
    let progress = Progress::of(&title, users.len());
    let answers = drive(envoy.address(), &users, Pace::default(), progress).await?;

    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for answer in &answers {
        let version = answer.as_ref().ok().and_then(|reply| reply.version());
        *counts.entry(version.unwrap_or("nobody")).or_default() += 1;
    }
    let count = |version: &str| counts.get(version).copied().unwrap_or(0);
    let mut rows = vec![Row::exact(
        NAME,
        format!("{}: unanswered", name(shares)),
        0,
        count("nobody"),
    )];
    let mut series = Series::default();
    for (version, percent) in shares {
        let (low, high) = accepted(users.len() as u64, percent / 100.0)?;
        let share = Share {
            split: name(shares),
            version: (*version).to_owned(),
            intended_percent: *percent,
            hits: count(version),
            users: users.len() as u64,
            low,
            high,
        };
        rows.push(row(&share));
        series.shares.push(share);
    }
    if shares.len() > 1 {
        let rest = 100.0 - shares.iter().map(|(_, percent)| percent).sum::<f64>();
        let expected: Vec<f64> = [rest]
            .into_iter()
            .chain(shares.iter().map(|(_, percent)| *percent))
            .map(|percent| percent / 100.0)
            .collect();
        let observed: Vec<u64> = versions.iter().map(|version| count(version)).collect();
        let chance = chi_square(&observed, &expected)?;
        rows.push(Row::judged(
            NAME,
            format!("{}: all versions (χ²)", name(shares)),
            format!("p ≥ {ALPHA:e}"),
            format!("p = {chance:.3}, {observed:?}"),
            format!("p ≥ {ALPHA:e}"),
            chance >= ALPHA,
        ));
    }
    Ok(Found { rows, series })
}

fn row(share: &Share) -> Row {
    let Share {
        hits, users, low, ..
    } = share;
    Row::judged(
        NAME,
        format!("{}: {}", share.split, share.version),
        format!("{} %", share.intended_percent),
        format!("{:.2} % ({hits} of {users})", share.observed_percent()),
        format!("{low} to {}", share.high),
        share.is_accepted(),
    )
}

/// So many users that the smallest share has some in any case: below that, a share that nobody
/// gets would pass.
fn enough(wanted: usize, shares: &[(&str, f64)]) -> usize {
    const HITS: f64 = 50.0;
    let smallest = shares
        .iter()
        .map(|(_, percent)| *percent)
        .fold(100.0, f64::min);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A moderate number.
    let needed = (HITS * 100.0 / smallest).ceil() as usize;
    wanted.max(needed)
}

/// Users by header alone, other ones than in the check of every user.
fn users(count: usize) -> Arc<[Visit]> {
    (0..count)
        .map(|number| {
            let visit = with_user(Visit::of(format!("shopper-{number}")));
            if number % 2 == 0 {
                visit
            } else {
                visit.over(Protocol::Http2)
            }
        })
        .collect()
}

fn name(shares: &[(&str, f64)]) -> String {
    let percents: Vec<_> = shares
        .iter()
        .map(|(_, percent)| format!("{percent} %"))
        .collect();
    percents.join(" / ")
}
