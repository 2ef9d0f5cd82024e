//! The run, from inside its namespaces.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;

use crate::checks::{self, Check};
use crate::cluster::{SWITCHED_OFF, say};
use crate::mesh::Mesh;
use crate::parts;

/// What a run is told.
#[derive(Clone, Debug, clap::Args)]
pub struct Site {
    /// A folder for this run alone.
    #[arg(long)]
    pub folder: PathBuf,
    /// The programs of the control plane.
    #[arg(long)]
    pub parts: PathBuf,
    /// Envoy.
    #[arg(long)]
    pub envoy: PathBuf,
    /// The wasm module.
    #[arg(long)]
    pub module: PathBuf,
    /// Where reports and logs go.
    #[arg(long)]
    pub results: PathBuf,
    /// How many users go through the gateway.
    #[arg(long)]
    pub users: usize,
    /// Only these checks.
    #[arg(long, value_enum)]
    pub only: Vec<Check>,
    /// Stays up after the checks.
    #[arg(long)]
    pub keep: bool,
}

/// Brings everything up, makes the checks and reports; whether all passed.
///
/// # Errors
/// If a part does not start, or the report cannot be written.
pub async fn run(site: &Site) -> Result<bool> {
    for line in parts::pinned()? {
        println!("{line}");
    }
    let envoy = say(&site.envoy, None, &["--version"], "").await?;
    println!("{}", envoy.output.trim());
    println!("not an official release of Istio: its source at a commit, some dependencies newer");
    println!("off, for a stock Envoy: {}", SWITCHED_OFF.join(", "));
    println!("pods: network namespaces, one replica each; mTLS: STRICT");
    let began = Instant::now();
    let mut mesh = Mesh::bring_up(site).await?;
    eprintln!("up after {:.1} s", began.elapsed().as_secs_f64());
    let report = checks::run(&mut mesh, &site.only).await?;
    println!("{}", report.table());
    println!("{}", report.summary());
    println!("{}", site.results.join("report.json").display());
    println!("all of it: {:.0} s", began.elapsed().as_secs_f64());
    if site.keep {
        eprintln!("it stays up until Ctrl-C");
        std::future::pending::<()>().await;
    }
    Ok(!report.failed())
}
