//! One version of a service: it says which version it is and what reached it, and may go on to the
//! next service.
//!
//! HTTP/1.1 and HTTP/2 without TLS on one port, and gRPC and WebSocket on the same.

mod echo;
mod fleet;
mod grpc;
pub mod messages;
mod onward;
mod talk;

pub use echo::{Echo, escape, unescape};
pub use fleet::{Backend, Fleet};
pub use grpc::generated::echo_client::EchoClient;
pub use onward::{Onward, PASSED_ON, Way};

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::{any, get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use onward::Next;

/// Where a backend tells its count.
const COUNT: &str = "/graylane.harness/requests";
/// Where a backend is told of the next service: the way, its sidecar, the host.
const NEXT: &str = "/graylane.harness/next";
/// Where a backend is told whether it is fit for traffic.
const HEALTH: &str = "/graylane.harness/health";
/// Where the samples' health checks ask.
const HEALTHZ: &str = "/healthz";

/// Where a backend takes a WebSocket.
pub const TALK: &str = "/graylane.harness/talk";

/// What a backend is, and what it counts.
#[derive(Debug)]
pub struct State {
    version: String,
    requests: AtomicU64,
    healthy: AtomicBool,
    next: RwLock<Option<Next>>,
}

impl State {
    fn new(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            requests: AtomicU64::new(0),
            healthy: AtomicBool::new(true),
            next: RwLock::default(),
        }
    }

    fn next(&self) -> Option<Next> {
        self.next.read().ok()?.clone()
    }

    fn set_next(&self, next: Next) {
        if let Ok(mut own) = self.next.write() {
            *own = Some(next);
        }
    }

    /// The version it answers for.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many requests and calls it has answered.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

/// Answers for `version` until the process ends: the `backend` subcommand.
///
/// # Errors
/// If the port cannot be had.
pub async fn serve_forever(version: &str, port: u16) -> Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", port))
        .await
        .with_context(|| format!("port {port} cannot be had; name another by --port"))?;
    println!("{version} on {}", listener.local_addr()?);
    serve(listener, Arc::new(State::new(version))).await
}

async fn serve(listener: TcpListener, state: Arc<State>) -> Result<()> {
    let service = grpc::service(Arc::clone(&state));
    let router = Router::new()
        .route_service("/graylane.harness.Echo/{method}", service)
        .route(COUNT, get(echo::count))
        .route(TALK, any(talk::answer))
        .route(
            &format!("{NEXT}/{{way}}/{{sidecar}}/{{host}}"),
            post(echo::go_on),
        )
        .route(HEALTHZ, get(echo::health))
        .route(&format!("{HEALTH}/{{healthy}}"), post(echo::set_health))
        .fallback(echo::answer)
        .with_state(state);
    // An answer in two parts, as gRPC's is, waits for nobody's acknowledgement.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            eprintln!("a connection without TCP_NODELAY: {error}");
        }
    });
    Ok(axum::serve(listener, router).await?)
}

/// A free port of this machine, bound.
async fn any_port() -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("no port is free on 127.0.0.1")?;
    let at = listener.local_addr()?;
    Ok((listener, at))
}
