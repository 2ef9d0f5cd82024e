//! Connections of which it is known which worker has them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::PATIENCE;
use crate::envoy::Envoy;

/// The workers of the samples' Envoys here.
pub(super) const WORKERS: usize = 2;

/// What `open` opens, by one new connection: one of it on each worker, in their order. Nobody else
/// may connect meanwhile.
pub(super) async fn on_each<T>(
    envoy: &Envoy,
    open: impl AsyncFn() -> Result<T>,
) -> Result<[T; WORKERS]> {
    let until = Instant::now() + PATIENCE;
    let mut found = [None, None];
    while found.iter().any(Option::is_none) {
        let before = envoy.admin().connections_by_worker().await?;
        let opened = open().await?;
        let worker = loop {
            let after = envoy.admin().connections_by_worker().await?;
            let grew = before.iter().zip(&after).position(|(old, new)| old < new);
            if let Some(worker) = grew {
                break worker;
            }
            if Instant::now() > until {
                bail!("no worker counts a connection within {PATIENCE:?}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let slot = found.get_mut(worker).context("more workers than two")?;
        *slot = Some(opened);
        if Instant::now() > until {
            bail!("a worker has had no connection within {PATIENCE:?}");
        }
    }
    let [Some(first), Some(second)] = found else {
        bail!("a worker has no connection");
    };
    Ok([first, second])
}
