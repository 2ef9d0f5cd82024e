//! Memory and start: what the kernel says of an Envoy with and without the filter.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::cases::Case;
use super::chain::bootstrap;
use super::facts::{Fact, spread};
use super::instance::Instance;
use super::instructions::ask;
use super::results;
use crate::Progress;
use crate::client::{Connection, Protocol};

/// Each Envoy is started so often.
const STARTS: usize = 3;
/// So many connections spread over the workers.
const CONNECTIONS: usize = 16;
const REQUESTS: usize = 200;
/// The kernel counts a process' time in hundredths of a second.
const TICKS: f64 = 100.0;

/// Memory after load, and processor time until ready, for these numbers of workers: of the filter,
/// and of an empty one, which is what the VM itself takes.
///
/// # Errors
/// If Envoy does not start, or the kernel does not tell.
pub(super) async fn measure(envoy: &Path, cases: [&Case; 3]) -> Result<Vec<Fact>> {
    const WORKERS: [u32; 2] = [1, 4];
    let progress = Progress::of("memory and start", WORKERS.len() * cases.len() * STARTS);
    let mut facts = Vec::new();
    for workers in WORKERS {
        let mut of = [const { (Vec::new(), Vec::new()) }; 3];
        for _ in 0..STARTS {
            for (case, (memory, start)) in cases.into_iter().zip(&mut of) {
                let (megabytes, seconds) = start_and_load(envoy, case, workers).await?;
                memory.push(megabytes);
                start.push(seconds);
                progress.step();
            }
        }
        let [bare, empty, filtered] = of;
        let fact = |what: &str, unit, without: &[f64], with| {
            let (without, with) = (spread(without.to_vec()), spread(with));
            Fact {
                what: format!("{what}, workers: {workers}"),
                unit,
                without: Some(without.0),
                with: with.0,
                note: format!("{:.2} to {:.2} with", with.1, with.2),
            }
        };
        let (memory, start) = ("memory after load", "processor until ready");
        let of_empty = |what: &str| format!("{what}, empty filter");
        facts.extend([
            fact(&of_empty(memory), "MB (Pss)", &bare.0, empty.0),
            fact(memory, "MB (Pss)", &bare.0, filtered.0),
            fact(&of_empty(start), "s", &bare.1, empty.1),
            fact(start, "s", &bare.1, filtered.1),
        ]);
    }
    Ok(facts)
}

/// Megabytes after load, and seconds of processor until ready.
async fn start_and_load(envoy: &Path, case: &Case, workers: u32) -> Result<(f64, f64)> {
    let bootstrap = bootstrap(&case.filters, case.routes);
    let log = results()?.join(format!("{}-{workers}.log", case.name));
    let instance = Instance::start(envoy, |_| Vec::new(), &bootstrap, workers, log).await?;
    let seconds = processor(instance.id())?;
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(instance.address(), Protocol::Http1).await?;
        ask(&mut connection, case, REQUESTS).await?;
    }
    Ok((memory(instance.id())?, seconds))
}

/// Megabytes that are the process' own, and its part of those that it shares.
fn memory(process: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))
        .context("the kernel does not tell of memory")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let line = line.context("smaps_rollup has no Pss")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}

/// Seconds of processor, the kernel's for it included.
fn processor(process: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))
        .context("the kernel does not tell of time")?;
    ticks(&text)
        .map(|ticks| ticks / TICKS)
        .context("/proc/…/stat has another shape")
}

/// The 14th and the 15th field. The name before them, in brackets, may hold anything.
fn ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 41 2 0 0 20 0 9 0";
        assert_eq!(ticks(stat), Some(43.0));
        assert_eq!(ticks("7 a"), None);
    }
}
