//! What runs dry is counted, exactly and told on request, and applied to nobody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::people::{mixed_users, policy};
use crate::Progress;
use crate::client::{Answer, Pace, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "dry-run";
/// Of whom each is told of, where Envoy is asked to.
const TOLD: usize = 40;
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let users = mixed_users(2_000.min(lab.users()));
    let some: Arc<[Visit]> = users.iter().take(TOLD).cloned().collect();
    let mut rows = Vec::new();

    let mut of_rule = policy(&[("v2", 20.0)]);
    of_rule["services"][0]["rules"][1]["dry_run"] = true.into();
    let mut of_service = policy(&[("v2", 20.0)]);
    of_service["services"][0]["dry_run"] = true.into();
    for (case, policy) in [("a rule", of_rule), ("a service", of_service)] {
        let native = Native::compile(&policy)?;
        let envoy = lab
            .envoy(&Setup::of("standalone").policy(&policy), &backends)
            .await?;
        let answers = ask(&envoy, case, &users).await?;
        let right = users
            .iter()
            .zip(&answers)
            .filter(|(visit, answer)| native.is_right(visit, answer));
        let answered = format!("{case}: answered as the core says");
        rows.push(Row::exact(NAME, answered, users.len(), right.count()));

        let expected = expected(&native, &users);
        let counted = envoy.admin().stats("graylane_dry_run_total").await?;
        for (name, count) in &expected {
            let tags = tags(name).into_iter();
            let tags: Vec<_> = tags.map(|(tag, value)| format!("{tag} {value}")).collect();
            let label = format!("{case}: {}", tags.join(", "));
            let own = counted.get(name).copied().unwrap_or_default();
            rows.push(Row::exact(NAME, label, count, own));
        }
        rows.push(Row::exact(
            NAME,
            format!("{case}: counters"),
            expected.len(),
            counted.len(),
        ));
        let scraped = envoy.admin().get("/stats/prometheus").await?;
        let labelled = counted.iter().filter(|(name, count)| {
            let tags = tags(name).into_iter();
            let labels: Vec<_> = tags
                .map(|(tag, value)| format!("gray_{tag}=\"{value}\""))
                .collect();
            let line = format!("graylane_dry_run_total{{{}}} {count}", labels.join(","));
            scraped.lines().any(|own| own == line)
        });
        rows.push(Row::exact(
            NAME,
            format!("{case}: counters with their labels, as Prometheus reads them"),
            expected.len(),
            labelled.count(),
        ));

        let quiet = lines(&envoy);
        rows.push(Row::exact(
            NAME,
            format!("{case}: lines in the log"),
            0,
            quiet,
        ));
        envoy.admin().post("/logging?wasm=debug").await?;
        ask(&envoy, case, &some).await?;
        let told = self::expected(&native, &some).into_values().sum();
        let lines = settled(&envoy, told).await;
        rows.push(Row::exact(
            NAME,
            format!("{case}: lines when asked to tell"),
            told,
            lines,
        ));
    }
    Ok(rows)
}

/// How often each counter is to count.
fn expected(native: &Native, users: &[Visit]) -> BTreeMap<String, u64> {
    let mut expected = BTreeMap::new();
    for visit in users {
        for (rule, version) in native.decide(visit).dry_runs {
            let rule = rule.map(|rule| format!("gray_rule=.={rule};.;"));
            let name = format!(
                "wasmcustom.gray_service=.=checkout;.;{}gray_version=.={version};.;graylane_dry_run_total",
                rule.unwrap_or_default()
            );
            *expected.entry(name).or_default() += 1;
        }
    }
    expected
}

/// The labels in a counter's name.
fn tags(name: &str) -> Vec<(&str, &str)> {
    let parts = name.trim_start_matches("wasmcustom.").split(";.;");
    let tags = parts.filter_map(|part| part.strip_prefix("gray_"));
    tags.filter_map(|tag| tag.split_once("=.=")).collect()
}

fn lines(envoy: &Envoy) -> u64 {
    envoy.log().find("dry run: checkout: ", 0).len() as u64
}

/// The lines, once there are so many or patience ends: Envoy writes its log when it likes.
async fn settled(envoy: &Envoy, wanted: u64) -> u64 {
    let until = Instant::now() + PATIENCE;
    while lines(envoy) < wanted && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    lines(envoy)
}

async fn ask(envoy: &Envoy, case: &str, visits: &Arc<[Visit]>) -> Result<Vec<Answer>> {
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    drive(envoy.address(), visits, Pace::default(), progress).await
}
