//! What the filter costs, in real Envoy: instructions for a request, since they are the same on
//! every machine and on a busy one; and what an operator asks about besides.

mod budget;
mod callgrind;
mod cases;
mod chain;
mod facts;
mod floors;
mod instance;
mod instructions;
mod pairs;
mod plot;
pub mod policies;
mod probes;
mod push;
mod report;
mod resources;
pub mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::envoy::{self, Runner};
use crate::{Progress, place};
use callgrind::Valgrind;
use cases::Case;
use facts::Fact;
use instructions::{Count, Size};
use probes::Probes;
pub(crate) use report::thousands;

/// So many Envoys are counted at once: as many as the smallest machines have cores.
const AT_ONCE: usize = 2;
/// What is measured in seconds and bytes, without valgrind.
const LIVE: [&str; 3] = ["load", "memory", "push"];

/// What is to be measured.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Only these cases, and those that they are held against; `load`, `memory` and `push` are
    /// what is measured without valgrind.
    #[arg(long, value_name = "CASE")]
    only: Vec<String>,
    /// How many requests each of the windows has whose instructions are counted.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(100..))]
    requests: u32,
    /// Fewer requests: good enough for a first look.
    #[arg(long, conflicts_with = "requests")]
    quick: bool,
}

impl Options {
    fn size(&self) -> Size {
        if self.quick {
            return Size {
                warm_up: 500,
                window: 200,
            };
        }
        Size {
            window: self.requests as usize,
            ..Size::default()
        }
    }
}

/// Measures and reports.
///
/// # Errors
/// If something could not be measured. A missed target is none.
pub async fn run(module: PathBuf, options: &Options) -> Result<()> {
    place::sweep();
    let envoy = local().await?;
    let probes = Probes::find()?;
    let cases = cases::all(&module, &probes)?;
    let (wanted, live) = wanted(&cases, &options.only)?;
    let counts = if wanted.is_empty() {
        BTreeMap::new()
    } else {
        count(&Valgrind::find()?, &envoy, &wanted, options.size()).await?
    };
    let rows = report::rows(&cases, &counts);
    let results = results()?;
    if !rows.is_empty() {
        println!("{}", report::table(&rows));
        let picture = plot::draw(&rows).to_string();
        write(&results.join("instructions.svg"), &picture)?;
    }
    let facts = measure(&live, &envoy, &module, &cases).await?;
    if !facts.is_empty() {
        println!("{}", facts::table(&facts));
    }
    let report = json!({ "instructions": rows, "this_machine": facts });
    let text = serde_json::to_string_pretty(&report)?;
    write(&results.join("report.json"), &(text + "\n"))
}

/// What is measured in seconds and bytes.
async fn measure(live: &[&str], envoy: &Path, module: &Path, cases: &[Case]) -> Result<Vec<Fact>> {
    let named = |name: &str| cases.iter().find(|case| case.name == name);
    let all = named("no-filter")
        .zip(named("empty-trimmed"))
        .zip(named("sticky"));
    let ((without, empty), with) = all.context("there is nothing to compare")?;
    let mut facts = Vec::new();
    for name in live {
        facts.extend(match *name {
            "load" => pairs::measure(envoy, without, with).await?,
            "memory" => resources::measure(envoy, [without, empty, with]).await?,
            _ => push::measure(module.to_owned()).await?,
        });
    }
    Ok(facts)
}

/// Holds a few typical policies to the budget, or makes what they add the budget; whether they are
/// within it.
///
/// # Errors
/// If something could not be measured.
pub async fn gate(module: &Path, write: bool) -> Result<bool> {
    place::sweep();
    let valgrind = Valgrind::find()?;
    let envoy = local().await?;
    let cases = cases::gated(module)?;
    let counts = count(&valgrind, &envoy, &cases, Size::default()).await?;
    let rows = report::rows(&cases, &counts);
    if write {
        println!("{}", budget::write(&rows)?.display());
    }
    let (table, within) = budget::compare(&rows, &budget::read()?);
    println!("{table}");
    if !within {
        println!(
            "If the filter has to cost that: `make bench-budget` measures anew and writes the budget."
        );
    }
    Ok(within)
}

/// Envoy as a binary, which valgrind can run.
async fn local() -> Result<PathBuf> {
    match envoy::find().await? {
        Runner::Local(binary) => Ok(binary),
        Runner::Docker(_) => bail!("valgrind needs Envoy as a binary: set ENVOY_BIN to one"),
    }
}

/// The cases that are named, with those that they are held against, and what is measured without
/// valgrind; all, if nothing is named.
fn wanted(cases: &[Case], only: &[String]) -> Result<(Vec<Case>, Vec<&'static str>)> {
    if only.is_empty() {
        return Ok((cases.to_vec(), LIVE.to_vec()));
    }
    let names: Vec<_> = cases.iter().map(|case| case.name).chain(LIVE).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        bail!("there is no case {unknown}; there are {}", names.join(", "));
    }
    let mut wanted: BTreeSet<&str> = only.iter().map(String::as_str).collect();
    // Later cases are held against earlier ones.
    for case in cases.iter().rev() {
        if wanted.contains(case.name) {
            wanted.extend(case.base);
            wanted.extend(case.held.map(|held| held.against));
        }
    }
    let of = |case: &&Case| wanted.contains(case.name);
    let live = LIVE.into_iter().filter(|name| wanted.contains(name));
    Ok((cases.iter().filter(of).cloned().collect(), live.collect()))
}

async fn count(
    valgrind: &Valgrind,
    envoy: &Path,
    cases: &[Case],
    size: Size,
) -> Result<BTreeMap<&'static str, Count>> {
    let progress = Progress::of("instructions for a request", cases.len());
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for case in cases.iter().cloned() {
        let (valgrind, envoy) = (valgrind.clone(), envoy.to_owned());
        let places = Arc::clone(&places);
        running.spawn(async move {
            let _place = places.acquire_owned().await?;
            let count = instructions::count(&valgrind, &envoy, &case, size).await;
            Ok::<_, anyhow::Error>((case.name, count.with_context(|| case.name.to_owned())?))
        });
    }
    let mut counts = BTreeMap::new();
    while let Some(done) = running.join_next().await {
        let (name, count) = done??;
        counts.insert(name, count);
        progress.step();
    }
    Ok(counts)
}

/// Where reports go: `target/bench`.
fn results() -> Result<PathBuf> {
    let folder = place::repository()?.join("target/bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    println!("{}", path.display());
    Ok(())
}
