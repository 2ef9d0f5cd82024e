//! A plain HTTP server of files, with `ETag`.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::{Value, json};

use super::SECRET;
use super::fault::answer;
use super::kind::Access;
use super::port::Port;
use crate::server::free_port;

/// The server, listening or not; the files stay.
#[derive(Debug)]
pub(super) struct Files {
    port: Port,
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    token: Option<&'static str>,
}

impl Files {
    pub(super) async fn start(access: Access) -> Result<Self> {
        let inside = Arc::new(Inside {
            files: Mutex::default(),
            token: match access {
                Access::Open => None,
                Access::Secret { .. } => Some(SECRET),
            },
        });
        let router = Router::new()
            .fallback(serve)
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

    pub(super) fn publish(&self, path: &str, document: &[u8]) {
        self.inside
            .files()
            .insert(path.to_owned(), document.to_vec());
    }

    pub(super) fn delete(&self, path: &str) {
        self.inside.files().remove(path);
    }

    pub(super) fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.inside.files().get(path).cloned()
    }

    /// What the policy's `remote` says of it.
    pub(super) fn remote(&self) -> Value {
        match self.inside.token {
            None => json!({}),
            Some(token) => json!({ "token": token }),
        }
    }
}

impl Inside {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// GET, PUT and DELETE, each only under its conditions.
async fn serve(
    State(inside): State<Arc<Inside>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let bearer = inside.token.map(|token| format!("Bearer {token}"));
    if bearer.is_some() && header("authorization") != bearer.as_deref() {
        return answer(StatusCode::UNAUTHORIZED, "who are you?");
    }
    let path = uri.path();
    let mut files = inside.files();
    let tag = files.get(path).map(|file| tag(file));
    let is = |wanted: &str| match &tag {
        Some(tag) => wanted == "*" || wanted == tag,
        None => false,
    };
    let unmet = header("if-match").is_some_and(|wanted| !is(wanted));
    let known = header("if-none-match").is_some_and(is);
    if unmet || known && method != Method::GET {
        return answer(StatusCode::PRECONDITION_FAILED, "");
    }
    let mut response = match method {
        Method::GET if known => answer(StatusCode::NOT_MODIFIED, ""),
        Method::GET => match files.get(path) {
            Some(file) => answer(StatusCode::OK, file.clone()),
            None => return answer(StatusCode::NOT_FOUND, "there is no such file"),
        },
        Method::PUT => {
            files.insert(path.to_owned(), body.to_vec());
            return answer(StatusCode::NO_CONTENT, "");
        }
        Method::DELETE => {
            files.remove(path);
            return answer(StatusCode::NO_CONTENT, "");
        }
        _ => return answer(StatusCode::METHOD_NOT_ALLOWED, ""),
    };
    if let Some(tag) = tag.and_then(|tag| tag.parse().ok()) {
        response.headers_mut().insert("etag", tag);
    }
    response
}

fn tag(file: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}
