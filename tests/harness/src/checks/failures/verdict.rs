//! A verdict: a canary that its guard has closed, and whether it still is.

use std::time::Instant;

use anyhow::{Result, bail};

use super::PATIENCE;
use super::each::on_each;
use crate::checks::people::with_user;
use crate::client::{Connection, Protocol, Visit};
use crate::envoy::Envoy;

/// The service whose canary is closed.
pub(super) const HOST: &str = "pay.example.com";
/// So many failures in a row close it.
pub(super) const FAILURES: usize = 5;
/// What is said of a verdict on both workers.
pub(super) const KEPT: &str = "closed, on each worker";
pub(super) const LOST: &str = "open, on each worker";

/// Has the guard close it, and waits until every worker knows.
pub(super) async fn close(envoy: &Envoy) -> Result<()> {
    let mut connection = Connection::open(envoy.address(), Protocol::Http1).await?;
    let failing = visit().with("x-backend-status", "v2=500");
    for _ in 0..FAILURES {
        connection.send(&failing).await?;
    }
    envoy.log().wait("verdict: ", 0, PATIENCE).await?;
    let until = Instant::now() + PATIENCE;
    while standing(envoy).await? != KEPT {
        if Instant::now() > until {
            bail!("a worker has not followed the verdict within {PATIENCE:?}");
        }
    }
    Ok(())
}

/// How it stands. Nobody else may connect meanwhile.
pub(super) async fn standing(envoy: &Envoy) -> Result<&'static str> {
    let open = async || Connection::open(envoy.address(), Protocol::Http1).await;
    let mut closed = Vec::new();
    for mut connection in on_each(envoy, open).await? {
        let reply = connection.send(&visit()).await?;
        let tags = reply.seen("x-gray-version");
        closed.push(match (reply.version(), tags.first().map(Vec::as_slice)) {
            (Some("v1"), Some(b"v1")) => Some(true),
            (Some("v2"), Some(b"v2")) => Some(false),
            _ => None,
        });
    }
    Ok(match closed[..] {
        [Some(true), Some(true)] => KEPT,
        [Some(false), Some(false)] => LOST,
        _ => "neither closed nor open on each worker",
    })
}

fn visit() -> Visit {
    with_user(Visit::of("somebody")).at(HOST)
}
