//! The HTTP side of a backend: JSON that loses nothing of what arrived.

use std::fmt::Write;
use std::panic::resume_unwind;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};

use super::State;
use super::onward::Onward;

/// Asks a backend to wait so many milliseconds before it answers: `500`, or `v3=500` for the
/// backend of that version only.
const DELAY: &str = "x-backend-delay-ms";
/// Asks a backend for this status: `503`, or `v2=503` for the backend of that version only.
const STATUS: &str = "x-backend-status";
/// Asks the backend of this version to break the connection instead of answering.
const RESET: &str = "x-backend-reset";
/// Asks a backend for one more header in its answer, such as `cache-control: public`.
const ANSWER: &str = "x-backend-answer";
/// No request keeps a backend longer than this.
const LONGEST_DELAY: u64 = 60_000;

/// What a backend says of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Echo {
    /// The version that answers.
    pub version: String,
    /// The request's method.
    pub method: String,
    /// Its path, with the query.
    pub path: String,
    /// Its host.
    pub authority: String,
    /// Names and [escaped](escape) values; repeated headers in their order.
    pub headers: Vec<(String, String)>,
    /// What the next service said, where it goes on to one.
    pub onward: Option<Box<Onward>>,
}

impl Echo {
    /// The values of one header, in order.
    #[must_use]
    pub fn header(&self, name: &str) -> Vec<Vec<u8>> {
        self.headers
            .iter()
            .filter(|(own, _)| own == name)
            .map(|(_, value)| unescape(value))
            .collect()
    }
}

/// Headers by name, their values [escaped](escape).
pub(super) fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), escape(value.as_bytes())))
        .collect()
}

/// Bytes as text: printable ASCII as it is, a backslash and all else as `\xNN`.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if matches!(byte, b' '..=b'~') && byte != b'\\' {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The bytes that [`escape`] wrote.
#[must_use]
pub fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = after
            .strip_prefix(b"x")
            .and_then(|hex| hex.get(..2))
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) if first == b'\\' => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

pub(super) async fn answer(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let fails = state.admit().await;
    let (request, body) = request.into_parts();
    if let Err(error) = body.collect().await {
        return (StatusCode::BAD_REQUEST, error.to_string()).into_response();
    }
    let headers = &request.headers;
    if let Some(delay) = asked::<u64>(headers, DELAY, &state.version) {
        tokio::time::sleep(Duration::from_millis(delay.min(LONGEST_DELAY))).await;
    }
    if headers.get(RESET).is_some_and(|of| of == &*state.version) {
        // Ends the task of this connection or stream, and says nothing.
        resume_unwind(Box::new(RESET));
    }
    let status = asked(headers, STATUS, &state.version).unwrap_or(StatusCode::OK);
    let status = if fails {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        status
    };
    let onward = match state.next() {
        None => None,
        Some(next) => match next.call(headers).await {
            Ok(onward) => Some(Box::new(onward)),
            Err(error) => return (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
        },
    };
    let echo = Echo {
        version: state.version.clone(),
        method: request.method.to_string(),
        path: request
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        authority: authority(&request),
        headers: shown(headers),
        onward,
    };
    let mut answer = match serde_json::to_string(&echo) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    };
    answer.headers_mut().extend(wanted(headers));
    answer
}

/// The version's name alone.
pub(super) async fn plain(Shared(state): Shared<Arc<State>>) -> (StatusCode, String) {
    let status = if state.admit().await {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::OK
    };
    (status, state.version.clone())
}

/// The headers that the request asks for.
fn wanted(headers: &HeaderMap) -> HeaderMap {
    let wanted = headers.get_all(ANSWER).iter().filter_map(|line| {
        let (name, value) = line.to_str().ok()?.split_once(':')?;
        Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
    });
    wanted
        .collect::<Vec<(HeaderName, HeaderValue)>>()
        .into_iter()
        .fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
}

/// HTTP/2 names the host in the target, HTTP/1.1 in a header.
fn authority(request: &Parts) -> String {
    let of_target = request.uri.authority().map(ToString::to_string);
    let of_header = || Some(escape(request.headers.get(header::HOST)?.as_bytes()));
    of_target.or_else(of_header).unwrap_or_default()
}

/// What a header asks of the backend of this version.
fn asked<T: FromStr>(headers: &HeaderMap, name: &str, version: &str) -> Option<T> {
    let text = headers.get(name)?.to_str().ok()?;
    let (of, asked) = text.split_once('=').unwrap_or((version, text));
    asked.parse().ok().filter(|_| of == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_escape() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unescape(&escape(&all)), all);
        assert_eq!(escape(b"a\\x41\xff"), r"a\x5cx41\xff");
        assert_eq!(unescape(r"a\x5cx41\xff"), b"a\\x41\xff");
    }
}
