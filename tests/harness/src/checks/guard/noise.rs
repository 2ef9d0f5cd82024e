//! Versions that fail half as often as they may, by chance, for as long as one likes: none is to be
//! closed.

use std::time::Duration;

use anyhow::Result;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{LineStyle, Table};
use serde_json::json;

use super::cases::{Case, LATE, Turn, fails_by_lot, slowness};
use super::site::Site;
use super::verdicts::Verdict;
use crate::Progress;
use crate::backend::{Mood, Trouble};
use crate::lab::Lab;

/// Requests in a second on each service.
const RATE: u32 = 60;

/// Lets the load go on for so long; prints what there was, and returns whether no verdict was among
/// it.
///
/// # Errors
/// If Envoy does not start.
pub async fn endure(lab: &Lab, length: Duration) -> Result<bool> {
    let cases = cases();
    let site = Site::start(lab, &cases).await?;
    let progress = Progress::waiting("guard: noise at half the limit");
    site.turn().await?;
    let traffic = site.load(RATE).await?;
    tokio::time::sleep(length).await;
    traffic.stop().await?;
    drop(progress);
    let verdicts = Verdict::all(site.envoy.log())?;
    println!("{}", table(&site, &verdicts).await?);
    Ok(verdicts.is_empty())
}

fn cases() -> Vec<Case> {
    let errors = || fails_by_lot(25);
    let (slow, limit) = slowness(10);
    vec![
        Case::new("errors", json!({ "max_error_percent": 5 }), errors()),
        Case::new(
            "short",
            json!({ "max_error_percent": 5, "window": "5s", "min_requests": 20 }),
            errors(),
        ),
        Case::new(
            "many",
            json!({ "max_error_percent": 40 }),
            fails_by_lot(200),
        ),
        Case::new(
            "slow",
            json!({ slow: limit }),
            Turn::Mood(Mood::of(Trouble::Waits(LATE), 50).by_lot()),
        ),
        Case::new(
            "beside",
            json!({ "above_baseline": { "error_percent": 5 } }),
            errors(),
        ),
        Case::new("in-a-row", json!({ "consecutive_failures": 5 }), errors()),
    ]
}

async fn table(site: &Site<'_>, verdicts: &[Verdict]) -> Result<Table> {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_header(["guard", "requests", "failed", "slow", "verdicts"]);
    for case in site.cases {
        let tally = site.get(case)?.tally().await?;
        let own = verdicts.iter();
        let own = own.filter(|verdict| verdict.is_on(case.service, case.version));
        table.add_row([
            case.guard.to_string(),
            tally.requests.to_string(),
            tally.failed.to_string(),
            tally.late.to_string(),
            own.count().to_string(),
        ]);
    }
    Ok(table)
}
