//! The sample ratio: a split that comes out is left alone, and one that is told otherwise than it
//! is cries.

use std::collections::BTreeMap;

use anyhow::Result;

use super::site::{JOB, SAID, SHARE, Site, TAMPERED};
use super::{NAME, settled};
use crate::report::Row;
use crate::telemetry::Sample;

/// Deviations beyond which the alert speaks.
const LIMIT: f64 = 5.0;

pub(super) async fn rows(site: &Site) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (job, share) in [(JOB, SHARE), (TAMPERED, SAID)] {
        let query = of("graylane:split_intended:ratio30m");
        let intended = by_job(site, &query).await?.get(job).copied();
        let percent = intended.map_or("nothing".to_owned(), |own| format!("{:.3}", own * 100.0));
        let case = format!("{job}: v2's intended share, in percent");
        rows.push(Row::exact(NAME, case, format!("{share}.000"), percent));
    }
    // What was asked last is scraped by then.
    let query = of("graylane:split_off:z30m");
    let read = async || by_job(site, &query).await;
    let high = |seen: &BTreeMap<String, f64>| seen.get(TAMPERED).is_some_and(|z| *z > LIMIT);
    let seen = settled(read, high).await?;
    for (job, cries) in [(JOB, false), (TAMPERED, true)] {
        let z = seen.get(job).copied().unwrap_or(f64::NAN);
        let case = format!("{job}: v2 off its share, in deviations");
        let expected = if cries { "it cries" } else { "chance" };
        let accepted = if cries { "above" } else { "within" };
        let passed = if cries { z > LIMIT } else { z.abs() < LIMIT };
        let accepted = format!("{accepted} {LIMIT}");
        rows.push(Row::judged(
            NAME,
            case,
            expected,
            format!("{z:.1}"),
            accepted,
            passed,
        ));
    }
    Ok(rows)
}

fn of(metric: &str) -> String {
    format!(r#"{metric}{{gray_rule="release", gray_version="v2"}}"#)
}

async fn by_job(site: &Site, query: &str) -> Result<BTreeMap<String, f64>> {
    let series = site.prometheus.query(query).await?;
    let pair = |sample: &Sample| (sample.label("job").to_owned(), sample.value);
    Ok(series.iter().map(pair).collect())
}
