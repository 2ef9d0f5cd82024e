//! A connection that costs little: its requests are written beforehand, and of an answer only the
//! status and a short body are looked at.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue};
use hyper::{HeaderMap, Request, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::ledger::Way;
use super::plan::BACKENDS;
use crate::client::Visit;

/// A user's request, as it goes out.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    uri: Uri,
    headers: HeaderMap,
}

impl Letter {
    pub(super) fn of(visit: &Visit, way: Way) -> Result<Self> {
        let mut headers = HeaderMap::new();
        for (name, value) in &visit.headers {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            headers.append(name, HeaderValue::from_bytes(value)?);
        }
        let uri = if way == Way::Streams {
            format!("http://{}{}", visit.authority, visit.path)
        } else {
            headers.insert(HOST, HeaderValue::from_str(&visit.authority)?);
            visit.path.clone()
        };
        if way == Way::Alone {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(Self {
            uri: uri.parse()?,
            headers,
        })
    }

    fn request(&self) -> Request<Empty<Bytes>> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// Closed when the last of its clones goes.
pub(super) enum Wire {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

impl Wire {
    pub(super) async fn open(to: SocketAddr, way: Way) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        // Small requests wait for nobody.
        stream.set_nodelay(true)?;
        let stream = TokioIo::new(stream);
        Ok(if way == Way::Streams {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
            tokio::spawn(connection);
            Self::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(stream).await?;
            tokio::spawn(connection);
            Self::Http1(sender)
        })
    }

    /// Another stream of the same connection; `None` where that has one only.
    pub(super) fn stream(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
        }
    }

    /// Sends a request; the place in [`BACKENDS`] of who has answered.
    ///
    /// # Errors
    /// If nobody has, or not with 200.
    pub(super) async fn send(&mut self, letter: &Letter) -> Result<usize> {
        let request = letter.request();
        let response = match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        let backend = BACKENDS.iter().position(|name| name.as_bytes() == &*body);
        match backend {
            Some(backend) if status == 200 => Ok(backend),
            _ => bail!("answered {status}: {:?}", String::from_utf8_lossy(&body)),
        }
    }
}
