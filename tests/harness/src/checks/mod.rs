//! What is verified, one file each. A check starts what it needs in the [`Lab`] and returns rows.

mod agree;
mod assets;
mod attacks;
mod broken;
mod claims;
mod clock;
mod dry_run;
mod failures;
mod fleet;
mod forged;
mod geo;
mod grpc;
pub mod guard;
mod hostile;
mod keep;
mod latency;
mod logs;
mod mesh;
mod metrics;
mod mint;
mod mirror;
mod people;
mod refused;
pub mod release;
pub mod remote;
mod rescue;
mod sets;
mod shares;
pub mod soak;
mod sticky;
mod streams;
mod switch;
mod traces;
mod trust;
mod vectors;
mod watched;

pub use people::{mixed_users, policy, with_user};

use std::collections::BTreeMap;

use anyhow::Result;
use clap::ValueEnum;
use futures_util::future::join_all;

use crate::client::Record;
use crate::lab::Lab;
use crate::report::{Found, Report, Row, rows_of};
use crate::series::Series;

/// The checks, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// Envoy answers every single user as the native core does.
    Agree,
    /// A user stays: over requests, connections, workers and a restart.
    Sticky,
    /// Each version gets its share.
    Shares,
    /// A policy changes under load, there and back.
    Switch,
    /// Rules and ramps follow the wall clock, under load.
    Clock,
    /// A hundred thousand networks and as many users are sets.
    Sets,
    /// Every vector of the core, through Envoy.
    Vectors,
    /// A token's claims count, those of a token that does not hold never.
    Claims,
    /// Rules on the country that Envoy finds, and that a CDN names; never on a client's word.
    Geo,
    /// At the edge the tag of the trusted is followed, and nobody else's.
    Trust,
    /// Whoever has no id gets one with a page, and is decided by it at once.
    Mint,
    /// Who was on a canary stays there, although its share shrinks.
    Keep,
    /// Each line of the access log says of its request who got what and why, as the core does.
    Logs,
    /// Each span has the version; who was traced before stays in the same trace.
    Traces,
    /// What runs dry is counted, and applied to nobody.
    DryRun,
    /// Forged headers change nothing, with the module alive or dead.
    Forged,
    /// What clients try beside: it opens nothing, hides nothing, and nothing dies of it.
    Attacks,
    /// A copy changes no answer, whatever becomes of it.
    Mirror,
    /// A version that turns bad is taken out of traffic, by itself and alone.
    Guard,
    /// The proxies of a fleet agree on a version by a config centre, and where they do not hear of
    /// each other, each goes on by itself.
    Fleet,
    /// A policy comes from a config centre while Envoy runs, whatever becomes of that.
    Remote,
    /// A config centre that means harm, and policies that do, change nothing for anybody.
    Hostile,
    /// Where a canary fails, the baseline answers within the same request.
    Rescue,
    /// What a page loads has its version, or comes from the other.
    Assets,
    /// gRPC, unary and streams.
    Grpc,
    /// Streams stay where they are until they end, and `graylane retire` waits for them.
    Streams,
    /// Three services behind sidecars: the tag is followed from hop to hop.
    Mesh,
    /// What a real Prometheus has of it is what the backends counted, its alerts find what is
    /// wrong, and each query of the dashboard has a result.
    Metrics,
    /// A policy with a mistake changes nothing.
    Refused,
    /// The module dies, does not load or is swapped, Envoy is drained, restarted or killed: who fails
    /// then, and who lands where.
    Failures,
    /// The policy changes again and again under load: nothing fails, nothing is lost from a count,
    /// and memory stays as it is. `make soak` is the same for long.
    Soak,
    /// Requests through the filter and past it, for the time that it takes; no time is judged.
    Latency,
    /// A wrong policy is noticed: the harness can fail.
    Broken,
}

impl Check {
    /// Its name, as `--only` takes it.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What it verifies, in a sentence.
    #[must_use]
    pub fn purpose(self) -> String {
        let value = self.to_possible_value();
        let help = value.as_ref().and_then(|value| value.get_help());
        help.map_or_else(String::new, ToString::to_string)
    }

    async fn run(self, lab: &Lab) -> Result<Found> {
        let rows = match self {
            Self::Agree => agree::check(lab).await,
            Self::Sticky => sticky::check(lab).await,
            Self::Shares => return shares::check(lab).await,
            Self::Switch => return switch::check(lab).await,
            Self::Clock => clock::check(lab).await,
            Self::Sets => sets::check(lab).await,
            Self::Vectors => vectors::check(lab).await,
            Self::Claims => claims::check(lab).await,
            Self::Geo => geo::check(lab).await,
            Self::Trust => trust::check(lab).await,
            Self::Mint => mint::check(lab).await,
            Self::Keep => keep::check(lab).await,
            Self::Logs => logs::check(lab).await,
            Self::Traces => traces::check(lab).await,
            Self::DryRun => dry_run::check(lab).await,
            Self::Forged => forged::check(lab).await,
            Self::Attacks => attacks::check(lab).await,
            Self::Mirror => mirror::check(lab).await,
            Self::Guard => return guard::check(lab).await,
            Self::Fleet => fleet::check(lab).await,
            Self::Remote => remote::check(lab).await,
            Self::Hostile => hostile::check(lab).await,
            Self::Rescue => rescue::check(lab).await,
            Self::Assets => assets::check(lab).await,
            Self::Grpc => grpc::check(lab).await,
            Self::Streams => streams::check(lab).await,
            Self::Mesh => mesh::check(lab).await,
            Self::Metrics => metrics::check(lab).await,
            Self::Refused => refused::check(lab).await,
            Self::Failures => Box::pin(failures::check(lab)).await,
            Self::Soak => soak::check(lab).await,
            Self::Latency => return latency::check(lab).await,
            Self::Broken => broken::check(lab).await,
        };
        rows.map(Found::from)
    }
}

/// Runs the checks named, or all. A check that could not be made is a failed row, and does not
/// keep the others from running.
pub async fn run(lab: &Lab, only: &[Check]) -> Report {
    let all = Check::value_variants().iter().copied();
    let wanted: Vec<_> = all
        .filter(|check| only.is_empty() || only.contains(check))
        .collect();
    // Those that mostly wait, each as long as many others together: for one policy after the other
    // and for what is scraped, for centres, and for what was broken.
    let waiting = [
        &[Check::Vectors, Check::Metrics][..],
        &[Check::Remote, Check::Fleet, Check::Hostile],
        &[Check::Failures],
    ];
    let own = waiting.map(|own| wanted_of(&wanted, |check| own.contains(&check)));
    let others = wanted_of(&wanted, |check| !waiting.concat().contains(&check));
    let beside: Vec<_> = own.iter().map_while(|_| lab.beside()).collect();
    let mut found = if beside.len() == own.len() {
        let own = beside.iter().zip(&own);
        let mut lanes = vec![Box::pin(in_turn(lab, &others))];
        lanes.extend(own.map(|(lab, checks)| Box::pin(in_turn(lab, checks))));
        join_all(lanes).await.into_iter().flatten().collect()
    } else {
        in_turn(lab, &wanted).await
    };
    let mut report = Report::default();
    for check in &wanted {
        let found = found.remove(&check.name()).unwrap_or_default();
        report.rows.extend(found.rows);
        report.series.extend(found.series);
    }
    report
}

fn wanted_of(wanted: &[Check], are: impl Fn(Check) -> bool) -> Vec<Check> {
    let wanted = wanted.iter().copied();
    wanted.filter(|check| are(*check)).collect()
}

/// What these checks found by their names, one check after the other.
async fn in_turn(lab: &Lab, checks: &[Check]) -> BTreeMap<String, Found> {
    let mut all = BTreeMap::new();
    for check in checks {
        let name = check.name();
        let mut series = Series::default();
        let outcome = check.run(lab).await.map(|found| {
            series = found.series;
            found.rows
        });
        let rows = rows_of(&name, outcome);
        if rows.iter().any(|row| !row.passed)
            && let Some(tail) = lab.log_tail()
        {
            eprintln!("{tail}");
        }
        all.insert(name, Found { rows, series });
    }
    all
}

/// Whether every request of a load was answered; a load without requests has failed.
#[must_use]
pub fn failed(check: &str, case: &str, records: &[Record]) -> Row {
    let failed: Vec<_> = records
        .iter()
        .filter(|record| !record.is_success())
        .collect();
    for record in failed.iter().take(3) {
        eprintln!(
            "{check}: {}: {:?} {:?}",
            record.user, record.status, record.failure
        );
    }
    Row::judged(
        check,
        format!("{case}: failed, of {} requests", records.len()),
        0,
        failed.len(),
        "exact",
        failed.is_empty() && !records.is_empty(),
    )
}
