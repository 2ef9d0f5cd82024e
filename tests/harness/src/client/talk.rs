//! Streams that stay open: each message has an answer, until the client ends it.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use futures_util::SinkExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc::Sender;
use tokio_stream::StreamExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tonic::Streaming;

use super::Visit;
use crate::backend::TALK;
use crate::backend::messages::{Ask, Told};

/// An open stream, of which kind ever.
#[derive(Debug)]
pub enum Talk {
    /// A WebSocket, on a connection of its own.
    WebSocket(Box<WebSocketStream<TcpStream>>),
    /// A bidirectional gRPC call.
    Grpc {
        /// What is asked.
        asks: Sender<Ask>,
        /// What is answered.
        answers: Box<Streaming<Told>>,
    },
}

impl Talk {
    /// Opens a WebSocket with the visit's host and headers.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn web_socket(to: SocketAddr, visit: &Visit) -> Result<Self> {
        let mut request = format!("ws://{}{TALK}", visit.authority).into_client_request()?;
        for (name, value) in &visit.headers {
            let name = hyper::header::HeaderName::from_bytes(name.as_bytes())?;
            request
                .headers_mut()
                .append(name, value.as_slice().try_into()?);
        }
        let connection = TcpStream::connect(to).await?;
        // Small messages wait for nobody.
        connection.set_nodelay(true)?;
        let (socket, _) = tokio_tungstenite::client_async(request, connection)
            .await
            .context("no WebSocket")?;
        Ok(Self::WebSocket(Box::new(socket)))
    }

    /// One message, and the version that answers it.
    ///
    /// # Errors
    /// If the stream has ended.
    pub async fn say(&mut self) -> Result<String> {
        match self {
            Self::WebSocket(socket) => {
                socket.send(Message::text("which version?")).await?;
                let answer = socket.next().await.context("the WebSocket has ended")??;
                Ok(answer.into_text()?.to_string())
            }
            Self::Grpc { asks, answers } => {
                asks.send(Ask::default()).await?;
                let answer = answers.next().await.context("the call has ended")??;
                Ok(answer.version)
            }
        }
    }

    /// Ends it, and waits until the other side has done so in its kind's own way.
    ///
    /// # Errors
    /// If it ends otherwise.
    pub async fn end(self) -> Result<()> {
        match self {
            Self::WebSocket(mut socket) => {
                socket.as_mut().close(None).await?;
                match socket.next().await {
                    Some(Ok(Message::Close(_))) => Ok(()),
                    other => bail!("a WebSocket ends with {other:?}"),
                }
            }
            Self::Grpc { asks, mut answers } => {
                drop(asks);
                match answers.next().await {
                    None => Ok(()),
                    other => bail!("a call ends with {other:?}"),
                }
            }
        }
    }
}
