//! A receiver of spans: rotel, a collector in one program, which tells what it receives.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tokio::net::TcpStream;

use crate::place;
use crate::server::{Server, free_port};
use crate::wheel::{Wheel, install};

const ROTEL: Wheel = Wheel {
    name: "rotel",
    package: "rotel",
    // Of no stable release yet; what is read below is this one's.
    version: "0.0.1a15",
    binary: "rotel/rotel-agent",
    size: "29 MB",
    otherwise: "go without spans",
};

/// A running receiver of OTLP by gRPC; it ends with this value.
#[derive(Debug)]
pub struct Otlp {
    at: SocketAddr,
    server: Server,
}

/// One span as it was received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The trace that it is part of, in hexadecimal digits.
    pub trace: String,
    /// The span that it is below, in hexadecimal digits; empty if it is the first.
    pub parent: String,
    /// Its tags, all as text.
    pub tags: BTreeMap<String, String>,
}

impl Otlp {
    /// The program; `None` where no wheel fits this machine, or none can be fetched.
    ///
    /// # Errors
    /// If Python or pip fail otherwise.
    pub async fn program() -> Result<Option<PathBuf>> {
        install(&ROTEL).await
    }

    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// If it does not; with the end of its log.
    pub async fn start(program: PathBuf) -> Result<Self> {
        let (at, other) = (free_port()?, free_port()?);
        // It is set up by arguments, but for its own reports to its makers.
        let env = place::on_path("env").context("there is no env")?;
        let mut server = Server::new(env, |_| {
            [
                "ROTEL_TELEMETRY_DISABLED=1",
                &program.to_string_lossy(),
                "start",
                "--otlp-grpc-endpoint",
                &at.to_string(),
                "--otlp-http-endpoint",
                &other.to_string(),
                "--debug-log",
                "traces",
                "--debug-log-verbosity",
                "detailed",
                "--exporter",
                "blackhole",
            ]
            .map(str::to_owned)
            .to_vec()
        })?;
        server
            .start(async || Ok(TcpStream::connect(at).await.map(drop)?))
            .await?;
        Ok(Self { at, server })
    }

    /// Where it takes spans by gRPC.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// All spans that it has received.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        spans(&self.server.said())
    }
}

/// The spans in its log: each begins with a line of its own, and has a line for each tag.
fn spans(log: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut within = false;
    for line in log.lines().map(str::trim) {
        if line.starts_with("Span #") {
            spans.push(Span::default());
            within = true;
        } else if line.starts_with("ResourceSpans #") {
            within = false;
        }
        let Some(span) = spans.last_mut().filter(|_| within) else {
            continue;
        };
        if let Some((name, value)) = line
            .strip_prefix("-> ")
            .and_then(|tag| tag.split_once(": "))
        {
            let text = value
                .strip_prefix("Str(")
                .and_then(|text| text.strip_suffix(')'));
            span.tags
                .insert(name.to_owned(), text.unwrap_or(value).to_owned());
        } else if let Some((name, value)) = line.split_once(':') {
            match name.trim() {
                "Trace ID" => value.trim().clone_into(&mut span.trace),
                "Parent ID" => value.trim().clone_into(&mut span.parent),
                _ => {}
            }
        }
    }
    spans
}
