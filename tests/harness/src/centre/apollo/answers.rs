//! What it answers to whom may ask.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep_until, timeout_at};

use super::releases::Release;
use super::{APP, HOLD, Inside};
use crate::centre::fault::answer;

/// Of whom: app, cluster, namespace.
type Named = Path<(String, String, String)>;

#[derive(Deserialize)]
pub(super) struct Following {
    #[serde(rename = "appId")]
    app: Option<String>,
    notifications: Option<String>,
}

#[derive(Deserialize)]
struct Known {
    #[serde(rename = "namespaceName")]
    namespace: String,
    #[serde(rename = "notificationId")]
    id: i64,
}

#[derive(Deserialize)]
pub(super) struct Has {
    #[serde(rename = "releaseKey")]
    release_key: Option<String>,
}

/// The ids of those that were released after what the asker knows; once there are some, or 304.
pub(super) async fn notifications(
    State(inside): State<Arc<Inside>>,
    Query(following): Query<Following>,
) -> Response<Body> {
    let text = following.notifications.unwrap_or_default();
    let (Some(app), Ok(known)) = (following.app, serde_json::from_str::<Vec<Known>>(&text)) else {
        return answer(StatusCode::BAD_REQUEST, "Invalid format of notifications");
    };
    let until = tokio::time::Instant::now() + HOLD;
    let mut releases = inside.releases.watch();
    loop {
        releases.borrow_and_update();
        let newer = known.iter().filter_map(|known| {
            let release = inside.releases.latest(&known.namespace)?;
            (app == APP && release.id > known.id).then_some((known, release))
        });
        let newer: Vec<_> = newer.collect();
        let now = Instant::now();
        let (told, later): (Vec<_>, Vec<_>) = newer
            .into_iter()
            .partition(|(_, release)| release.told_from <= now);
        if !told.is_empty() {
            let told = told
                .iter()
                .map(|(known, release)| notification(known, release));
            return Json(told.collect::<Value>()).into_response();
        }
        if let Some(first) = later.iter().map(|(_, release)| release.told_from).min() {
            sleep_until(first.into()).await;
        } else if timeout_at(until, releases.changed()).await.is_err() {
            return answer(StatusCode::NOT_MODIFIED, "");
        }
    }
}

fn notification(known: &Known, release: &Release) -> Value {
    let details = format!("{APP}+default+{}", known.namespace);
    json!({
        "namespaceName": known.namespace,
        "notificationId": release.id,
        "messages": { "details": { details: release.id } },
    })
}

/// A release with its key.
pub(super) async fn configs(
    State(inside): State<Arc<Inside>>,
    Path((app, cluster, namespace)): Named,
    Query(has): Query<Has>,
) -> Response<Body> {
    let Some(release) = inside.find(&app, &namespace) else {
        return unknown(&app, &cluster, &namespace);
    };
    if has.release_key.as_deref() == Some(&release.key) {
        return answer(StatusCode::NOT_MODIFIED, "");
    }
    let configuration = json!({
        "appId": app,
        "cluster": cluster,
        "namespaceName": namespace,
        "configurations": items(&release),
        "releaseKey": release.key,
    });
    Json(configuration).into_response()
}

/// A release's items alone.
pub(super) async fn json(
    State(inside): State<Arc<Inside>>,
    Path((app, cluster, namespace)): Named,
) -> Response<Body> {
    match inside.find(&app, &namespace) {
        Some(release) => Json(items(&release)).into_response(),
        None => unknown(&app, &cluster, &namespace),
    }
}

/// The text of a release.
pub(super) async fn raw(
    State(inside): State<Arc<Inside>>,
    Path((app, cluster, namespace)): Named,
) -> Response<Body> {
    match inside.find(&app, &namespace) {
        Some(release) => answer(StatusCode::OK, release.content.unwrap_or_default()),
        None => unknown(&app, &cluster, &namespace),
    }
}

fn items(release: &Release) -> Value {
    match &release.content {
        Some(content) => json!({ "content": content }),
        None => json!({}),
    }
}

fn unknown(app: &str, cluster: &str, namespace: &str) -> Response<Body> {
    let error = json!({
        "status": 404,
        "message": format!(
            "Could not load configurations with appId: {app}, clusterName: {cluster}, namespace: {namespace}"
        ),
    });
    (StatusCode::NOT_FOUND, Json(error)).into_response()
}

impl Inside {
    fn find(&self, app: &str, namespace: &str) -> Option<Release> {
        let release = self.releases.latest(namespace)?;
        (app == APP).then_some(release)
    }
}
