//! A connection to Envoy that is opened, used and closed when the check wants it.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderName, HeaderValue, SET_COOKIE};
use hyper::{HeaderMap, Method, Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::{Protocol, Visit};
use crate::backend::Echo;

/// What came back: a reply, or why there was none.
pub type Answer = Result<Reply, String>;

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// What the backend saw; `None` if Envoy answered by itself.
    pub echo: Option<Echo>,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// One whose body is a backend's, or Envoy's own.
    pub(super) fn new(status: u16, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            status,
            headers,
            echo: serde_json::from_slice(&body).ok(),
            body,
        }
    }

    /// The version that answered; `None` if Envoy answered by itself.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        Some(&self.echo.as_ref()?.version)
    }

    /// The values of a header as the backend received it, in order.
    #[must_use]
    pub fn seen(&self, name: &str) -> Vec<Vec<u8>> {
        self.echo
            .as_ref()
            .map(|echo| echo.header(name))
            .unwrap_or_default()
    }

    /// What the answer sets, each with its attributes.
    #[must_use]
    pub fn cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all(SET_COOKIE).iter();
        lines
            .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
            .collect()
    }

    /// Whether a backend answered, with a status below 400.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.echo.is_some() && self.status < 400
    }
}

/// One socket. It closes when this value goes.
#[derive(Debug)]
pub struct Connection {
    sender: Sender,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens there or the handshake fails.
    pub async fn open(to: SocketAddr, protocol: Protocol) -> Result<Self> {
        let stream = TcpStream::connect(to)
            .await
            .with_context(|| format!("no connection to {to}"))?;
        // Small requests wait for nobody.
        stream.set_nodelay(true)?;
        let stream = TokioIo::new(stream);
        let sender = match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(stream).await?;
                tokio::spawn(connection);
                Sender::Http1(sender)
            }
            Protocol::Http2 => {
                let executor = TokioExecutor::new();
                let (sender, connection) = http2::handshake(executor, stream).await?;
                tokio::spawn(connection);
                Sender::Http2(sender)
            }
        };
        Ok(Self { sender })
    }

    /// The protocol it speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match self.sender {
            Sender::Http1(_) => Protocol::Http1,
            Sender::Http2(_) => Protocol::Http2,
        }
    }

    /// Whether another request can be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => !sender.is_closed(),
            Sender::Http2(sender) => !sender.is_closed(),
        }
    }

    /// Sends a visit and waits for the whole answer.
    ///
    /// # Errors
    /// If the visit cannot be written as HTTP or the connection breaks.
    pub async fn send(&mut self, visit: &Visit) -> Result<Reply> {
        let request = request(visit, self.protocol())?;
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        reply(response).await
    }
}

/// One request on a connection of its own, as for an admin interface.
///
/// # Errors
/// If there is no answer, or one that is not 200.
pub async fn fetch(from: SocketAddr, path: &str) -> Result<String> {
    once(from, Visit::of("").to(path)).await
}

/// As [`fetch`], by POST.
///
/// # Errors
/// If there is no answer, or one that is not 200.
pub async fn post(to: SocketAddr, path: &str) -> Result<String> {
    let mut visit = Visit::of("").to(path);
    "POST".clone_into(&mut visit.method);
    once(to, visit).await
}

async fn once(to: SocketAddr, visit: Visit) -> Result<String> {
    let visit = visit.at(&to.to_string());
    let mut connection = Connection::open(to, Protocol::Http1).await?;
    let reply = connection.send(&visit).await?;
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    if reply.status != 200 {
        bail!(
            "{to}{} answers {}: {}",
            visit.path,
            reply.status,
            text.trim()
        );
    }
    Ok(text)
}

fn request(visit: &Visit, protocol: Protocol) -> Result<Request<Full<Bytes>>> {
    let mut request = Request::new(Full::new(visit.body.clone()));
    *request.method_mut() = Method::from_bytes(visit.method.as_bytes())?;
    let headers = request.headers_mut();
    for (name, value) in &visit.headers {
        let name = HeaderName::from_bytes(name.as_bytes())?;
        headers.append(name, HeaderValue::from_bytes(value)?);
    }
    let target = match protocol {
        Protocol::Http1 => {
            headers.insert(HOST, HeaderValue::from_str(&visit.authority)?);
            visit.path.parse::<Uri>()
        }
        Protocol::Http2 => format!("http://{}{}", visit.authority, visit.path).parse(),
    };
    *request.uri_mut() = target.with_context(|| format!("{} is no path", visit.path))?;
    Ok(request)
}

async fn reply(response: Response<Incoming>) -> Result<Reply> {
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Reply::new(head.status.as_u16(), head.headers, body))
}
