//! The end: what the module has told, what Envoy counts, and what the backends and the clients do.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::NAME;
use super::ledger::Ledger;
use super::plan::{BACKENDS, backend};
use crate::backend::Fleet;
use crate::envoy::Envoy;
use crate::report::Row;

/// How long a count may take until it is told.
const PATIENCE: Duration = Duration::from_secs(20);

/// Envoy's statistics, and the backends' counts.
struct Counts {
    stats: BTreeMap<String, u64>,
    backends: [u64; BACKENDS.len()],
    clients: [u64; BACKENDS.len()],
}

/// The rows as soon as all of them pass, or as they are when patience ends.
pub(super) async fn rows(
    envoy: &Envoy,
    fleet: &Fleet,
    ledger: &Ledger,
    refused: u64,
) -> Result<Vec<Row>> {
    let mut backends = [0; BACKENDS.len()];
    for (version, count) in BACKENDS.iter().zip(&mut backends) {
        let backend = fleet.get(version).context("a backend is not there")?;
        *count = backend.requests().await?;
    }
    let clients = ledger.by_backend();
    let until = Instant::now() + PATIENCE;
    loop {
        let stats = envoy
            .admin()
            .stats(r"graylane_|^http\.ingress\.|^cluster\.checkout")
            .await?;
        let counts = Counts {
            stats,
            backends,
            clients,
        };
        let rows = counts.rows(refused);
        if rows.iter().all(|row| row.passed) || Instant::now() > until {
            return Ok(rows);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

impl Counts {
    fn rows(&self, refused: u64) -> Vec<Row> {
        let of_clients = shown(&self.clients);
        let row = |rule: &str, counts: &[u64]| Row::exact(NAME, rule, &of_clients, shown(counts));
        let all: u64 = self.clients.iter().sum();
        let answered = "http.ingress.downstream_rq_2xx";
        let counted = |name: &str| self.stats.get(name).copied().unwrap_or_default();
        let clusters =
            BACKENDS.map(|name| counted(&format!("cluster.checkout-{name}.upstream_rq_total")));
        let open = self.named("graylane_open_streams").map(|(_, open)| open);
        let open: Vec<_> = open.collect();
        vec![
            row("requests, as the backends count", &self.backends),
            row(
                "graylane_decisions_total",
                &self.by_backend("graylane_decisions_total"),
            ),
            row(
                "graylane_requests_total",
                &self.by_backend("graylane_requests_total"),
            ),
            row("Envoy's upstream_rq_total", &clusters),
            Row::exact(NAME, "Envoy's downstream_rq_2xx", all, counted(answered)),
            Row::exact(
                NAME,
                "Envoy's downstream_rq_completed",
                all,
                counted("http.ingress.downstream_rq_completed"),
            ),
            Row::exact(
                NAME,
                "requests still open, to Envoy",
                0,
                counted("http.ingress.downstream_rq_active"),
            ),
            Row::judged(
                NAME,
                "requests still open, to the module",
                "0 of each version",
                format!("{} of {} versions", open.iter().sum::<u64>(), open.len()),
                "exact",
                open.len() >= BACKENDS.len() && open.iter().all(|open| *open == 0),
            ),
            Row::exact(
                NAME,
                "graylane_policy_refused_total",
                refused,
                counted("wasmcustom.graylane_policy_refused_total"),
            ),
        ]
    }

    /// A metric's series, each with its version.
    fn named(&self, metric: &str) -> impl Iterator<Item = (&str, u64)> {
        self.stats.iter().filter_map(move |(name, count)| {
            let labels = name.strip_suffix(metric)?;
            let (_, version) = labels.split_once("gray_version=.=")?;
            Some((version.split(";.;").next()?, *count))
        })
    }

    fn by_backend(&self, metric: &str) -> [u64; BACKENDS.len()] {
        BACKENDS.map(|own| {
            let series = self.named(metric);
            let own = series.filter(|(version, _)| backend(version) == own);
            own.map(|(_, count)| count).sum()
        })
    }
}

fn shown(counts: &[u64]) -> String {
    let pair = |(name, count): (&&str, &u64)| format!("{name} {count}");
    let pairs: Vec<_> = BACKENDS.iter().zip(counts).map(pair).collect();
    pairs.join(", ")
}
