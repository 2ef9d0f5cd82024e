//! What a check tells a backend while it runs, and what the backend tells a check. None of this
//! counts as a request.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};

use super::onward::Next;
use super::{Mood, State};

/// Done, or why not.
type Told = Result<String, (StatusCode, String)>;

/// Has it be of another mood from now on.
pub(super) async fn mood(Shared(state): Shared<Arc<State>>, Path(mood): Path<String>) -> Told {
    let mood = || -> anyhow::Result<Mood> {
        let text = Base64UrlUnpadded::decode_vec(&mood).context("a mood is base64")?;
        Ok(serde_json::from_slice(&text)?)
    };
    let mood = mood().map_err(bad)?;
    state.moods.set(mood);
    Ok(format!("{}: {mood:?}", state.version))
}

/// Has it close its port for a while.
pub(super) async fn close(Shared(state): Shared<Arc<State>>, Path(millis): Path<u64>) -> Told {
    state.closed_for.send_replace(Duration::from_millis(millis));
    Ok(format!("{} closes for {millis} ms", state.version))
}

/// Has it go on to another service from now on.
pub(super) async fn next(
    Shared(state): Shared<Arc<State>>,
    Path((way, sidecar, host)): Path<(String, String, String)>,
) -> Told {
    let next = || Next::new(way.parse()?, sidecar.parse()?, &host);
    let next = next().map_err(bad)?;
    state.set_next(next);
    Ok(format!("{} goes on to {host}", state.version))
}

/// What has reached it, as JSON.
pub(super) async fn tally(Shared(state): Shared<Arc<State>>) -> Told {
    let failed = |error: serde_json::Error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    serde_json::to_string(&state.tally()).map_err(failed)
}

/// Whether it is fit for traffic, as health checks ask.
pub(super) async fn health(Shared(state): Shared<Arc<State>>) -> StatusCode {
    if state.healthy.load(Ordering::Relaxed) {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// Has it say that it is fit for traffic from now on, or that it is not.
pub(super) async fn set_health(
    Shared(state): Shared<Arc<State>>,
    Path(healthy): Path<bool>,
) -> String {
    state.healthy.store(healthy, Ordering::Relaxed);
    format!("{} healthy: {healthy}", state.version)
}

#[allow(clippy::needless_pass_by_value)] // As `map_err` hands it over.
fn bad(error: anyhow::Error) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, format!("{error:#}"))
}
