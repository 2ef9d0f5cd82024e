//! One version of a service: it says which version it is and what reached it, and may go on to the
//! next service. It may turn bad while it runs, and counts what it did.
//!
//! HTTP/1.1 and HTTP/2 without TLS on one port, and gRPC and WebSocket on the same.

mod echo;
mod fleet;
mod grpc;
pub mod messages;
mod mood;
mod onward;
mod talk;
mod told;

pub use echo::{Echo, escape, unescape};
pub use fleet::{Backend, Fleet};
pub use grpc::generated::echo_client::EchoClient;
pub use mood::{Mood, Trouble};
pub use onward::{Onward, PASSED_ON, Way};

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::{any, get, post};
use axum::serve::ListenerExt;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use mood::Moods;
use onward::Next;

/// Where a backend tells its [`Tally`].
const TALLY: &str = "/graylane.harness/tally";
/// Where a backend is told of the next service: the way, its sidecar, the host.
const NEXT: &str = "/graylane.harness/next";
/// Where a backend is told whether it is fit for traffic.
const HEALTH: &str = "/graylane.harness/health";
/// Where a backend is told its [`Mood`], as JSON in the alphabet of tokens.
const MOOD: &str = "/graylane.harness/mood";
/// Where a backend is told to close its port, and for how many milliseconds.
const CLOSE: &str = "/graylane.harness/close";
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;
/// Where the samples' health checks ask.
const HEALTHZ: &str = "/healthz";

/// Where a backend answers with its version's name and no more, which costs little.
pub const PLAIN: &str = "/graylane.harness/plain";

/// Where a backend takes a WebSocket.
pub const TALK: &str = "/graylane.harness/talk";

/// What reached a backend, by its own count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Requests and calls.
    pub requests: u64,
    /// Those that its mood failed.
    pub failed: u64,
    /// Those that its mood kept waiting, or left without an answer.
    pub late: u64,
}

/// What a backend is, and what it counts.
#[derive(Debug)]
pub struct State {
    version: String,
    moods: Moods,
    requests: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
    closed_for: watch::Sender<Duration>,
    healthy: AtomicBool,
    next: RwLock<Option<Next>>,
}

impl State {
    fn new(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            moods: Moods::default(),
            requests: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            late: AtomicU64::new(0),
            closed_for: watch::Sender::default(),
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

    /// Counts a request and lets it have what the mood has for it; whether it is to fail.
    async fn admit(&self) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let (trouble, lasting) = self.moods.meet();
        let count = match trouble {
            None => return false,
            Some(Trouble::Fails) => &self.failed,
            Some(Trouble::Waits(_) | Trouble::Hangs) => &self.late,
        };
        count.fetch_add(1, Ordering::Relaxed);
        match trouble {
            Some(Trouble::Waits(time)) => tokio::time::sleep(time).await,
            Some(Trouble::Hangs) => lasting.end().await,
            _ => {}
        }
        trouble == Some(Trouble::Fails)
    }

    /// What has reached it.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            requests: self.requests.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            late: self.late.load(Ordering::Relaxed),
        }
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

/// Answers, and closes its port for a while where it is told to.
async fn serve(mut listener: TcpListener, state: Arc<State>) -> Result<()> {
    let at = listener.local_addr()?;
    let router = router(&state);
    loop {
        let mut closings = state.closed_for.subscribe();
        // An answer in two parts, as gRPC's is, waits for nobody's acknowledgement.
        let open = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                eprintln!("a connection without TCP_NODELAY: {error}");
            }
        });
        axum::serve(open, router.clone())
            .with_graceful_shutdown(async move {
                // The sender lives as long as the backend.
                let _ = closings.changed().await;
            })
            .await?;
        // Bound, so that nobody else takes the port, but not listening: connections are refused.
        let closed = TcpSocket::new_v4()?;
        closed.set_reuseaddr(true)?;
        closed.bind(at)?;
        let time = *state.closed_for.borrow();
        tokio::time::sleep(time).await;
        listener = closed.listen(BACKLOG)?;
    }
}

fn router(state: &Arc<State>) -> Router {
    let service = grpc::service(Arc::clone(state));
    Router::new()
        .route_service("/graylane.harness.Echo/{method}", service)
        .route(TALK, any(talk::answer))
        .route(PLAIN, get(echo::plain))
        .route(HEALTHZ, get(told::health))
        .route(TALLY, get(told::tally))
        .route(&format!("{HEALTH}/{{healthy}}"), post(told::set_health))
        .route(&format!("{MOOD}/{{mood}}"), post(told::mood))
        .route(&format!("{CLOSE}/{{millis}}"), post(told::close))
        .route(
            &format!("{NEXT}/{{way}}/{{sidecar}}/{{host}}"),
            post(told::next),
        )
        .fallback(echo::answer)
        .with_state(Arc::clone(state))
}

/// A free port of this machine, bound.
async fn any_port() -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("no port is free on 127.0.0.1")?;
    let at = listener.local_addr()?;
    Ok((listener, at))
}
