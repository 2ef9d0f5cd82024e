//! One request to a centre, as the harness itself makes it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::client::{Connection, Protocol, Reply, Visit};

/// No request of the harness is one that a centre holds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request with this method, path and body.
pub(super) fn call(method: &str, path: &str, body: impl Into<Vec<u8>>) -> Visit {
    let mut visit = Visit::of("").to(path);
    method.clone_into(&mut visit.method);
    visit.body = body.into().into();
    visit
}

/// The answer, whatever it is.
pub(super) async fn send(to: SocketAddr, visit: Visit) -> Result<Reply> {
    let visit = visit.at(&to.to_string());
    let answer = tokio::time::timeout(PATIENCE, async {
        let mut connection = Connection::open(to, Protocol::Http1).await?;
        connection.send(&visit).await
    });
    let path = &visit.path;
    match answer.await {
        Ok(answer) => answer,
        Err(_) => bail!("{to}{path} gives no answer within {PATIENCE:?}"),
    }
}

/// The body of an answer that has to be 200.
pub(super) async fn good(to: SocketAddr, visit: Visit) -> Result<Vec<u8>> {
    let path = visit.path.clone();
    let reply = send(to, visit).await?;
    if reply.status != 200 {
        let text = String::from_utf8_lossy(&reply.body);
        bail!("{to}{path} answers {}: {}", reply.status, text.trim());
    }
    Ok(reply.body.to_vec())
}

/// The same, as JSON.
pub(super) async fn json(to: SocketAddr, visit: Visit) -> Result<Value> {
    let path = visit.path.clone();
    let body = good(to, visit).await?;
    serde_json::from_slice(&body).with_context(|| format!("{to}{path} answers no JSON"))
}
