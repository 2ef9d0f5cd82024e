//! Streams that no client library would open: HTTP/2, frame by frame.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::PATIENCE;
use crate::backend::Echo;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes of a frame before its payload.
const HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// From this length on HPACK needs more than one byte for it.
const LONG: usize = 0x7f;

/// Names and values, in order.
pub type Fields<'f> = Vec<(&'f str, &'f [u8])>;

/// Opens a stream for each of these requests on one connection, with a body where it has trailers;
/// what a backend said on each, or `None`.
///
/// # Errors
/// If a stream does not end, nor the connection.
pub async fn send_streams(
    to: SocketAddr,
    requests: &[(Fields<'_>, Option<Fields<'_>>)],
) -> Result<Vec<Option<Echo>>> {
    let mut connection = TcpStream::connect(to)
        .await
        .with_context(|| format!("no connection to {to}"))?;
    connection.write_all(&opening(requests)?).await?;
    let mut streams = Streams::default();
    let mut received = Vec::new();
    let all = async {
        while streams.ended.len() < requests.len() {
            match connection.read_buf(&mut received).await {
                Ok(1..) => streams.take(&mut received),
                // What came before a reset has been read.
                Ok(0) | Err(_) => break,
            }
        }
    };
    tokio::time::timeout(PATIENCE, all)
        .await
        .with_context(|| format!("a stream is still open after {PATIENCE:?}"))?;
    let echo = |(_, stream)| serde_json::from_slice(streams.bodies.get(&stream)?).ok();
    Ok(requests.iter().zip(numbers()).map(echo).collect())
}

/// The numbers of a client's streams.
fn numbers() -> impl Iterator<Item = u32> {
    (1..).step_by(2)
}

fn opening(requests: &[(Fields<'_>, Option<Fields<'_>>)]) -> Result<Vec<u8>> {
    let mut bytes = PREFACE.to_vec();
    frame(&mut bytes, SETTINGS, 0, 0, &[])?;
    for ((fields, trailers), stream) in requests.iter().zip(numbers()) {
        let end = if trailers.is_none() { END_STREAM } else { 0 };
        frame(
            &mut bytes,
            HEADERS,
            END_HEADERS | end,
            stream,
            &block(fields)?,
        )?;
        if let Some(trailers) = trailers {
            frame(&mut bytes, DATA, 0, stream, b"body")?;
            let flags = END_HEADERS | END_STREAM;
            frame(&mut bytes, HEADERS, flags, stream, &block(trailers)?)?;
        }
    }
    Ok(bytes)
}

fn frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<()> {
    let length = u32::try_from(payload.len())?.to_be_bytes();
    bytes.extend(length.iter().skip(1));
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    Ok(())
}

/// Fields as HPACK writes those that are in no table.
fn block(fields: &Fields<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name.as_bytes(), value] {
            ensure!(text.len() < LONG, "a field of {} bytes", text.len());
            bytes.push(u8::try_from(text.len())?);
            bytes.extend(text);
        }
    }
    Ok(bytes)
}

/// What has come so far.
#[derive(Default)]
struct Streams {
    bodies: BTreeMap<u32, Vec<u8>>,
    ended: BTreeSet<u32>,
}

impl Streams {
    /// Takes the frames that are whole.
    fn take(&mut self, received: &mut Vec<u8>) {
        while let Some(&[a, b, c, kind, flags, d, e, f, g]) = received.first_chunk::<HEAD>() {
            let length = u32::from_be_bytes([0, a, b, c]);
            let end = usize::try_from(length).map_or(usize::MAX, |length| HEAD + length);
            let Some(payload) = received.get(HEAD..end) else {
                return;
            };
            let stream = u32::from_be_bytes([d, e, f, g]);
            if kind == DATA {
                self.bodies.entry(stream).or_default().extend(payload);
            }
            let ends = matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0;
            if ends || kind == RST_STREAM {
                self.ended.insert(stream);
            }
            received.drain(..end);
        }
    }
}
