//! What stands between Envoy and a centre: it counts, and fails where a check wants it to.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::TRANSFER_ENCODING;
use axum::http::{Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::watch;

use super::fault::{self, Fault, answer};
use super::port::Port;
use crate::server::free_port;

/// A request that reached the door.
#[derive(Clone, Debug)]
pub struct Asked {
    /// When it came.
    pub at: Instant,
    /// When its answer went, or nobody waited for it any more; `None` while it is under way.
    pub answered: Option<Instant>,
    /// Its method.
    pub method: String,
    /// Its path with the query.
    pub path: String,
}

/// A door to a centre; it closes with this value.
#[derive(Debug)]
pub struct Door {
    port: Port,
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    centre: SocketAddr,
    client: Client<HttpConnector, Body>,
    fault: watch::Sender<Option<Fault>>,
    asked: Mutex<Vec<Asked>>,
}

impl Door {
    /// Opens one at any port of `ip`, which Envoy can reach.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn open(ip: IpAddr, centre: SocketAddr) -> Result<Self> {
        let inside = Arc::new(Inside {
            centre,
            client: Client::builder(TokioExecutor::new()).build_http(),
            fault: watch::Sender::new(None),
            asked: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&inside));
        let at = SocketAddr::new(ip, free_port()?.port());
        let port = Port::open(at, router).await?;
        Ok(Self { port, inside })
    }

    /// Where it is.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        self.port.at()
    }

    /// Fails so from now on, also for requests under way; `None` lets everything through.
    ///
    /// # Errors
    /// If its port is gone, which nobody else takes.
    pub async fn set(&mut self, fault: Option<Fault>) -> Result<()> {
        self.inside.fault.send_replace(fault);
        if fault == Some(Fault::Down) {
            self.port.close().await;
            Ok(())
        } else {
            self.port.reopen().await
        }
    }

    /// Every request so far, in the order in which they came.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.inside.asked().clone()
    }
}

impl Inside {
    fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks its request as answered, however that ends.
struct UnderWay {
    inside: Arc<Inside>,
    number: usize,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(asked) = self.inside.asked().get_mut(self.number) {
            asked.answered = Some(Instant::now());
        }
    }
}

async fn pass(State(inside): State<Arc<Inside>>, request: Request) -> Response<Body> {
    let path = request.uri().to_string();
    let number = {
        let mut asked = inside.asked();
        asked.push(Asked {
            at: Instant::now(),
            answered: None,
            method: request.method().to_string(),
            path: path.clone(),
        });
        asked.len() - 1
    };
    let _under_way = UnderWay {
        inside: Arc::clone(&inside),
        number,
    };
    let mut faults = inside.fault.subscribe();
    let mut request = Some(request);
    loop {
        // A request that is held meets what comes after it as well.
        let fault = *faults.borrow_and_update();
        return match fault {
            Some(Fault::Hangs) => {
                // The sender lives as long as the door.
                let _ = faults.changed().await;
                continue;
            }
            Some(Fault::Down) => answer(StatusCode::BAD_GATEWAY, "down"),
            Some(Fault::Fails) => answer(StatusCode::INTERNAL_SERVER_ERROR, "out of order"),
            Some(Fault::Redirects) => fault::redirect(&path),
            Some(Fault::Garbage) => fault::garbage(),
            Some(Fault::Page) => fault::page(),
            Some(Fault::Flood) => fault::flood(),
            Some(Fault::Empty) => answer(StatusCode::OK, ""),
            Some(Fault::Flaps) if number % 2 == 0 => {
                answer(StatusCode::SERVICE_UNAVAILABLE, "not now")
            }
            None | Some(Fault::Half | Fault::Flaps) => {
                let Some(request) = request.take() else {
                    return answer(StatusCode::BAD_GATEWAY, "the door has changed");
                };
                tokio::select! {
                    _ = faults.changed() => continue,
                    whole = forward(&inside, request) => match fault {
                        Some(Fault::Half) => fault::half(whole),
                        _ => whole.map(Body::from),
                    },
                }
            }
        };
    }
}

/// The centre's own answer; 502 where it gives none.
async fn forward(inside: &Inside, mut request: Request) -> Response<Bytes> {
    let bad = |why: String| {
        let mut response = Response::new(Bytes::from(why));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    };
    let there = format!("http://{}{}", inside.centre, request.uri());
    match there.parse::<Uri>() {
        Ok(there) => *request.uri_mut() = there,
        Err(error) => return bad(error.to_string()),
    }
    let answered = async {
        let (mut head, body) = inside.client.request(request).await?.into_parts();
        // The door has the whole of it, and sends it as such.
        head.headers.remove(TRANSFER_ENCODING);
        let body = body.collect().await?.to_bytes();
        anyhow::Ok(Response::from_parts(head, body))
    };
    answered
        .await
        .unwrap_or_else(|error| bad(format!("{error:#}")))
}
