//! The web server that Alertmanager reaches.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;

use super::{Answer, Closer};

/// Answers until it is told to end: by SIGTERM, or Ctrl-C. What is under way is finished.
pub(super) fn serve(listen: SocketAddr, closer: Closer) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await;
        let listener = listener.with_context(|| format!("--listen {listen}"))?;
        let (mut term, mut int) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let ended = async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        };
        say(&format!("listening on http://{}/", listener.local_addr()?));
        let app = Router::new()
            .route("/", post(answer))
            .with_state(Arc::new(closer));
        axum::serve(listener, app)
            .with_graceful_shutdown(ended)
            .await?;
        Ok(())
    })
}

async fn answer(
    State(closer): State<Arc<Closer>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let authorization = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    if !closer.lets(authorization) {
        let sentence = "the bearer token is missing, or another; see --listen-token-file";
        return told(StatusCode::UNAUTHORIZED, sentence.to_owned());
    }
    match spawn_blocking(move || closer.close(&body)).await {
        Ok(Answer::Done(sentence)) => told(StatusCode::OK, sentence),
        Ok(Answer::Refused(sentence)) => told(StatusCode::BAD_REQUEST, sentence),
        Ok(Answer::Failed(sentence)) => told(StatusCode::SERVICE_UNAVAILABLE, sentence),
        Err(error) => told(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// Says in one line what was done, here and to Alertmanager.
fn told(status: StatusCode, sentence: String) -> (StatusCode, String) {
    say(&format!("{} {sentence}", status.as_u16()));
    (status, sentence + "\n")
}

/// A reader that is gone ends nothing.
fn say(line: &str) {
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now());
    let _ = crate::cli::output::print(&format!("{now} {line}\n"));
}
