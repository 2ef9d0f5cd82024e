//! The part of Apollo's portal that writes: its open interface, of which `graylane publish` uses
//! three requests.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::json;

use super::{APP, Inside};
use crate::centre::SECRET;
use crate::centre::fault::answer;

/// Of what: environment, app, cluster, namespace.
type Named = Path<(String, String, String, String)>;

/// An item as it is written.
#[derive(Deserialize)]
pub(super) struct Item {
    key: String,
    value: String,
}

pub(super) fn router() -> Router<Arc<Inside>> {
    let of = |rest: &str| {
        format!(
            "/openapi/v1/envs/{{env}}/apps/{{app}}/clusters/{{cluster}}/namespaces/{{name}}/{rest}"
        )
    };
    Router::new()
        .route(&of("items/content"), put(edit))
        .route(&of("releases"), post(release))
        .route(&of("releases/latest"), get(latest))
        .layer(from_fn(known))
}

/// The portal knows its applications by their tokens.
async fn known(request: Request, next: Next) -> Response {
    let token = request.headers().get("authorization");
    if token.is_none_or(|token| token != SECRET) {
        return answer(StatusCode::UNAUTHORIZED, "who are you?");
    }
    next.run(request).await
}

async fn edit(
    State(inside): State<Arc<Inside>>,
    Path((_, app, _, name)): Named,
    Json(item): Json<Item>,
) -> Response<Body> {
    if app != APP || item.key != "content" {
        return answer(StatusCode::NOT_FOUND, "there is no such namespace");
    }
    inside.releases.edit(&name, item.value);
    answer(StatusCode::OK, "")
}

async fn release(
    State(inside): State<Arc<Inside>>,
    Path((_, _, _, name)): Named,
) -> Response<Body> {
    let content = inside.releases.edited(&name);
    inside.releases.release(&name, content);
    Json(json!({ "name": "graylane" })).into_response()
}

async fn latest(State(inside): State<Arc<Inside>>, Path((_, _, _, name)): Named) -> Response<Body> {
    match inside.releases.latest(&name) {
        // A namespace without a release is answered so.
        None => answer(StatusCode::OK, ""),
        Some(release) => {
            let content = release.content.map(|content| ("content", content));
            let items: std::collections::BTreeMap<_, _> = content.into_iter().collect();
            Json(json!({ "configurations": items })).into_response()
        }
    }
}
