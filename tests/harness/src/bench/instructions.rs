//! Instructions for a request: counted over windows of requests, until two windows agree.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};

use super::callgrind::{Counted, Valgrind};
use super::cases::Case;
use super::chain::bootstrap;
use super::results;
use crate::client::{Connection, Protocol};

/// Two windows that differ by less are one measurement.
const AGREE: f64 = 0.002;
/// More windows than this, and something does not settle.
const WINDOWS: usize = 8;

/// How many requests are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Before the first window: V8 optimizes what runs often.
    pub(super) warm_up: usize,
    /// In each window.
    pub(super) window: usize,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            warm_up: 1_500,
            window: 500,
        }
    }
}

/// What a case costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// Instructions for a request.
    pub(super) per_request: f64,
    /// By how much the two windows differ, as a share.
    pub(super) spread: f64,
}

/// Counts a case.
///
/// # Errors
/// If Envoy does not start, answers something else, or does not settle.
pub(super) async fn count(
    valgrind: &Valgrind,
    envoy: &Path,
    case: &Case,
    size: Size,
) -> Result<Count> {
    let bootstrap = bootstrap(&case.filters, case.routes);
    let log = results()?.join(format!("{}.log", case.name));
    let mut counted = valgrind.start(envoy, &bootstrap, log).await?;
    match settle(&mut counted, case, size).await {
        Ok(count) => Ok(count),
        Err(error) => Err(counted.instance.explained(&error)),
    }
}

async fn settle(counted: &mut Counted, case: &Case, size: Size) -> Result<Count> {
    let mut connection = Connection::open(counted.instance.address(), Protocol::Http1).await?;
    ask(&mut connection, case, size.warm_up).await?;
    counted.take().await?;
    let mut windows: Vec<f64> = Vec::new();
    while windows.len() < WINDOWS {
        let begun = Instant::now();
        ask(&mut connection, case, size.window).await?;
        let took = begun.elapsed();
        let mut total = counted.take().await?;
        if case.ticks {
            // What goes on by the clock is no request's, and under valgrind there are few to share
            // it.
            tokio::time::sleep(took).await;
            total = total.saturating_sub(counted.take().await?);
        }
        #[allow(clippy::cast_precision_loss)] // Far below 2^52.
        windows.push(total as f64 / size.window as f64);
        if let [.., before, last] = windows[..] {
            let (per_request, spread) = (f64::midpoint(before, last), (last / before - 1.0).abs());
            if spread < AGREE {
                return Ok(Count {
                    per_request,
                    spread,
                });
            }
        }
    }
    bail!("instructions for a request do not settle: {windows:.0?}");
}

/// Makes so many requests, one after the other, and sees that each is answered as it must be.
pub(super) async fn ask(connection: &mut Connection, case: &Case, requests: usize) -> Result<()> {
    let answers = case.answers.as_deref().unwrap_or_default();
    for turn in 0..requests {
        let at = turn % case.visits.len();
        let reply = connection.send(&case.visits[at]).await?;
        let status = case.routes.status();
        if reply.status != status {
            bail!(
                "a request was answered {} instead of {status}",
                reply.status
            );
        }
        if let Some(answer) = answers.get(at)
            && reply.body != answer.as_bytes()
        {
            let body = String::from_utf8_lossy(&reply.body);
            let user = &case.visits[at].user;
            bail!("{user} was answered {body:?}, and the core says {answer:?}");
        }
    }
    Ok(())
}
