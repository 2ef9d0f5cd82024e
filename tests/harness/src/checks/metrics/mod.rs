//! A real Prometheus scrapes real Envoys, with the rules and the dashboard of `envoy/telemetry`:
//! what it has is what the backends counted, its alerts find what is wrong and nothing else, and
//! each query of the dashboard has a result.

mod alerts;
mod counts;
mod dashboard;
mod site;
mod splits;
mod tampered;

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::lab::Lab;
use crate::report::Row;
use crate::telemetry;
use site::Site;

const NAME: &str = "metrics";
/// How long anything may take until it is counted, scraped or told, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Nothing where there is no Prometheus, which is told.
pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    if let Some(missing) = telemetry::prometheus_missing() {
        eprintln!("left out: the check {NAME}, which needs {missing}");
        return Ok(Vec::new());
    }
    let site = Site::start(lab).await?;
    let mut rows = counts::rows(&site).await?;
    rows.extend(splits::rows(&site).await?);
    rows.extend(alerts::rows(&site).await?);
    rows.extend(dashboard::rows(&site).await?);
    site.keep().await?;
    Ok(rows)
}

/// What is read, as soon as it is as it has to be, or as it is when patience ends.
async fn settled<T>(read: impl AsyncFn() -> Result<T>, good: impl Fn(&T) -> bool) -> Result<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        let seen = read().await?;
        if good(&seen) || Instant::now() > until {
            return Ok(seen);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
