//! How long a version that turns bad stays in traffic, and how many requests fail meanwhile: each
//! kind of failure, over and over.

use std::time::{Duration, Instant};

use anyhow::Result;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{LineStyle, Table};
use serde_json::{Value, json};

use super::cases::{Case, SLOW, fails, gone, hangs, slowness, waits};
use super::judge::Run;
use super::site::{SHARE, Site, VERDICTS};
use super::verdicts::Verdict;
use crate::Progress;
use crate::client::Record;
use crate::lab::Lab;

/// Requests in a second on each service.
const RATE: u32 = 100;
/// Load before anything turns: what a version has to its credit.
const WELL: Duration = Duration::from_secs(5);
/// Load after the last verdict.
const AFTER: Duration = Duration::from_millis(1_500);

/// How many answers may be failures, and how many may be slow, in percent.
const MAX_ERROR_PERCENT: usize = 5;
const MAX_SLOW_PERCENT: usize = 10;
/// How many answers a guard waits for that does not say, and how far back it looks.
const MIN_REQUESTS: usize = 50;
const WINDOW: Duration = Duration::from_secs(30);

/// How a version was closed.
struct Closing {
    /// From the first request that it failed to the last one that it got.
    since_first: Duration,
    /// The same from the moment when it was past its limit.
    since_limit: Duration,
    /// Requests that failed, or were slow.
    bad: usize,
}

/// Has every kind of failure happen `repeats` times; prints what was measured, and returns whether
/// each version was closed each time.
///
/// # Errors
/// If Envoy does not start.
pub async fn measure(lab: &Lab, repeats: u32) -> Result<bool> {
    let cases = cases();
    let mut closings: Vec<Vec<Closing>> = cases.iter().map(|_| Vec::new()).collect();
    let progress = Progress::of("guard: times to close", repeats as usize);
    for _ in 0..repeats {
        let site = Site::start(lab, &cases).await?;
        let run = load_through(&site).await?;
        for (case, own) in cases.iter().zip(&mut closings) {
            own.extend(closing(&site, &run, case)?);
        }
        progress.step();
    }
    drop(progress);
    println!(
        "{:.0} requests in a second to each version, {} s of them good; guard: {}",
        f64::from(RATE) * SHARE / 100.0,
        WELL.as_secs(),
        guard()
    );
    println!("{}", table(&cases, &closings, repeats));
    Ok(closings.iter().all(|own| own.len() == repeats as usize))
}

/// A guard with its usual window and number of requests.
fn guard() -> Value {
    let (slow, limit) = slowness(MAX_SLOW_PERCENT);
    json!({ "max_error_percent": MAX_ERROR_PERCENT, slow: limit })
}

fn cases() -> Vec<Case> {
    let kinds = [
        ("fails-20", fails(200)),
        ("fails-50", fails(500)),
        ("fails-100", fails(1_000)),
        ("slow", waits(1_000)),
        ("hangs", hangs()),
        ("gone", gone()),
    ];
    let case = |(service, turn)| Case::new(service, guard(), turn);
    kinds.map(case).to_vec()
}

async fn load_through(site: &Site<'_>) -> Result<Run> {
    let traffic = site.load(RATE).await?;
    tokio::time::sleep(WELL).await;
    let turned = Instant::now();
    site.turn().await?;
    site.judged(turned + VERDICTS, |_| 1).await?;
    tokio::time::sleep(AFTER).await;
    let ended = Instant::now();
    Ok(Run {
        records: traffic.stop().await?,
        turned,
        ended,
    })
}

/// How a case's version was closed, if it was.
fn closing(site: &Site<'_>, run: &Run, case: &Case) -> Result<Option<Closing>> {
    let verdicts = Verdict::all(site.envoy.log())?;
    let is_closed = |verdict: &Verdict| verdict.service == case.service && verdict.to == "closed";
    if !verdicts.iter().any(is_closed) {
        return Ok(None);
    }
    let name = case.name();
    let got = run.asked(site).filter(|(record, user)| {
        let by_baseline = record.version.as_deref() == Some(user.baseline);
        user.canary.as_ref() == Some(&name) && !by_baseline
    });
    let mut got: Vec<_> = got.map(|(record, _)| record).collect();
    got.sort_by_key(|record| told_at(record));
    let turned = got.partition_point(|record| told_at(record) < run.turned);
    let since = got.get(turned..).unwrap_or_default();
    let first = since.iter().find(|record| is_bad(record));
    let last = got.iter().map(|record| record.sent).max();
    let Some((first, last)) = first.zip(last) else {
        return Ok(None);
    };
    let past = past_limit(&got).unwrap_or(last);
    Ok(Some(Closing {
        since_first: last.saturating_duration_since(told_at(first)),
        since_limit: last.saturating_duration_since(past),
        bad: since.iter().filter(|record| is_bad(record)).count(),
    }))
}

/// When a version was past the limit in the limit's own words: of so many answers in the window, more
/// than the share was bad.
fn past_limit(got: &[&Record]) -> Option<Instant> {
    let ends = got.iter().map(|record| told_at(record)).enumerate();
    let past = |(place, end): &(usize, Instant)| {
        let told = got.get(..=*place).unwrap_or_default();
        let inside = told.partition_point(|record| *end - told_at(record) > WINDOW);
        let inside = told.get(inside..).unwrap_or_default();
        let more = |of: fn(&Record) -> bool, percent: usize| {
            let of = inside.iter().filter(|record| of(record));
            of.count() * 100 > percent * inside.len()
        };
        let past = more(is_slow, MAX_SLOW_PERCENT) || more(has_failed, MAX_ERROR_PERCENT);
        inside.len() >= MIN_REQUESTS && past
    };
    ends.into_iter().find(past).map(|(_, end)| end)
}

/// When a request was known to be good or bad: once it was slow, nobody needed its answer.
fn told_at(record: &Record) -> Instant {
    record.answered.min(record.sent + SLOW)
}

fn is_bad(record: &Record) -> bool {
    is_slow(record) || has_failed(record)
}

fn is_slow(record: &Record) -> bool {
    record.answered - record.sent > SLOW
}

fn has_failed(record: &Record) -> bool {
    !is_slow(record) && !record.is_success()
}

fn table(cases: &[Case], closings: &[Vec<Closing>], repeats: u32) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_header([
        "kind",
        "closed",
        "after its limit was crossed: median",
        "worst",
        "after its first failure: median",
        "worst",
        "failed or slow: median",
        "worst",
    ]);
    for (case, own) in cases.iter().zip(closings) {
        let mut cells = vec![
            case.service.to_owned(),
            format!("{} of {repeats}", own.len()),
        ];
        let millis = |time: Duration| format!("{} ms", time.as_millis());
        cells.extend(spread(own, |closing| closing.since_limit).map(millis));
        cells.extend(spread(own, |closing| closing.since_first).map(millis));
        cells.extend(spread(own, |closing| closing.bad).map(|bad| bad.to_string()));
        table.add_row(cells);
    }
    table
}

/// The median and the worst.
fn spread<T: Copy + Default + Ord>(closings: &[Closing], of: fn(&Closing) -> T) -> [T; 2] {
    let mut all: Vec<_> = closings.iter().map(of).collect();
    all.sort_unstable();
    let at = |place: usize| all.get(place).copied().unwrap_or_default();
    [at(all.len() / 2), at(all.len().saturating_sub(1))]
}
