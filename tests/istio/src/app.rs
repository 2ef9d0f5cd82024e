//! An application of the shop: it says who it is and what reached it, and asks the next service,
//! if there is one. It knows of no proxy.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use graylane_harness::backend::{Echo, escape};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// Where pods of the shop listen.
const PORT: u16 = 8080;
/// What an application passes on, and nothing else: the tag, what travels with a trace, its user.
const PASSED_ON: [&str; 3] = ["x-gray-version", "baggage", "x-user-id"];
/// What it tells of a request.
const TOLD: [&str; 5] = [
    "x-gray-version",
    "x-gray-cluster",
    "x-gray-mirror",
    "baggage",
    "x-user-id",
];
/// No next service keeps an application longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an application answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Told {
    /// The service.
    pub name: String,
    /// The pod.
    pub pod: String,
    /// The version, and those headers that matter here.
    #[serde(flatten)]
    pub echo: Echo,
    /// What the next service answered.
    pub next: Option<Box<Told>>,
}

impl Told {
    /// The services that a request went through, in order.
    #[must_use]
    pub fn hops(&self) -> Vec<&Self> {
        std::iter::successors(Some(self), |told| told.next.as_deref()).collect()
    }

    /// The only value of a header that reached it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let values = self.echo.header(name);
        let values: Vec<_> = values
            .iter()
            .map(|value| String::from_utf8_lossy(value))
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

struct App {
    name: String,
    version: String,
    pod: String,
    next: Option<Uri>,
    client: Client<HttpConnector, Empty<axum::body::Bytes>>,
}

/// Is the application that its environment says: `APP`, `VERSION`, `POD`, and `NEXT`, the URL of
/// the next service.
///
/// # Errors
/// If the environment does not say it, or the port cannot be had.
pub async fn serve() -> Result<()> {
    let given = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let next = std::env::var("NEXT").ok().filter(|next| !next.is_empty());
    let next = next.map(|next| {
        next.parse()
            .with_context(|| format!("NEXT: {next} is no URL"))
    });
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let app = App {
        name: given("APP")?,
        version: given("VERSION")?,
        pod: given("POD")?,
        next: next.transpose()?,
        client: Client::builder(TokioExecutor::new()).build(connector),
    };
    let listener = TcpListener::bind(("0.0.0.0", PORT))
        .await
        .with_context(|| format!("port {PORT} cannot be had"))?;
    let router = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .fallback(answer)
        .with_state(Arc::new(app));
    Ok(axum::serve(listener, router).await?)
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let headers = request.headers();
    let next = match &app.next {
        None => None,
        Some(next) => match app.ask(next, headers).await {
            Ok(told) => Some(Box::new(told)),
            Err(error) => return (StatusCode::BAD_GATEWAY, format!("{error:#}\n")).into_response(),
        },
    };
    let seen = |name: &str| {
        headers
            .get_all(name)
            .iter()
            .map(|value| escape(value.as_bytes()))
    };
    let seen = TOLD
        .iter()
        .flat_map(|name| seen(name).map(|value| ((*name).to_owned(), value)));
    let host = headers
        .get(header::HOST)
        .map(|host| escape(host.as_bytes()));
    let told = Told {
        name: app.name.clone(),
        pod: app.pod.clone(),
        echo: Echo {
            version: app.version.clone(),
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            authority: host.unwrap_or_default(),
            headers: seen.collect(),
            // What comes of asking on is told beside it.
            onward: None,
        },
        next,
    };
    match serde_json::to_string(&told) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

impl App {
    async fn ask(&self, next: &Uri, headers: &HeaderMap) -> Result<Told> {
        let mut request = axum::http::Request::get(next).body(Empty::new())?;
        for name in PASSED_ON {
            for value in headers.get_all(name) {
                request.headers_mut().append(name, value.clone());
            }
        }
        let answer = tokio::time::timeout(PATIENCE, self.client.request(request))
            .await
            .with_context(|| format!("{next} does not answer"))?
            .with_context(|| format!("{next} is not reached"))?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        serde_json::from_slice(&body).with_context(|| {
            let said = String::from_utf8_lossy(&body).into_owned();
            format!("{next} answers {status}: {}", said.trim())
        })
    }
}
