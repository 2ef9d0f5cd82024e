//! Who is on a canary that fails is answered by the baseline within the same request; what is not
//! rescued fails as it would without.

mod edits;
mod failure;
mod log;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::people::with_rules;
use super::watched;
use crate::Progress;
use crate::backend::Fleet;
use crate::client::{Answer, Bounds, Load, Pace, Protocol, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::report::Row;
use edits::{with_dead_hosts, without_v2};
use failure::{ASKS, Ask, Failed, Failure};

const NAME: &str = "rescue";
/// The requests of each kind.
const EACH: usize = 30;
/// Longer than the sample gives either version until its answer begins.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long Envoy may take to notice that a host has changed.
const NOTICED: Duration = Duration::from_secs(30);

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut backends = lab.backends(&["v1", "v2"]).await?;
    canary(&backends)?.set_healthy(false).await?;
    let pair = Pair::start(lab, &backends, |setup| setup).await?;
    let mut rows = not_before_its_first_good_answer(&pair, &backends).await?;
    rows.push(as_long_as_one_is_healthy(lab, &backends).await?);
    for failure in [Failure::Status, Failure::Reset, Failure::Hang] {
        rows.extend(pair.fail(failure, &backends).await?);
    }
    rows.extend(pair.kill(&mut backends).await?);
    rows.extend(pair.fail(Failure::Refused, &backends).await?);
    healthy_hosts(&pair.with, 0).await?;
    rows.extend(pair.fail(Failure::NoHealthyHost, &backends).await?);
    drop(pair);

    let pair = Pair::start(lab, &backends, |setup| setup.edited(without_v2)).await?;
    rows.extend(pair.fail(Failure::NoCluster, &backends).await?);
    drop(pair);
    let pair = Pair::naming(lab, &backends, |setup| setup, "nowhere", "nowhere-or-v1").await?;
    rows.extend(pair.fail(Failure::UnknownName, &backends).await?);
    Ok(rows)
}

fn canary(backends: &Fleet) -> Result<&crate::backend::Backend> {
    backends.get("v2").context("v2 has no backend")
}

/// The same gateway twice: `standalone`, and the one that rescues.
struct Pair {
    without: Envoy,
    with: Envoy,
}

impl Pair {
    async fn start(lab: &Lab, backends: &Fleet, edit: impl Fn(Setup) -> Setup) -> Result<Self> {
        Self::naming(lab, backends, edit, "checkout-v2", "checkout-v2-or-v1").await
    }

    /// With these clusters for v2.
    async fn naming(
        lab: &Lab,
        backends: &Fleet,
        edit: impl Fn(Setup) -> Setup,
        without: &str,
        with: &str,
    ) -> Result<Self> {
        let of = |sample, cluster| edit(Setup::of(sample).policy(&policy(cluster)));
        Ok(Self {
            without: lab.envoy(&of("standalone", without), backends).await?,
            with: lab.envoy(&of("rescue", with), backends).await?,
        })
    }

    /// Every kind of request while v2 fails in this way.
    async fn fail(&self, failure: Failure, backends: &Fleet) -> Result<Vec<Row>> {
        let visits: Arc<[Visit]> = ASKS
            .iter()
            .flat_map(|ask| (0..EACH).map(|number| failure.of(ask.visit(number))))
            .collect();
        let before = backends.requests().await?;
        let counted = watched::counted(&self.with, "failed").await?;
        let (without, with) = tokio::try_join!(
            ask(&self.without, failure, &visits),
            ask(&self.with, failure, &visits),
        )?;
        let both = without.chunks(EACH).zip(with.chunks(EACH));
        let mut rows: Vec<_> = ASKS
            .iter()
            .zip(both)
            .map(|(ask, (without, with))| failed(failure, ask, without, with))
            .collect();
        rows.push(log::agrees(&self.with, failure, &with).await?);
        let counted = watched::counted(&self.with, "failed").await? - counted;
        let expected = failure.counted(visits.len());
        rows.push(Row::judged(
            NAME,
            format!("{failure}: failures that the guard of v2 counts"),
            expected.end(),
            counted,
            format!("{} to {}", expected.start(), expected.end()),
            usize::try_from(counted).is_ok_and(|counted| expected.contains(&counted)),
        ));
        if let Some(expected) = failure.made(visits.len()) {
            let made = backends.requests().await? - before;
            let rule = format!("{failure}: requests made, of {} asked", 2 * visits.len());
            rows.push(Row::exact(NAME, rule, expected, made));
        }
        Ok(rows)
    }

    /// v2 dies under load.
    async fn kill(&self, backends: &mut Fleet) -> Result<Vec<Row>> {
        let visits: Arc<[Visit]> = (0..EACH).map(|number| Ask::GET.visit(number)).collect();
        let bounds = Bounds {
            visits: 20_000,
            ..Bounds::default()
        };
        let loads =
            [&self.without, &self.with].map(|envoy| Load::start(envoy.address(), &visits, bounds));
        tokio::time::sleep(Duration::from_secs(1)).await;
        backends.stop("v2");
        tokio::time::sleep(Duration::from_millis(500)).await;
        let [without, with] = loads;
        let without = without.stop().await?;
        let lost = without.iter().filter(|record| !record.is_success()).count();
        let case = "killed under load, GET";
        Ok(vec![
            Row::judged(
                NAME,
                format!("{case}: failed, without rescue"),
                "some",
                format!("{lost} of {}", without.len()),
                "",
                lost > 0,
            ),
            super::failed(NAME, case, &with.stop().await?),
        ])
    }
}

/// Testers on v2, by this cluster; its guard counts.
fn policy(cluster: &str) -> Value {
    let mut policy = with_rules(&json!([{
        "name": "testers",
        "when": { "header": { "name": "x-qa", "equals": "on" } },
        "use": "v2",
    }]));
    policy["services"][0]["versions"][1]["cluster"] = cluster.into();
    watched::watch(&mut policy);
    policy
}

async fn ask(envoy: &Envoy, failure: Failure, visits: &Arc<[Visit]>) -> Result<Vec<Answer>> {
    let progress = Progress::of(&format!("{NAME}: {failure}"), visits.len());
    let pace = Pace {
        // Those that wait for an answer all wait at once.
        clients: if failure == Failure::Hang {
            visits.len()
        } else {
            16
        },
        patience: PATIENCE,
        ..Pace::default()
    };
    drive(envoy.address(), visits, pace, progress).await
}

/// How many of one kind failed, and that whoever did not was answered by the baseline, with all of
/// its body.
fn failed(failure: Failure, ask: &Ask, without: &[Answer], with: &[Answer]) -> Row {
    let lost = |answers: &[Answer]| {
        let whole = |answer: &&Answer| {
            answer.as_ref().is_ok_and(|reply| {
                reply.is_success()
                    && reply.version() == Some("v1")
                    && reply.seen("x-gray-version") == [b"v2"]
                    && ask.arrived_whole(reply)
            })
        };
        answers.len() - answers.iter().filter(whole).count()
    };
    let (without, with) = (lost(without), lost(with));
    let (expected, accepted) = match failure.with_rescue(ask) {
        Failed::None => ("0", 0..=0),
        Failed::All => ("all", EACH..=EACH),
        Failed::Some => ("0 to all", 0..=EACH),
    };
    Row::judged(
        NAME,
        format!("{failure}, {ask}: failed of {EACH}"),
        format!("all without, {expected} with"),
        format!("{without} without, {with} with"),
        "exact",
        without == EACH && accepted.contains(&with),
    )
}

/// A host that has not yet said that it is well gets nothing, although it would answer.
async fn not_before_its_first_good_answer(pair: &Pair, backends: &Fleet) -> Result<Vec<Row>> {
    let before = answered(&pair.with, "a new host, not healthy yet", "v1").await?;
    canary(backends)?.set_healthy(true).await?;
    healthy_hosts(&pair.with, 1).await?;
    let after = answered(&pair.with, "a new host, healthy", "v2").await?;
    Ok(vec![before, after])
}

/// Two of the canary's hosts are dead, and one answers for all of its users.
async fn as_long_as_one_is_healthy(lab: &Lab, backends: &Fleet) -> Result<Row> {
    let setup = Setup::of("rescue").policy(&policy("checkout-v2-or-v1"));
    let envoy = lab.envoy(&setup.edited(with_dead_hosts), backends).await?;
    healthy_hosts(&envoy, 1).await?;
    answered(&envoy, "one host of three healthy", "v2").await
}

/// How many testers are answered by this version.
async fn answered(envoy: &Envoy, case: &str, version: &str) -> Result<Row> {
    let visits: Arc<[Visit]> = (0..EACH).map(|number| Ask::GET.visit(number)).collect();
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    let answers = drive(envoy.address(), &visits, Pace::default(), progress).await?;
    let there = answers
        .iter()
        .flatten()
        .filter(|reply| reply.is_success() && reply.version() == Some(version));
    let rule = format!("{case}: testers answered by {version}");
    Ok(Row::exact(NAME, rule, EACH, there.count()))
}

/// Waits until Envoy takes so many of v2's hosts for healthy.
async fn healthy_hosts(envoy: &Envoy, wanted: u64) -> Result<()> {
    const HEALTHY: &str = "cluster.checkout-v2.membership_healthy";
    let until = Instant::now() + NOTICED;
    loop {
        let stats = envoy.admin().stats(&format!("^{HEALTHY}$")).await?;
        if stats.get(HEALTHY) == Some(&wanted) {
            return Ok(());
        }
        if Instant::now() > until {
            bail!("after {NOTICED:?} {HEALTHY} is not {wanted}: {stats:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Ask {
    /// One request of a tester.
    fn visit(&self, number: usize) -> Visit {
        Visit::of(format!("tester-{number}"))
            .over([Protocol::Http1, Protocol::Http2][number % 2])
            .with("x-qa", "on")
            .sending(self.method, self.length)
    }
}
