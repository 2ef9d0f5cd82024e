//! What can become of a centre, as whoever asks it sees it.

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{Response, StatusCode};

/// How much a flood is: more than any document may have.
const FLOOD: usize = 100 << 20;
const CHUNK: usize = 1 << 20;

/// A way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Connections are refused.
    Down,
    /// No answer, for as long as this lasts.
    Hangs,
    /// The first half of the right answer; then the connection ends.
    Half,
    /// 500.
    Fails,
    /// 302, to the same path of another host.
    Redirects,
    /// 200 and bytes that are no text.
    Garbage,
    /// 200 and a page, as of a portal where one has to log in.
    Page,
    /// 200 and 100 MB.
    Flood,
    /// 200 and nothing.
    Empty,
    /// Every other answer is 503.
    Flaps,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Down,
        Self::Hangs,
        Self::Half,
        Self::Fails,
        Self::Redirects,
        Self::Garbage,
        Self::Page,
        Self::Flood,
        Self::Empty,
        Self::Flaps,
    ];

    /// As a table calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Hangs => "no answer",
            Self::Half => "half an answer, then cut",
            Self::Fails => "500",
            Self::Redirects => "302",
            Self::Garbage => "200 and garbage",
            Self::Page => "200 and a web page",
            Self::Flood => "200 and 100 MB",
            Self::Empty => "200 and nothing",
            Self::Flaps => "every other answer 503",
        }
    }
}

/// An answer of this status and body.
pub(super) fn answer(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
}

pub(super) fn redirect(path: &str) -> Response<Body> {
    let mut response = answer(StatusCode::FOUND, "elsewhere");
    if let Ok(there) = format!("http://elsewhere.example.com{path}").parse() {
        response.headers_mut().insert(LOCATION, there);
    }
    response
}

pub(super) fn garbage() -> Response<Body> {
    let bytes: Vec<u8> = (0..=u8::MAX).rev().cycle().take(4_096).collect();
    answer(StatusCode::OK, bytes)
}

pub(super) fn page() -> Response<Body> {
    let page = "<!doctype html>\n<html><head><title>Log in</title></head>\
                <body><form><input name=password></form></body></html>\n";
    let mut response = answer(StatusCode::OK, page);
    let html = axum::http::HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}

pub(super) fn flood() -> Response<Body> {
    let chunk = Bytes::from(vec![b' '; CHUNK]);
    let chunks = (0..FLOOD / CHUNK).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
    answer(
        StatusCode::OK,
        Body::from_stream(tokio_stream::iter(chunks)),
    )
}

/// The answer up to its middle; what follows breaks the connection.
pub(super) fn half(whole: Response<Bytes>) -> Response<Body> {
    let (mut head, body) = whole.into_parts();
    head.headers
        .insert(CONTENT_LENGTH, body.len().max(2).into());
    let cut = || std::io::Error::other("cut on purpose");
    let parts = [Ok(body.slice(..body.len() / 2)), Err(cut())];
    Response::from_parts(head, Body::from_stream(tokio_stream::iter(parts)))
}
