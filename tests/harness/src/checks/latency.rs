//! The time that answers take through the filter and past it, by the same proxy, connection and
//! backend. What is judged is that the one went through it and the other did not; no time is.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use graylane::chance::accepted;
use serde_json::{Value, json};

use super::people::{policy, with_user};
use crate::Progress;
use crate::client::{Connection, Protocol, Reply, Visit};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::native::Native;
use crate::report::{Found, Row};
use crate::series::{Distribution, Latency, Point, Quantile, Series};

const NAME: &str = "latency";
/// The host whose routes leave the filter out.
const PAST: &str = "past.example.com";
const TAG: &str = "x-gray-version";
/// Pairs that are not counted: connections open, code gets warm.
const WARM_UP: usize = 200;
const PAIRS: usize = 5_000;
/// No more pairs than the time allows; on a busy machine there are fewer.
const TIME: Duration = Duration::from_secs(6);
/// Which quantiles are told with their intervals.
const TOLD: [f64; 3] = [0.5, 0.9, 0.99];
/// How many quantiles a line has.
const CURVE: u32 = 200;

pub(super) async fn check(lab: &Lab) -> Result<Found> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let policy = policy(&[("v2", 10.0)]);
    let setup = Setup::of("standalone")
        .policy(&policy)
        .edited(with_way_past);
    let envoy = lab.envoy(&setup, &backends).await?;
    let users = users(&Native::compile(&policy)?);
    let _progress = Progress::waiting("latency: with the filter and without");
    let mut connection = Connection::open(envoy.address(), Protocol::Http1).await?;
    let mut pairs = Vec::new();
    let (mut through, mut past) = (0, 0);
    let mut began = Instant::now();
    for (turn, user) in users.iter().cycle().take(WARM_UP + PAIRS).enumerate() {
        if turn == WARM_UP {
            pairs.clear();
            (through, past) = (0, 0);
            began = Instant::now();
        }
        if began.elapsed() > TIME {
            break;
        }
        let around = user.clone().at(PAST);
        // Neither is always the first.
        let [with, without] = if turn % 2 == 0 {
            let with = timed(&mut connection, user).await?;
            [with, timed(&mut connection, &around).await?]
        } else {
            let without = timed(&mut connection, &around).await?;
            [timed(&mut connection, user).await?, without]
        };
        let by = |reply: &Reply, tags: &[Vec<u8>]| {
            reply.status == 200 && reply.version() == Some("v1") && reply.seen(TAG) == tags
        };
        through += usize::from(by(&with.reply, &[b"v1".to_vec()]));
        past += usize::from(by(&without.reply, &[]));
        pairs.push((with.millis, without.millis));
    }
    let rows = vec![
        all(
            "through the filter: by the baseline, tagged",
            pairs.len(),
            through,
        ),
        all("past it: by the baseline, no tag", pairs.len(), past),
    ];
    let series = Series {
        latency: Some(latency(&pairs)?),
        ..Series::default()
    };
    Ok(Found { rows, series })
}

/// A row of which all are to be right, and some there.
fn all(rule: &str, of: usize, right: usize) -> Row {
    Row::judged(NAME, rule, of, right, "exact", of > 0 && right == of)
}

/// Users of the baseline: with and without the filter the same backend answers.
fn users(native: &Native) -> Vec<Visit> {
    let all = (0..1_000).map(|number| with_user(Visit::of(format!("reader-{number}"))));
    let stays = |visit: &Visit| native.decide(visit).version.as_deref() == Some("v1");
    all.filter(stays).collect()
}

/// Another host, with the sample's last route, for which the filter is off.
fn with_way_past(tree: &mut Value) {
    let hosts = tree.pointer_mut(
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts",
    );
    let Some(hosts) = hosts.and_then(Value::as_array_mut) else {
        return;
    };
    let route = hosts
        .first()
        .and_then(|host| host["routes"].as_array()?.last().cloned());
    hosts.push(json!({
        "name": "past",
        "domains": [PAST],
        "routes": [route],
        "typed_per_filter_config": { "graylane": {
            "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
            "disabled": true,
        }},
    }));
}

struct Timed {
    reply: Reply,
    millis: f64,
}

async fn timed(connection: &mut Connection, visit: &Visit) -> Result<Timed> {
    let sent = Instant::now();
    let reply = connection.send(visit).await?;
    let millis = sent.elapsed().as_secs_f64() * 1_000.0;
    Ok(Timed { reply, millis })
}

fn latency(pairs: &[(f64, f64)]) -> Result<Latency> {
    let with: Vec<_> = pairs.iter().map(|(with, _)| *with).collect();
    let without: Vec<_> = pairs.iter().map(|(_, without)| *without).collect();
    let added = pairs.iter().map(|(with, without)| with - without).collect();
    Ok(Latency {
        pairs: pairs.len() as u64,
        without: distribution(without)?,
        with: distribution(with)?,
        added: quantile(&sorted(added), 0.5)?,
    })
}

fn distribution(millis: Vec<f64>) -> Result<Distribution> {
    let millis = sorted(millis);
    let quantiles = TOLD.map(|share| quantile(&millis, share));
    let point = |number: u32| {
        let share = f64::from(number) / f64::from(CURVE);
        Some(Point {
            share,
            ms: at(&millis, rank(millis.len(), share))?,
        })
    };
    Ok(Distribution {
        quantiles: quantiles.into_iter().collect::<Result<_>>()?,
        curve: (1..CURVE).filter_map(point).collect(),
    })
}

fn sorted(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers
}

/// The quantile, and between which of the sorted numbers it is: as many are below it as chance has
/// below it, if each request is one for itself.
fn quantile(sorted: &[f64], share: f64) -> Result<Quantile> {
    let (low, high) = accepted(sorted.len() as u64, share)?;
    let number = |place: u64| at(sorted, usize::try_from(place).ok()?.min(sorted.len() - 1));
    let found = at(sorted, rank(sorted.len(), share))
        .zip(number(low.saturating_sub(1)))
        .zip(number(high));
    let Some(((ms, low_ms), high_ms)) = found else {
        bail!("nothing was measured");
    };
    Ok(Quantile {
        share,
        ms,
        low_ms,
        high_ms,
    })
}

/// The place of a quantile among so many sorted numbers.
fn rank(count: usize, share: f64) -> usize {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )] // Thousands.
    let place = (count as f64 * share).ceil() as usize;
    place.saturating_sub(1)
}

fn at(sorted: &[f64], place: usize) -> Option<f64> {
    sorted.get(place).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_numbers_and_lie_in_their_intervals() {
        let numbers: Vec<_> = (1..=1_000).map(f64::from).collect();
        for (share, is) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0)] {
            let found = quantile(&numbers, share).unwrap();
            assert!((found.ms - is).abs() < 1e-9, "{found:?}");
            assert!(found.low_ms < is && is < found.high_ms, "{found:?}");
        }
        let one = quantile(&[7.0], 0.5).unwrap();
        assert_eq!((one.low_ms, one.ms, one.high_ms), (7.0, 7.0, 7.0));
        assert!(quantile(&[], 0.5).is_err());
    }
}
