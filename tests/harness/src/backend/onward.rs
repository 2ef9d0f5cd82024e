//! How an application goes on to the next service: through its sidecar, with the headers that
//! applications pass on.

use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use axum::http::{HeaderMap, HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};

use super::EchoClient;
use super::echo::{Echo, shown};
use super::messages::Ask;

/// What an application passes on, as each has to; everything else of a request ends with it. Its
/// sidecar sees what comes and what goes apart, so a tag that is left out here is lost.
pub const PASSED_ON: [&str; 3] = ["x-gray-version", "baggage", "x-user-id"];

/// How a service is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By HTTP/1.1.
    Http,
    /// By gRPC.
    Grpc,
}

impl Way {
    /// Its name in a path.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }
}

impl FromStr for Way {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        let mut known = [Self::Http, Self::Grpc].into_iter();
        let way = known.find(|way| way.name() == name);
        way.with_context(|| format!("{name} is no way to call a service"))
    }
}

/// What came back from the next service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Onward {
    /// The headers of its answer, [escaped](super::escape).
    pub headers: Vec<(String, String)>,
    /// What it saw.
    pub echo: Echo,
}

/// The next service, as it is reached from here. Its connections are kept.
#[derive(Clone, Debug)]
pub(super) struct Next {
    host: String,
    way: Connected,
}

#[derive(Clone, Debug)]
enum Connected {
    Http(Box<Client<HttpConnector, Empty<Bytes>>>, Uri),
    Grpc(EchoClient<Channel>),
}

impl Next {
    /// The service of this host, by way of the sidecar there.
    pub(super) fn new(way: Way, sidecar: SocketAddr, host: &str) -> Result<Self> {
        let way = match way {
            Way::Http => {
                let mut connector = HttpConnector::new();
                connector.set_nodelay(true);
                let client = Client::builder(TokioExecutor::new()).build(connector);
                Connected::Http(Box::new(client), format!("http://{sidecar}/").parse()?)
            }
            Way::Grpc => {
                let endpoint = Endpoint::from_shared(format!("http://{sidecar}"))?
                    .origin(format!("http://{host}").parse()?);
                Connected::Grpc(EchoClient::new(endpoint.connect_lazy()))
            }
        };
        Ok(Self {
            host: host.to_owned(),
            way,
        })
    }

    /// Calls it on behalf of a request with these headers.
    pub(super) async fn call(&self, headers: &HeaderMap) -> Result<Onward> {
        let passed_on = headers
            .iter()
            .filter(|(name, _)| PASSED_ON.contains(&name.as_str()));
        let mut passed_on: HeaderMap = passed_on
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        match &self.way {
            Connected::Http(client, target) => {
                passed_on.insert(header::HOST, HeaderValue::from_str(&self.host)?);
                let mut request = Request::new(Empty::new());
                *request.uri_mut() = target.clone();
                *request.headers_mut() = passed_on;
                let (head, body) = client.request(request).await?.into_parts();
                let body = body.collect().await?.to_bytes();
                if !head.status.is_success() {
                    let body = String::from_utf8_lossy(&body);
                    bail!("{} answers {}: {body}", self.host, head.status);
                }
                Ok(Onward {
                    headers: shown(&head.headers),
                    echo: serde_json::from_slice(&body)?,
                })
            }
            Connected::Grpc(client) => {
                let metadata = MetadataMap::from_headers(passed_on);
                let request = tonic::Request::from_parts(
                    metadata,
                    tonic::Extensions::default(),
                    Ask::default(),
                );
                let answer = client.clone().say(request).await?;
                let headers = answer.metadata().clone().into_headers();
                let told = answer.into_inner();
                let received = told.metadata.into_iter();
                Ok(Onward {
                    headers: shown(&headers),
                    echo: Echo {
                        version: told.version,
                        method: "POST".to_owned(),
                        path: "/graylane.harness.Echo/Say".to_owned(),
                        authority: self.host.clone(),
                        headers: received
                            .map(|pair| (pair.name, super::escape(&pair.value)))
                            .collect(),
                        onward: None,
                    },
                })
            }
        }
    }
}
