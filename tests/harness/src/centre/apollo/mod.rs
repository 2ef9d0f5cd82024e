//! A stand-in for Apollo's config service: no server of it is published anywhere. It answers as a
//! real 2.5.2 was seen to, to whoever follows a namespace; and at the same address, as the portal
//! does, to whoever writes one.

mod answers;
mod portal;
mod releases;
mod signature;

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use serde_json::{Value, json};

use super::SECRET;
use super::kind::Access;
use super::port::Port;
use crate::server::free_port;
use releases::Releases;

/// The app whose namespaces it has.
const APP: &str = "graylane";

/// The stand-in, listening or not; what was released stays.
#[derive(Debug)]
pub(super) struct Apollo {
    port: Port,
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    releases: Releases,
    /// The app's access key, if it has one.
    secret: Option<&'static str>,
    /// By how much its clock is ahead, in milliseconds.
    ahead: RwLock<i64>,
}

impl Apollo {
    pub(super) async fn start(access: Access) -> Result<Self> {
        let inside = Arc::new(Inside {
            releases: Releases::default(),
            secret: match access {
                Access::Open => None,
                Access::Secret { .. } => Some(SECRET),
            },
            ahead: RwLock::default(),
        });
        let router = Router::new()
            .route("/notifications/v2", get(answers::notifications))
            .route(
                "/configs/{app}/{cluster}/{namespace}",
                get(answers::configs),
            )
            .route(
                "/configfiles/json/{app}/{cluster}/{namespace}",
                get(answers::json),
            )
            .route(
                "/configfiles/raw/{app}/{cluster}/{namespace}",
                get(answers::raw),
            )
            .layer(from_fn_with_state(Arc::clone(&inside), signature::verify))
            .merge(portal::router())
            .with_state(Arc::clone(&inside));
        let port = Port::open(free_port()?, router).await?;
        Ok(Self { port, inside })
    }

    pub(super) fn at(&self) -> SocketAddr {
        self.port.at()
    }

    pub(super) async fn kill(&mut self) {
        self.port.close().await;
    }

    pub(super) async fn restart(&mut self) -> Result<()> {
        self.port.reopen().await
    }

    /// Releases a namespace with this content.
    pub(super) fn publish(&self, namespace: &str, document: &[u8]) {
        let content = String::from_utf8_lossy(document).into_owned();
        self.inside.releases.release(namespace, Some(content));
    }

    /// Releases a namespace without items: what is left of a document that was deleted.
    pub(super) fn delete(&self, namespace: &str) {
        self.inside.releases.release(namespace, None);
    }

    pub(super) fn read(&self, namespace: &str) -> Option<Vec<u8>> {
        let release = self.inside.releases.latest(namespace)?;
        release.content.map(String::into_bytes)
    }

    /// Sets its clock ahead of this machine's, by so many milliseconds, or behind it.
    pub(super) fn set_clock(&self, ahead: i64) {
        if let Ok(mut own) = self.inside.ahead.write() {
            *own = ahead;
        }
    }

    /// What the policy's `remote` says of it.
    pub(super) fn remote(&self) -> Value {
        match self.inside.secret {
            None => json!({ "app": APP }),
            Some(secret) => json!({ "app": APP, "secret": secret }),
        }
    }
}

/// How long it holds a request for notifications, and how late it is with them.
const HOLD: Duration = Duration::from_mins(1);
const LATE: Duration = Duration::from_millis(1_400);
