//! An alert closes a version: Prometheus sees it fail, Alertmanager tells `graylane on-alert`,
//! which writes the switches that Envoy follows. Each as `docs/examples/alert` configures it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::PATIENCE;
use super::site::{SWITCHES, Site, everybody, example};
use crate::Progress;
use crate::backend::{Mood, Trouble};
use crate::checks::people::with_rules;
use crate::client::Record;
use crate::lab::Lab;
use crate::place;
use crate::report::Row;
use crate::server::{Server, free_port};
use crate::telemetry::Alertmanager;

pub(super) const NAME: &str = "alert";

/// How much of the traffic the version has, in percent.
const SHARE: u32 = 30;
/// What it fails of that, in a thousand: above the alert's limit, and below the guard's.
const FAILING: u64 = 300;
const GUARD: u32 = 60;
/// Load before it fails: more than the guard's window.
const WELL: Duration = Duration::from_secs(35);
/// Load after it is closed, and the end of it, by which every worker has heard.
const AFTER: Duration = Duration::from_millis(1_500);
const LAST: Duration = Duration::from_millis(500);

/// What has to be there that an alert arrives.
struct Chain {
    // In this order: whoever is told goes last.
    site: Site,
    _alertmanager: Alertmanager,
    on_alert: Server,
}

pub(super) async fn rows(lab: &Lab, times: usize) -> Result<Vec<Row>> {
    let mut closings = Vec::new();
    let mut rows = Vec::new();
    let progress = Progress::of(NAME, times);
    for time in 1..=times {
        let chain = Chain::start(lab).await?;
        closings.extend(closing(&chain).await?);
        if time == times {
            rows.extend(over(&chain).await?);
        }
        progress.step();
    }
    closings.sort_unstable();
    let at = |place: usize| closings.get(place).map_or(0, Duration::as_millis);
    let (median, worst) = (at(closings.len() / 2), at(closings.len().saturating_sub(1)));
    let told = Row::judged(
        NAME,
        "the version has no users any more",
        format!("{times} of {times}"),
        format!(
            "{} of {times}; after its first failure {median} ms, at worst {worst} ms",
            closings.len()
        ),
        "exact; the times are told, not judged",
        closings.len() == times,
    );
    rows.insert(0, told);
    Ok(rows)
}

impl Chain {
    async fn start(lab: &Lab) -> Result<Self> {
        let webhook = free_port()?;
        let configuration =
            example("alert/alertmanager.yml")?.replace("127.0.0.1:9095", &webhook.to_string());
        let alertmanager = Alertmanager::start(&configuration).await?;
        let site = Site::start(lab, &own(), Some(alertmanager.at())).await?;
        let to = site.address(SWITCHES);
        let mut on_alert = Server::new(place::command_line()?, |_| {
            let listen = webhook.to_string();
            ["on-alert", "--listen", &listen, "--to", &to]
                .map(str::to_owned)
                .to_vec()
        })?;
        let listens = async || {
            TcpStream::connect(webhook)
                .await
                .map(drop)
                .map_err(Into::into)
        };
        on_alert.start(listens).await?;
        Ok(Self {
            site,
            _alertmanager: alertmanager,
            on_alert,
        })
    }

    async fn turn(&self, mood: Mood) -> Result<()> {
        let v2 = self.site.backends.get("v2").context("there is no v2")?;
        v2.turns(mood).await
    }

    async fn is_switched(&self) -> Result<bool> {
        let stats = self.site.envoy.admin().stats("graylane_switched").await?;
        Ok(stats.into_values().any(|value| value == 1))
    }
}

/// The filter's own policy, over which the centre has switches alone.
fn own() -> Value {
    let mut policy = with_rules(&json!([{
        "name": "release",
        "split": {
            "by": [{ "header": "x-user-id" }],
            "to": [{ "version": "v2", "percent": SHARE }],
        },
    }]));
    policy["services"][0]["versions"][1]["guard"] = json!({ "max_error_percent": GUARD });
    policy["remote"] =
        json!({ "cluster": "etcd", "etcd": {}, "switches": SWITCHES, "every": "1s" });
    policy
}

/// From the version's first failure to the last request that it got; `None` if it gets more.
async fn closing(chain: &Chain) -> Result<Option<Duration>> {
    let load = chain.site.load();
    tokio::time::sleep(WELL).await;
    if chain.is_switched().await? {
        bail!("a version that does well was closed");
    }
    chain.turn(Mood::of(Trouble::Fails, FAILING)).await?;
    let until = Instant::now() + PATIENCE;
    while !chain.is_switched().await? {
        if Instant::now() > until {
            bail!(
                "nothing was closed within {PATIENCE:?}\n{}",
                chain.on_alert.said()
            );
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(AFTER).await;
    let ended = Instant::now();
    let records = load.stop().await?;
    let failed = records.iter().filter(|record| !record.is_success());
    let first = failed.map(|record| record.answered).min();
    let first = first.context("no request has failed")?;
    let by_v2 = |record: &&Record| record.version.as_deref() == Some("v2");
    let last = records.iter().filter(by_v2).map(|record| record.sent).max();
    let last = last.context("the version had no users")?;
    Ok((ended - last > LAST).then(|| last.saturating_duration_since(first)))
}

/// That the alert ends opens nothing.
async fn over(chain: &Chain) -> Result<[Row; 3]> {
    chain.turn(Mood::well()).await?;
    let until = Instant::now() + PATIENCE;
    let sentence = "1 resolved, which opens nothing";
    while !chain.on_alert.said().contains(sentence) && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let said = chain.on_alert.said();
    if !said.contains(sentence) {
        eprintln!("{said}");
    }
    let switches = chain.site.centre.read(SWITCHES).await?.unwrap_or_default();
    let mut own = own();
    own["enabled"] = false.into();
    let baseline = chain.site.where_it_says(&own).await?;
    Ok([
        Row::exact(
            NAME,
            "the alert is over: told",
            true,
            said.contains(sentence),
        ),
        Row::exact(
            NAME,
            "the alert is over: switches",
            r#"{"checkout/v2":"closed"}"#,
            String::from_utf8_lossy(&switches),
        ),
        Row::exact(
            NAME,
            "the alert is over: users on the baseline",
            everybody(),
            baseline,
        ),
    ])
}
