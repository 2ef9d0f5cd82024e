//! Nothing that several workers count is lost: their sums are the backends' own counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::NAME;
use super::cases::{COUNTED, Case, SLOW};
use super::gauges::Gauges;
use super::judge::{Run, all};
use super::site::{Site, services};
use super::verdicts::Verdict;
use crate::Progress;
use crate::backend::Tally;
use crate::client::{Pace, Visit, drive};
use crate::report::Row;

/// How long a count may take until it is told.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often each user of the counted service comes.
const TIMES: usize = 40;

const ANSWERS: &str = "graylane_guard_answers_total";
const FAILED: &str = "graylane_guard_failed_total";

/// The rows of what was counted, once no request is under way.
pub(super) async fn rows(site: &Site<'_>, run: &Run) -> Result<Vec<Row>> {
    let mut tallies = Vec::new();
    // Of requests that never arrived, or were never answered, a backend knows nothing.
    let known = |case: &&Case| !matches!(case.service, "hangs" | "gone");
    for case in site.cases.iter().filter(known) {
        tallies.push((case, site.get(case)?.tally().await?));
    }
    let verdicts = Verdict::all(site.envoy.log())?;
    let rows = settled(site, |gauges| {
        Ok(vec![
            same("answers", gauges, &tallies, ANSWERS, |own| own.requests),
            same("failures", gauges, &tallies, FAILED, |own| own.failed),
            requests(site, run, gauges),
            open_streams(site, gauges),
            states(site, gauges, &verdicts),
        ])
    });
    let mut rows = rows.await?;
    rows.push(slow(site, run).await?);
    rows.push(workers(site).await?);
    rows.extend(under_pressure(site).await?);
    Ok(rows)
}

/// The rows as soon as all of them pass, or as they are when patience ends.
async fn settled(site: &Site<'_>, rows: impl Fn(&Gauges) -> Result<Vec<Row>>) -> Result<Vec<Row>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let rows = rows(&Gauges::read(site.envoy.admin()).await?)?;
        if rows.iter().all(|row| row.passed) || Instant::now() > until {
            return Ok(rows);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Versions of which as much is counted as their backends count.
fn same(
    what: &str,
    gauges: &Gauges,
    tallies: &[(&Case, Tally)],
    name: &str,
    own: fn(&Tally) -> u64,
) -> Row {
    let right = tallies.iter().filter(|(case, tally)| {
        let counted = gauges.of(case.service, case.version, name);
        // What never happened is not shown.
        counted.unwrap_or_default() == own(tally)
    });
    let rule = format!("versions whose {what} are their backends'");
    all(rule, tallies.len(), right.count())
}

/// Every request counts for the version that it was decided for.
fn requests(site: &Site<'_>, run: &Run, gauges: &Gauges) -> Row {
    let services = services(site.cases);
    let right = services.iter().filter(|&&service| {
        let versions = site.cases.iter().filter(|case| case.service == service);
        let versions = versions.map(|case| case.version).chain(["v1"]);
        let counts = versions.map(|version| gauges.of(service, version, "graylane_requests_total"));
        let made = run.asked(site).filter(|(_, user)| user.service == service);
        counts.sum::<Option<u64>>() == Some(made.count() as u64)
    });
    all(
        "services whose requests are all counted",
        services.len(),
        right.count(),
    )
}

fn open_streams(site: &Site<'_>, gauges: &Gauges) -> Row {
    let canaries = site.cases.iter().map(|case| (case.service, case.version));
    let baselines = services(site.cases)
        .into_iter()
        .map(|service| (service, "v1"));
    let versions: Vec<_> = canaries.chain(baselines).collect();
    let open =
        |(service, version): &(&str, &str)| gauges.of(service, version, "graylane_open_streams");
    // Before it was looked at while there was one, the gauge is not shown.
    let shown: Vec<_> = versions.iter().filter_map(open).collect();
    let still = shown.iter().filter(|open| **open > 0).count();
    Row::judged(
        NAME,
        "versions that had open streams, and have some in the end",
        "some, and 0",
        format!("{}, and {still}", shown.len()),
        "exact",
        !shown.is_empty() && still == 0,
    )
}

fn states(site: &Site<'_>, gauges: &Gauges, verdicts: &[Verdict]) -> Row {
    let right = site.cases.iter().filter(|case| {
        let mut own = verdicts.iter();
        let last = own.rfind(|verdict| verdict.is_on(case.service, case.version));
        let state = match last.map_or("open", |verdict| &*verdict.to) {
            "open" => 0,
            "observed" => 1,
            "paused" => 2,
            "probing" => 3,
            _ => 4,
        };
        gauges.of(case.service, case.version, "graylane_guard_state") == Some(state)
    });
    let rule = "guards whose gauge is the last verdict";
    all(rule, site.cases.len(), right.count())
}

/// At least those that the backend kept waiting are slow, and at most those that took so long for
/// their users.
async fn slow(site: &Site<'_>, run: &Run) -> Result<Row> {
    let case = site.cases.iter().find(|case| case.service == "slow");
    let case = case.context("no version is slow")?;
    let least = site.get(case)?.tally().await?.late;
    let name = case.name();
    let most = run.asked(site).filter(|(record, user)| {
        user.canary.as_ref() == Some(&name) && record.answered - record.sent > SLOW
    });
    let most = most.count() as u64;
    let gauges = Gauges::read(site.envoy.admin()).await?;
    let counted = gauges.of(case.service, case.version, "graylane_guard_slow_total");
    let counted = counted.unwrap_or_default();
    Ok(Row::judged(
        NAME,
        "slow answers: counted",
        format!("{least}, by the backend"),
        counted,
        format!("up to {most}, by users"),
        least > 0 && (least..=most).contains(&counted),
    ))
}

async fn workers(site: &Site<'_>) -> Result<Row> {
    let workers = site.envoy.admin().connections_by_worker().await?;
    let busy = workers.iter().filter(|connections| **connections > 0);
    Ok(all("workers with connections", workers.len(), busy.count()))
}

/// Every worker counts for one version as fast as it can.
async fn under_pressure(site: &Site<'_>) -> Result<Vec<Row>> {
    let case = site.cases.iter().find(|case| case.service == COUNTED);
    let case = case.context("no version is counted")?;
    let users: Vec<_> = site.visits_to(COUNTED).cloned().collect();
    let visits: Arc<[Visit]> = users
        .iter()
        .cycle()
        .take(users.len() * TIMES)
        .cloned()
        .collect();
    let progress = Progress::of("guard: every answer counts", visits.len());
    drive(site.envoy.address(), &visits, Pace::default(), progress).await?;
    let own = site.get(case)?.tally().await?;
    let counts = [
        ("answers", ANSWERS, own.requests),
        ("failures", FAILED, own.failed),
        (
            "answers in the window",
            "graylane_guard_window_answers",
            own.requests,
        ),
        (
            "failures in the window",
            "graylane_guard_window_failed",
            own.failed,
        ),
    ];
    let row = |gauges: &Gauges, (what, name, own): (&str, &str, u64)| {
        let counted = gauges.of(case.service, case.version, name);
        let counted = counted.map_or("none".to_owned(), |count| count.to_string());
        Row::exact(NAME, format!("{COUNTED}: {what}"), own, counted)
    };
    settled(site, |gauges| {
        Ok(counts.map(|count| row(gauges, count)).to_vec())
    })
    .await
}
