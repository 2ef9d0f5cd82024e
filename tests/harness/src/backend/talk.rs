//! The WebSocket side of a backend: each message is answered by the version, until the client closes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State as Shared;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;

use super::State;

pub(super) async fn answer(
    Shared(state): Shared<Arc<State>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    state.requests.fetch_add(1, Ordering::Relaxed);
    upgrade.on_upgrade(move |socket| talk(socket, state))
}

async fn talk(mut socket: WebSocket, state: Arc<State>) {
    // A socket that closes or breaks ends it; a close is answered by the library.
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(_) = message else { continue };
        let answer = Message::text(&*state.version);
        if socket.send(answer).await.is_err() {
            return;
        }
    }
}
