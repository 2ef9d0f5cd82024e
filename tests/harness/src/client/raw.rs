//! Requests that no client library would send: bytes of HTTP/1, as they are.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Reply;

/// A connection that is not closed by then has been left open.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Headers of an answer.
const MAX_HEADERS: usize = 64;

/// Sends these bytes, and reads every answer until the other side closes.
///
/// # Errors
/// If it does not close, or what it says is no HTTP/1.
pub async fn send_raw(to: SocketAddr, bytes: &[u8]) -> Result<Vec<Reply>> {
    let connection = TcpStream::connect(to)
        .await
        .with_context(|| format!("no connection to {to}"))?;
    let (mut from, mut into) = connection.into_split();
    let mut received = Vec::new();
    // At once: who is refused early may be cut off while it still writes.
    let both = async {
        let write = into.write_all(bytes);
        let read = from.read_to_end(&mut received);
        let (_, read) = tokio::join!(write, read);
        read
    };
    // What came before a reset has been read.
    let _ = tokio::time::timeout(PATIENCE, both)
        .await
        .with_context(|| format!("still open after {PATIENCE:?}"))?;
    answers(&received)
}

/// The answers, one after the other; each has its length in a header.
fn answers(bytes: &[u8]) -> Result<Vec<Reply>> {
    let mut answers = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = head.parse(rest).context("no HTTP/1")? else {
            bail!("an answer that breaks off in its headers");
        };
        let status = head.code.context("no status")?;
        let mut headers = HeaderMap::new();
        for header in head.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes())?;
            headers.append(name, HeaderValue::from_bytes(header.value)?);
        }
        rest = rest.get(length..).unwrap_or_default();
        let length = headers.get(CONTENT_LENGTH).context("no content-length")?;
        let length: usize = length.to_str()?.parse()?;
        let body = rest.get(..length).context("a body that breaks off")?;
        answers.push(Reply::new(status, headers, Bytes::copy_from_slice(body)));
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(answers)
}
