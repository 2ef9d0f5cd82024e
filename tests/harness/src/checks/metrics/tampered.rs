//! What stands between Prometheus and an Envoy, and says another share than the one in force.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::site::{SAID, SHARE};
use crate::client::fetch;

/// It runs until this value goes.
#[derive(Debug)]
pub(super) struct Tampered {
    at: SocketAddr,
    serving: JoinHandle<()>,
}

impl Tampered {
    /// What this admin interface tells, tampered with.
    pub(super) async fn of(admin: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let at = listener.local_addr()?;
        let router = Router::new().fallback(answer).with_state(admin);
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the tampered target has ended: {error}");
            }
        });
        Ok(Self { at, serving })
    }

    /// Where it listens.
    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }
}

impl Drop for Tampered {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(admin): State<SocketAddr>, uri: Uri) -> Result<String, (StatusCode, String)> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let text = fetch(admin, path).await;
    let text = text.map_err(|error| (StatusCode::BAD_GATEWAY, format!("{error:#}")))?;
    // In thousandths of a percent, as the gauge has it.
    let [own, said] = [SHARE, SAID].map(|share| format!(" {}", share * 1_000));
    let line = |line: &str| match line.strip_suffix(&own) {
        Some(series) if series.starts_with("graylane_share{") => format!("{series}{said}\n"),
        _ => format!("{line}\n"),
    };
    Ok(text.lines().map(line).collect())
}
