//! A registry as far as a push needs one, that wants a password.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use tokio::net::TcpListener;

pub(crate) const USER: &str = "user";
pub(crate) const PASSWORD: &str = "password";
/// The two as HTTP's basic scheme writes them.
const BASIC: &str = "Basic dXNlcjpwYXNzd29yZA==";

/// What was pushed.
#[derive(Default)]
pub(crate) struct Held {
    /// By their digest.
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    /// By their tag; each with its media type.
    pub(crate) manifests: BTreeMap<String, (String, Vec<u8>)>,
    uploads: Vec<Vec<u8>>,
}

pub(crate) struct Registry {
    address: SocketAddr,
    held: Arc<Mutex<Held>>,
}

impl Registry {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let held = Arc::new(Mutex::new(Held::default()));
        let app = Router::new().fallback(answer).with_state(held.clone());
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { address, held }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }
}

async fn answer(
    State(held): State<Arc<Mutex<Held>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap());
    if header("authorization") != Some(BASIC) {
        return Response::builder()
            .status(StatusCode::UNAUTHORIZED)
            .header("www-authenticate", "Basic realm=\"test\"")
            .body("HTTP 401".into())
            .unwrap();
    }
    let mut held = held.lock().unwrap();
    let path: Vec<_> = uri.path().split('/').skip(1).collect();
    let (status, location) = match (method.as_str(), &path[..]) {
        ("GET", ["v2", ""]) => (StatusCode::OK, None),
        ("POST", ["v2", "team", "graylane", "blobs", "uploads", ""]) => {
            held.uploads.push(Vec::new());
            let upload = held.uploads.len() - 1;
            let location = format!("/v2/team/graylane/blobs/uploads/{upload}");
            (StatusCode::ACCEPTED, Some(location))
        }
        ("PATCH", ["v2", "team", "graylane", "blobs", "uploads", upload]) => {
            held.uploads[upload.parse::<usize>().unwrap()].extend_from_slice(&body);
            (StatusCode::ACCEPTED, Some(uri.path().to_owned()))
        }
        ("PUT", ["v2", "team", "graylane", "blobs", "uploads", upload]) => {
            let upload = upload.parse::<usize>().unwrap();
            let bytes = std::mem::take(&mut held.uploads[upload]);
            let digest = crate::digest(&bytes);
            let claimed = uri.query().unwrap().replace("%3A", ":");
            assert_eq!(claimed, format!("digest={digest}"));
            let location = format!("/v2/team/graylane/blobs/{digest}");
            held.blobs.insert(digest, bytes);
            // Not all registries say where a blob is.
            (StatusCode::CREATED, (upload == 0).then_some(location))
        }
        ("HEAD", ["v2", "team", "graylane", "blobs", digest])
            if held.blobs.contains_key(*digest) =>
        {
            (StatusCode::OK, None)
        }
        ("PUT", ["v2", "team", "graylane", "manifests", tag]) => {
            let media = header("content-type").unwrap().to_owned();
            held.manifests
                .insert((*tag).to_owned(), (media, body.to_vec()));
            (StatusCode::CREATED, Some(uri.path().to_owned()))
        }
        _ => (StatusCode::NOT_FOUND, None),
    };
    let mut response = Response::builder().status(status);
    if let Some(location) = location {
        response = response.header("location", location);
    }
    response.body(Body::empty()).unwrap()
}
