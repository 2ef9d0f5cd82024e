//! Releases of one service, and of several: what is one release moves as one, and nothing else.

use std::sync::Arc;

use anyhow::Result;
use serde_json::Value;

use super::NAME;
use super::path::Hop;
use super::policies::{one_lane, two_lanes};
use super::site::{Asked, Site, user};
use crate::client::Visit;
use crate::lab::Lab;
use crate::report::Row;

const USERS: usize = 1_000;

/// A case: what it shows, the policy at the edge, and the ways that users take.
type Case<'a> = (&'a str, Value, &'a [&'a str]);

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    // Sidecars follow the tag, so the edge alone moves a whole release.
    let ways = &["v1→v1→v1", "v2→v1→v2"];
    let mut off = one_lane(50.0);
    off["lanes"][0]["enabled"] = false.into();
    let cases: &[Case<'_>] = &[
        ("one release at 10 %", one_lane(10.0), ways),
        ("one release at 50 %", one_lane(50.0), ways),
        ("one release, off", off, &["v1→v1→v1"]),
    ];
    let stages = run(lab, &one_lane(50.0), cases, &mut rows).await?;
    if let [before, after, _] = &*stages {
        let both = before.ways.iter().zip(&after.ways);
        let left = both.filter(|(before, after)| is_in(before) && !is_in(after));
        let rule = "from 10 % to 50 %: who leaves the release";
        rows.push(Row::exact(NAME, rule, 0, left.count()));
    }

    let ways = &["v1→v1→v1", "v1→v1→v2", "v2→v1→v1"][..];
    let cases = [("two releases", two_lanes(), ways)];
    run(lab, &two_lanes(), &cases, &mut rows).await?;

    let mut permissive = one_lane(50.0);
    permissive["services"][2]["enabled"] = false.into();
    let mut strict = permissive.clone();
    strict["lanes"][0]["mode"] = "strict".into();
    let ways = &["v1→v1→v1", "v2→v1→v1"][..];
    let cases = [
        // The sidecars have the strict one already: what is tagged is tagged.
        ("pay is off, permissive at the edge", permissive, ways),
        ("pay is off, strict", strict.clone(), &["v1→v1→v1"]),
    ];
    run(lab, &strict, &cases, &mut rows).await?;
    Ok(rows)
}

/// The cases in turn, at the edge of a mesh with this policy.
async fn run(
    lab: &Lab,
    inside: &Value,
    cases: &[Case<'_>],
    rows: &mut Vec<Row>,
) -> Result<Vec<Asked>> {
    let visits: Arc<[Visit]> = (0..USERS).map(user).collect();
    let site = Site::start(lab, inside).await?;
    let mut stages = Vec::new();
    for (case, policy, ways) in cases {
        let entrance = site.entrance(lab, policy).await?;
        let asked = site.ask(&entrance, case, &visits, &visits).await?;
        let rule = format!("{case}: as the core says");
        rows.push(Row::exact(NAME, rule, USERS, asked.right()));
        rows.push(asked.judge_ways(format!("{case}: users by their way"), ways));
        stages.push(asked);
    }
    Ok(stages)
}

fn is_in(way: &[Hop]) -> bool {
    way.iter().any(|hop| hop.pod == "checkout-v2")
}
