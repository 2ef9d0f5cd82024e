//! Requests in a second and their latencies, with the filter and without it, in turns: whatever else
//! the machine does falls on both.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::cases::Case;
use super::chain::bootstrap;
use super::facts::{Fact, spread};
use super::instance::Instance;
use super::results;
use crate::{Progress, place};

const ROUNDS: usize = 7;
const CONNECTIONS: usize = 16;

/// What one round of load saw.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Round {
    per_second: f64,
    median: f64,
    worst_hundredth: f64,
}

/// Rounds of load on both in turns; nothing where `wrk` is not there.
///
/// # Errors
/// If Envoy does not start, or `wrk` fails.
pub(super) async fn measure(envoy: &Path, without: &Case, with: &Case) -> Result<Vec<Fact>> {
    let Some(wrk) = place::on_path("wrk") else {
        eprintln!("requests in a second are left out: `wrk` is not there");
        return Ok(Vec::new());
    };
    let start = async |case: &Case| {
        let log = results()?.join(format!("{}-load.log", case.name));
        let bootstrap = bootstrap(&case.filters, case.routes);
        Instance::start(envoy, |_| Vec::new(), &bootstrap, 1, log).await
    };
    let instances = [start(without).await?, start(with).await?];
    let progress = Progress::of("requests in a second", ROUNDS + 1);
    let mut rounds = Vec::new();
    for turn in 0..=ROUNDS {
        let bare = load(&wrk, instances[0].address(), without).await?;
        let filtered = load(&wrk, instances[1].address(), with).await?;
        // The first warms up.
        if turn > 0 {
            rounds.push((bare, filtered));
        }
        progress.step();
    }
    Ok(vec![
        fact("requests in a second", "1/s", &rounds, |round| {
            round.per_second
        }),
        fact("latency, median", "ms", &rounds, |round| round.median),
        fact("latency, 99 %", "ms", &rounds, |round| {
            round.worst_hundredth
        }),
    ])
}

fn fact(
    what: &str,
    unit: &'static str,
    rounds: &[(Round, Round)],
    of: impl Fn(&Round) -> f64,
) -> Fact {
    let (without, ..) = spread(rounds.iter().map(|(bare, _)| of(bare)).collect());
    let (with, ..) = spread(rounds.iter().map(|(_, filtered)| of(filtered)).collect());
    let ratio = |(bare, filtered): &(Round, Round)| of(filtered) / of(bare);
    let (middle, least, most) = spread(rounds.iter().map(ratio).collect());
    Fact {
        what: format!("{what}, {CONNECTIONS} connections, one worker"),
        unit,
        without: Some(without),
        with,
        note: format!(
            "ratio {middle:.2} ({least:.2} to {most:.2}, {} pairs)",
            rounds.len()
        ),
    }
}

/// One round on one Envoy, by one user.
async fn load(wrk: &PathBuf, at: SocketAddr, case: &Case) -> Result<Round> {
    let visit = case.visits.first().context("nobody asks")?;
    let headers = visit.headers.iter().flat_map(|(name, value)| {
        [
            "-H".to_owned(),
            format!("{name}: {}", String::from_utf8_lossy(value)),
        ]
    });
    let output = Command::new(wrk)
        .args(["-t1", "-d1s", "--latency"])
        .arg(format!("-c{CONNECTIONS}"))
        .args(headers)
        .arg(format!("http://{at}{}", visit.path))
        .kill_on_drop(true)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        bail!("wrk met failures:\n{text}");
    }
    round(&text).with_context(|| format!("wrk says something else:\n{text}"))
}

fn round(text: &str) -> Option<Round> {
    let after = |start: &str| {
        let line = |line: &str| Some(line.trim().strip_prefix(start)?.trim().to_owned());
        text.lines().find_map(line)
    };
    Some(Round {
        per_second: after("Requests/sec:")?.parse().ok()?,
        median: milliseconds(&after("50%")?)?,
        worst_hundredth: milliseconds(&after("99%")?)?,
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1_000.0)];
    let (number, scale) = units
        .into_iter()
        .find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))?;
    Some(number.parse::<f64>().ok()? * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_read_of_what_wrk_prints() {
        let text = "  Latency Distribution\n     50%  833.00us\n     75%    1.02ms\n     90%    1.5ms\n     99%    4.25ms\n  9000 requests in 1.00s, 1MB read\nRequests/sec:  18761.25\nTransfer/sec:      2.5MB\n";
        let found = round(text).unwrap();
        assert!((found.per_second - 18_761.25).abs() < 1e-9);
        assert!((found.median - 0.833).abs() < 1e-9);
        assert!((found.worst_hundredth - 4.25).abs() < 1e-9);
        assert_eq!(round("nothing"), None);
        assert_eq!(milliseconds("2.00s"), Some(2_000.0));
    }
}
