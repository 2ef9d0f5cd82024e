//! What Prometheus has is what the core decides and what the backends counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::site::{DELAY, JOB, Site, TAMPERED};
use super::{NAME, settled};
use crate::Progress;
use crate::backend::Tally;
use crate::checks::mixed_users;
use crate::client::{Bounds, Load, Pace, Record, Visit};
use crate::native::Native;
use crate::report::Row;
use crate::telemetry::Sample;

/// Users, each of whom asks once: enough that the sample ratio tells 12 % from 10 %.
const USERS: usize = 12_000;
/// Those of them who come first: enough that each of the counters is there.
const FIRST: usize = 400;

/// Series by some of their labels, as they are shown.
type Counts = BTreeMap<String, f64>;

/// What a query has to come to.
struct Case {
    name: &'static str,
    query: String,
    labels: &'static [&'static str],
    wanted: Counts,
}

pub(super) async fn rows(site: &Site) -> Result<Vec<Row>> {
    let users = mixed_users(USERS);
    let mut rows = Vec::new();
    // A counter's first value is no increase to Prometheus, so it has to see each before the rest.
    let (first, rest) = users.split_at(FIRST);
    let mut records = asked(site, &first.into()).await?;
    for job in [JOB, TAMPERED] {
        let query = format!(r#"graylane_guard_failed_total{{job="{job}", gray_version="v2"}}"#);
        let seen = settled(async || site.prometheus.has(&query).await, |seen| *seen).await?;
        rows.push(Row::exact(NAME, format!("{job}: scraped"), true, seen));
    }
    records.extend(asked(site, &rest.into()).await?);
    let unanswered = records.iter().filter(|record| record.status.is_none());
    rows.push(Row::exact(NAME, "unanswered", 0, unanswered.count()));
    let mut tallies = BTreeMap::new();
    for version in ["v1", "v2", "v3"] {
        let backend = site.backends.get(version).context("it is not there")?;
        tallies.insert(version, backend.tally().await?);
    }
    let mut cases = vec![revision(site), decisions(site, &users)?];
    cases.extend(counted(&tallies));
    for case in cases {
        rows.push(case.row(site).await?);
    }
    rows.push(latency(site, &records).await?);
    Ok(rows)
}

/// Each user asks once.
async fn asked(site: &Site, users: &Arc<[Visit]>) -> Result<Vec<Record>> {
    let _progress = Progress::waiting(&format!("{NAME}: {} users", users.len()));
    let bounds = Bounds {
        visits: users.len(),
        time: Duration::from_hours(1),
        pause: Duration::ZERO,
        pace: Pace::default(),
    };
    let load = Load::start(site.envoy.address(), users, bounds);
    while load.made() < users.len() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    load.stop().await
}

/// All proxies have the same, whichever way it came to them.
fn revision(site: &Site) -> Case {
    let revision = graylane::revision(site.policy.to_string().as_bytes());
    Case {
        name: "the policy's revision, in all proxies",
        query: "max(graylane_policy_revision) == min(graylane_policy_revision)".to_owned(),
        labels: &[],
        wanted: Counts::from([(String::new(), revision.into())]),
    }
}

/// Every decision is counted as the core makes it.
fn decisions(site: &Site, users: &[Visit]) -> Result<Case> {
    let native = Native::compile(&site.policy)?;
    let mut wanted = Counts::new();
    for visit in users {
        let said = native.annotation(visit);
        let names = ["rule", "version", "reason"].map(|name| said[name].as_str());
        let names = names.map(Option::unwrap_or_default).join("/");
        *wanted.entry(names).or_default() += 1.0;
    }
    let labels = &["gray_rule", "gray_version", "gray_reason"];
    Ok(Case {
        name: "decisions, by rule, version and reason",
        query: sum("graylane_decisions_total", labels),
        labels,
        wanted,
    })
}

/// What the backends have counted.
fn counted(tallies: &BTreeMap<&str, Tally>) -> [Case; 4] {
    let all = || tallies.iter();
    let guarded = || all().filter(|(version, _)| **version != "v1");
    let requests =
        |(version, tally): (&&str, &Tally)| ((*version).to_owned(), real(tally.requests));
    let failing = |(version, tally): (&&str, &Tally)| {
        let share = real(tally.failed) / real(tally.requests);
        (tally.failed > 0).then(|| ((*version).to_owned(), share))
    };
    let classes = |(version, tally): (&&str, &Tally)| {
        let of = |class, count| (format!("{version}/{class}"), real(count));
        let both = [
            ("2xx", tally.requests - tally.failed),
            ("5xx", tally.failed),
        ];
        // What never happened is not shown.
        both.into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(class, count)| of(class, count))
            .collect::<Vec<_>>()
    };
    let version = &["gray_version"];
    let class = &["gray_version", "gray_class"];
    let share = [
        sum("graylane_guard_failed_total", version),
        sum("graylane_guard_answers_total", version),
    ];
    [
        Case {
            name: "requests, as the backends count",
            query: sum("graylane_requests_total", version),
            labels: version,
            wanted: all().map(requests).collect(),
        },
        Case {
            name: "answers that were timed",
            query: sum("graylane_answer_milliseconds_count", version),
            labels: version,
            wanted: guarded().map(requests).collect(),
        },
        Case {
            name: "the share of failures",
            query: share.join(" / "),
            labels: version,
            wanted: guarded().filter_map(failing).collect(),
        },
        Case {
            name: "answers, by status",
            query: sum("graylane_answers_total", class),
            labels: class,
            wanted: guarded().flat_map(classes).collect(),
        },
    ]
}

/// A metric of the service, over all workers, by these labels.
fn sum(metric: &str, labels: &[&str]) -> String {
    let labels = labels.join(", ");
    format!(r#"sum by ({labels}) ({metric}{{job="{JOB}", gray_service="checkout"}})"#)
}

impl Case {
    /// The row, once the query comes to that, or when patience ends.
    async fn row(&self, site: &Site) -> Result<Row> {
        let key = |sample: &Sample| {
            let values = self.labels.iter().map(|label| sample.label(label));
            values.collect::<Vec<_>>().join("/")
        };
        let read = async || {
            let series = site.prometheus.query(&self.query).await?;
            let pairs = series.iter().map(|sample| (key(sample), sample.value));
            Ok(pairs.collect::<Counts>())
        };
        let seen = settled(read, |seen| *seen == self.wanted).await?;
        Ok(Row::exact(NAME, self.name, show(&self.wanted), show(&seen)))
    }
}

fn show(counts: &Counts) -> String {
    let pair = |(name, count): (&String, &f64)| format!("{name} {count}");
    counts.iter().map(pair).collect::<Vec<_>>().join(", ")
}

/// The median that Prometheus makes of Envoy's buckets is not below the bucket of the version's own
/// delay, nor above that of its users' median, which has all of the way in it.
async fn latency(site: &Site, records: &[Record]) -> Result<Row> {
    let version = r#"job="envoy", gray_version="v3""#;
    let buckets = format!("sum by (le) (graylane_answer_milliseconds_bucket{{{version}}})");
    let series = site.prometheus.query(&buckets).await?;
    let mut edges: Vec<f64> = series
        .iter()
        .filter_map(|sample| sample.label("le").parse().ok())
        .collect();
    edges.sort_by(f64::total_cmp);
    let mut times: Vec<_> = records
        .iter()
        .filter(|record| record.version.as_deref() == Some("v3"))
        .map(|record| millis(record.answered - record.sent))
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).context("v3 had no users")?;
    let least = edges.iter().rfind(|edge| **edge < millis(DELAY));
    let least = least.context("no bucket ends before the delay")?;
    let most = edges.iter().find(|edge| *edge >= median);
    let most = most.context("no bucket ends after the median")?;
    let query = format!("histogram_quantile(0.5, {buckets})");
    let found = site.prometheus.query(&query).await?;
    let found = found.first().context("there is no median")?.value;
    Ok(Row::judged(
        NAME,
        "v3's median, in ms",
        format!("{} and more", millis(DELAY)),
        format!("{found:.0}; its users' {median:.0}"),
        format!("{least} to {most}, by Envoy's buckets"),
        (*least..=*most).contains(&found),
    ))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[allow(clippy::cast_precision_loss)] // Counts of requests are far below 2^52.
fn real(count: u64) -> f64 {
    count as f64
}
