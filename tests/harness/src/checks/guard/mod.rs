//! The guard, in a proxy of several workers under load: a version that turns bad is closed, and one
//! that does not is left alone.

mod calls;
mod cases;
mod counts;
mod gauges;
mod judge;
mod noise;
mod probing;
mod rollback;
mod site;
mod times;
pub(in crate::checks) mod verdicts;

pub use noise::endure;
pub use times::measure;

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::Progress;
use crate::lab::Lab;
use crate::report::Found;
use crate::series::Series;
use cases::{Case, RETURNS};
use judge::Run;
use probing::Probing;
use site::{Site, VERDICTS};

const NAME: &str = "guard";
/// Requests in a second on each service.
const RATE: u32 = 40;
/// Load before anything turns.
const WELL: Duration = Duration::from_secs(2);
/// Load after the last verdict, by more than the end that is looked at.
const AFTER: Duration = Duration::from_secs(4);

pub(super) async fn check(lab: &Lab) -> Result<Found> {
    let cases = cases::all();
    let site = Site::start(lab, &cases).await?;
    let (run, probing) = load_through(&site).await?;
    let mut rows = judge::rows(&site, &run)?;
    rows.push(probing::row(&site, &run, &probing)?);
    let series = Series {
        rollback: rollback::series(&site, &run)?,
        ..Series::default()
    };
    rows.extend(counts::rows(&site, &run).await?);
    Ok(Found { rows, series })
}

/// Load from before the versions turn until every verdict is there.
async fn load_through(site: &Site<'_>) -> Result<(Run, Probing)> {
    let _progress = Progress::waiting("guard: versions turn");
    let traffic = site.load(RATE).await?;
    tokio::time::sleep(WELL).await;
    let turned = Instant::now();
    site.turn().await?;

    let until = turned + VERDICTS;
    let of_returning = |number: usize| {
        let wanted = move |case: &Case| if case.service == RETURNS { number } else { 0 };
        site.judged(until, wanted)
    };
    of_returning(1).await?;
    site.heal(RETURNS).await?;
    of_returning(2).await?;
    let from = Instant::now();
    let to = of_returning(3).await?;
    site.judged(until, |case| case.verdicts.len()).await?;
    tokio::time::sleep(AFTER).await;
    let ended = Instant::now();
    let records = traffic.stop().await?;
    let run = Run {
        records,
        turned,
        ended,
    };
    Ok((run, Probing { from, to }))
}
