//! A gRPC client with metadata.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use tonic::metadata::{MetadataKey, MetadataValue};
use tonic::transport::{Channel, Endpoint};

use super::Talk;
use crate::backend::EchoClient;
use crate::backend::messages::{Ask, Told};

/// Calls the backends' gRPC service through Envoy, on one HTTP/2 connection.
#[derive(Clone, Debug)]
pub struct Caller {
    client: EchoClient<Channel>,
}

impl Caller {
    /// Connects, to call the service of this host.
    ///
    /// # Errors
    /// If nobody listens there, or the host is none.
    pub async fn connect(to: SocketAddr, host: &str) -> Result<Self> {
        let channel = Endpoint::from_shared(format!("http://{to}"))?
            .origin(format!("http://{host}").parse()?)
            .connect()
            .await
            .with_context(|| format!("no gRPC connection to {to}"))?;
        Ok(Self {
            client: EchoClient::new(channel),
        })
    }

    /// One call, one answer. A key may repeat in `metadata`.
    ///
    /// # Errors
    /// If a key or value is none, or the call fails.
    pub async fn say(&mut self, metadata: &[(&str, &str)]) -> Result<Told> {
        let request = request(Ask::default(), metadata)?;
        Ok(self.client.say(request).await?.into_inner())
    }

    /// One call, a stream of answers: all of them, or the error that ended them.
    ///
    /// # Errors
    /// If a key or value is none, or the call fails.
    pub async fn watch(&mut self, ask: Ask, metadata: &[(&str, &str)]) -> Result<Vec<Told>> {
        let answers = self.client.watch(request(ask, metadata)?).await?;
        let mut answers = answers.into_inner();
        let mut told = Vec::new();
        while let Some(answer) = answers.next().await {
            told.push(answer?);
        }
        Ok(told)
    }

    /// A call that stays open: each message has an answer.
    ///
    /// # Errors
    /// If a key or value is none, or the call fails.
    pub async fn talk(&mut self, metadata: &[(&str, &str)]) -> Result<Talk> {
        let (asks, asked) = tokio::sync::mpsc::channel(1);
        let request = request(ReceiverStream::new(asked), metadata)?;
        let answers = self.client.talk(request).await?.into_inner();
        Ok(Talk::Grpc {
            asks,
            answers: Box::new(answers),
        })
    }
}

fn request<T>(message: T, metadata: &[(&str, &str)]) -> Result<Request<T>> {
    let mut request = Request::new(message);
    for (name, value) in metadata {
        let name = MetadataKey::from_bytes(name.as_bytes())
            .with_context(|| format!("{name} is no metadata key"))?;
        let value: MetadataValue<_> = value
            .parse()
            .with_context(|| format!("{value} is no metadata value"))?;
        request.metadata_mut().append(name, value);
    }
    Ok(request)
}
