//! Commands to the browser, and what it tells in between.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// How long a command may take, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection to the browser or to one of its pages.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Box<WebSocketStream<TcpStream>>,
    commands: u64,
    /// What happened, as it was told: until somebody takes it.
    pub(super) events: Vec<Value>,
}

impl Wire {
    pub(super) async fn open(at: SocketAddr, path: &str) -> Result<Self> {
        let connection = TcpStream::connect(at).await?;
        let (socket, _) = tokio_tungstenite::client_async(format!("ws://{at}{path}"), connection)
            .await
            .context("the browser takes no commands")?;
        Ok(Self {
            socket: Box::new(socket),
            commands: 0,
            events: Vec::new(),
        })
    }

    /// Carries out a command; its result.
    pub(super) async fn call(&mut self, method: &str, parameters: Value) -> Result<Value> {
        let answer = timeout(PATIENCE, self.ask(method, parameters)).await;
        let mut answer =
            answer.with_context(|| format!("{method}: no answer in {PATIENCE:?}"))??;
        match answer.get("error") {
            Some(error) => bail!("{method}: {error}"),
            None => Ok(answer["result"].take()),
        }
    }

    async fn ask(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.commands += 1;
        let command = json!({ "id": self.commands, "method": method, "params": parameters });
        self.socket.send(Message::text(command.to_string())).await?;
        loop {
            let told = self
                .socket
                .next()
                .await
                .context("the browser has ended")??;
            let Message::Text(text) = told else { continue };
            let told: Value = serde_json::from_str(&text)?;
            if told["id"] == self.commands {
                return Ok(told);
            }
            self.events.push(told);
        }
    }
}
