//! The module in every Envoy that can be had: which samples each release takes, and which checks
//! pass in it.

mod differences;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use crate::checks::{self, Check};
use crate::envoy::{self, RELEASES, Runner, SAMPLES};
use crate::lab::Lab;
use crate::report::Row;
use crate::{Progress, place};
use differences::Difference;

/// A short verification: each way in which a policy arrives and a route is chosen, and each part of
/// Envoy that the samples ask something of.
const SHORT: [Check; 12] = [
    Check::Agree,
    Check::Sticky,
    Check::Switch,
    Check::Claims,
    Check::Geo,
    Check::Logs,
    Check::Traces,
    Check::Forged,
    Check::Guard,
    Check::Grpc,
    Check::Mesh,
    Check::Refused,
];

/// What is to be tried.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Only these releases; by default the newest of each minor that runs the module.
    #[arg(long, value_name = "RELEASE", value_parser = PossibleValuesParser::new(RELEASES))]
    envoy: Vec<String>,
    /// Every release that comes as a wheel.
    #[arg(long, conflicts_with = "envoy")]
    all: bool,
    /// Only these checks, of all that the demo has.
    #[arg(long, value_enum)]
    only: Vec<Check>,
    /// How many users a check sends.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1000..))]
    users: u32,
}

impl Options {
    fn releases(&self) -> Vec<&'static str> {
        let named = |release: &&str| self.envoy.iter().any(|envoy| envoy == release);
        let all = RELEASES.into_iter();
        if !self.envoy.is_empty() {
            return all.filter(named).collect();
        }
        if self.all {
            return all.collect();
        }
        newest(&RELEASES)
    }

    fn checks(&self) -> &[Check] {
        if self.only.is_empty() {
            &SHORT
        } else {
            &self.only
        }
    }
}

/// Of each minor the newest that runs the module, and whatever is newer than that.
fn newest(releases: &[&'static str]) -> Vec<&'static str> {
    let mut newest: Vec<&str> = Vec::new();
    for release in releases {
        let runs =
            |other: &&&str| minor(other) == minor(release) && !differences::has_no_wasm(other);
        if !newest.iter().any(|other| runs(&other)) {
            newest.push(release);
        }
    }
    newest
}

/// The number after the first dot, 36 of 1.36.4.
fn minor(release: &str) -> Option<u32> {
    release.split('.').nth(1)?.parse().ok()
}

/// What became of one release.
#[derive(Debug, Serialize)]
struct Tried {
    release: &'static str,
    /// What it says of itself.
    envoy: String,
    /// Each sample, and the sentence by which Envoy refuses it.
    samples: Vec<(&'static str, Option<String>)>,
    /// Each check and its rows; without any row one that could not be made, as no sample starts.
    checks: Vec<(String, Vec<Row>)>,
}

/// Tries them, and reports; whether each did what it is known to do.
///
/// # Errors
/// If a release is not to be had.
pub async fn run(module: PathBuf, options: &Options) -> Result<bool> {
    let mut all = Vec::new();
    for release in options.releases() {
        all.push(Box::pin(tried(release, &module, options)).await?);
    }
    let found = differences::of(&all, options.checks());
    println!("{}", report::table(&all));
    println!("{}", report::notes(&found));
    println!("{}", report::write(&all, &found)?.display());
    Ok(!all.is_empty() && found.iter().all(Difference::is_known))
}

async fn tried(release: &'static str, module: &Path, options: &Options) -> Result<Tried> {
    let runner = envoy::release(release).await?;
    let Runner::Local(binary) = &runner else {
        bail!("Envoy {release} is no binary");
    };
    let envoy = runner.version().await?;
    let samples = samples(binary, module).with_context(|| format!("Envoy {release}"))?;
    let starts = samples.iter().any(|(_, refusal)| refusal.is_none());
    let mut checks = Vec::new();
    if starts {
        let lab = Lab::around(runner, module.to_owned(), options.users as usize).await?;
        let report = checks::run(&lab, options.checks()).await;
        eprintln!("Envoy {release}: {}", report.summary());
        for check in options.checks() {
            let name = check.name();
            let rows = report.rows.iter().filter(|row| row.check == name);
            checks.push((name.clone(), rows.cloned().collect()));
        }
    }
    Ok(Tried {
        release,
        envoy,
        samples,
        checks,
    })
}

/// Every sample, and why Envoy refuses it.
fn samples(envoy: &Path, module: &Path) -> Result<Vec<(&'static str, Option<String>)>> {
    let progress = Progress::of("samples", SAMPLES.len());
    let mut all = Vec::new();
    for name in SAMPLES {
        let folder = place::scratch()?;
        let bootstrap = envoy::lay_out(name, module, folder.path())?;
        let log = envoy::validate(envoy, &bootstrap)?;
        all.push((name, log.as_deref().map(reason)));
        progress.step();
    }
    Ok(all)
}

/// Of a log the sentence that says why, without the moment and the place in Envoy's source.
fn reason(log: &str) -> String {
    let told = ["no such field", "compiled without", "critical"];
    let line = told
        .iter()
        .find_map(|part| log.lines().find(|line| line.contains(part)));
    let line = line.or(log.lines().last()).unwrap_or("nothing said");
    let said = line.rsplit_once("] ").map_or(line, |(_, said)| said);
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_each_minor_that_runs_the_module() {
        let all = ["1.39.1", "1.39.0", "1.38.3", "1.38.2", "1.38.1", "1.37.0"];
        assert_eq!(newest(&all), ["1.39.1", "1.38.3", "1.38.2", "1.37.0"]);
    }

    #[test]
    fn a_refusal_is_the_sentence_alone() {
        let log = "[2026-11-22 12:00:00.000][1][info][main] [a.cc:1] all well\n\
                   [2026-11-22 12:00:00.001][1][critical][main] [a.cc:2] error `no such field:  'x'`\n";
        assert_eq!(reason(log), "error `no such field: 'x'`");
    }
}
