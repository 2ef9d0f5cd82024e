//! Millions of requests while the policy changes again and again: none fails, none is answered by
//! another version than the policy says, none is lost from a count, and memory stays as it is.

mod counts;
mod course;
mod ledger;
mod load;
mod memory;
mod plan;
mod results;
mod samples;
mod wire;

pub use results::endure;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use self::course::{Changed, Course};
use self::ledger::{Ledger, Way};
use self::load::{CLIENTS, Load, Pace};
use self::samples::Sampling;
use crate::Progress;
use crate::backend::PLAIN;
use crate::client::Visit;
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::report::Row;
use crate::series::Soak;

const NAME: &str = "soak";
/// Users, of whom each asks again and again.
const USERS: usize = 2_000;
const WORKERS: u32 = 2;
/// Samples of a run, and the least time between two.
const SAMPLES: u32 = 400;
const APART: Duration = Duration::from_millis(250);
/// A machine that is too slow for the pace may take so many times as long.
const SLOWEST: u32 = 4;

/// How long a soak is.
#[derive(Args, Clone, Copy, Debug)]
pub struct Options {
    /// How many requests are made, or a few more.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1_000..=1_000_000_000))]
    pub requests: u64,
    /// In how much time at the least.
    #[arg(long, default_value = "20m", value_parser = humantime::parse_duration)]
    pub time: Duration,
    /// How often the policy changes meanwhile; one change in ten is wrong.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub changes: u32,
}

/// As long as the demo has time for.
pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let options = Options {
        requests: 60_000,
        time: Duration::from_secs(12),
        // Enough that each kind of mistake is among them.
        changes: 60,
    };
    Ok(run(lab, options).await?.0)
}

/// Makes one; its rows, and how it went over time.
async fn run(lab: &Lab, options: Options) -> Result<(Vec<Row>, Soak)> {
    let (first, changes) = plan::changes(options.changes as usize);
    let users = users();
    let ledger = Arc::new(Ledger::new(changes.len() + 1, CLIENTS));
    ledger.comes(course::says(&first, &users)?);
    let fleet = lab.backends(&plan::BACKENDS).await?;
    let setup = Setup::of("dynamic").policy(&first).workers(WORKERS);
    let envoy = lab.envoy(&setup, &fleet).await?;

    let progress = Progress::of("soak: changes of the policy", changes.len());
    let every = (options.time / SAMPLES).max(APART);
    let sampling = Sampling::start(&envoy, every, &ledger);
    #[allow(clippy::cast_precision_loss)] // Tens of millions.
    let pace = Pace {
        per_second: options.requests as f64 / options.time.as_secs_f64(),
    };
    let began = Instant::now();
    let load = Load::start(envoy.address(), pace, &users, &ledger)?;
    let course = Course {
        envoy: &envoy,
        ledger: &ledger,
        users: &users,
        threads: WORKERS as usize + 1,
    };
    let until = began + options.time * SLOWEST;
    let seen = course
        .run(&changes, options.requests, until, &progress)
        .await;
    load.stop().await?;
    let took = began.elapsed();
    let samples = sampling.stop().await?;
    drop(progress);
    let seen = seen?;

    let mut rows = made(&options, &ledger, &seen);
    rows.extend(counts::rows(&envoy, &fleet, &ledger, seen.refused as u64).await?);
    rows.extend(memory::rows(&samples));
    let soak = Soak {
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        workers: WORKERS,
        failed: ledger.failures(),
        samples,
    };
    Ok((rows, soak))
}

/// What the clients saw.
fn made(options: &Options, ledger: &Ledger, changed: &Changed) -> Vec<Row> {
    let ended = ledger.ended();
    let mut rows = vec![
        Row::judged(
            NAME,
            "requests",
            options.requests,
            ended,
            "and more",
            ended >= options.requests,
        ),
        Row::exact(NAME, "failed", 0, ledger.failures()),
        Row::exact(
            NAME,
            "answered by a version that no policy in force says",
            0,
            ledger.wrong(),
        ),
        Row::judged(
            NAME,
            "answered as only the policy in force says, not the one before",
            "some",
            ledger.telling(),
            "",
            ledger.telling() > 0,
        ),
    ];
    for way in Way::ALL {
        let made = ledger.by_way(way);
        rows.push(Row::judged(NAME, way.name(), "some", made, "", made > 0));
    }
    let mut took = changed.took.clone();
    took.sort_unstable();
    let at = |place: usize| took.get(place).map_or(0, Duration::as_millis);
    let (median, longest) = (at(took.len() / 2), at(took.len().saturating_sub(1)));
    let all = options.changes as usize;
    rows.push(Row::judged(
        NAME,
        "changes of the policy",
        all,
        format!(
            "{} in force; {} refused by the module, {} by Envoy",
            changed.good, changed.refused, changed.unreadable
        ),
        "exact",
        changed.good + changed.refused + changed.unreadable == all && changed.refused > 0,
    ));
    rows.push(Row::judged(
        NAME,
        "from a file to the last worker",
        "told, not judged",
        format!("median {median} ms, at most {longest} ms"),
        "",
        true,
    ));
    rows
}

/// Most are named by a header, some by a cookie; some have a plan that a rule asks for.
fn users() -> Vec<Visit> {
    let user = |number: usize| {
        let name = format!("user-{number}");
        let visit = Visit::of(&*name).to(PLAIN);
        let visit = if number.is_multiple_of(5) {
            visit.with("cookie", format!("theme=dark; uid={name}"))
        } else {
            visit.with("x-user-id", name)
        };
        if number.is_multiple_of(7) {
            visit.with("x-plan", "premium")
        } else {
            visit
        }
    };
    (0..USERS).map(user).collect()
}
