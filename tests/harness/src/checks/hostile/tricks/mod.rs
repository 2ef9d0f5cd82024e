//! What a centre may answer that is no policy, and what the log says of each.

mod documents;
mod kinds;

pub(super) use documents::{bodies, policies, switches};
pub(super) use kinds::of_kind;

use super::centre::{Answer, answer};
use super::site::policy;
use crate::centre::SECRET;

/// An answer, and what the log says of it; `None`: nothing, since nothing is wrong with it.
pub(super) struct Trick {
    pub(super) name: &'static str,
    pub(super) answer: Answer,
    pub(super) says: Option<&'static str>,
}

fn trick(name: &'static str, answer: Answer, says: &'static str) -> Trick {
    Trick {
        name,
        answer,
        says: Some(says),
    }
}

impl Trick {
    /// Whether it is a failure, or a document that is none.
    pub(super) fn is_wrong(&self) -> bool {
        let harmless = ["there is no such document", "is of no"];
        let says = self.says;
        says.is_some_and(|says| !harmless.iter().any(|own| says.contains(own)))
    }
}

/// 100 MB, both ways.
pub(super) fn floods() -> Vec<Trick> {
    let flood = |name, chunked| trick(name, Answer::Flood { chunked }, "gave no answer");
    vec![
        flood("100 MB, their length told", false),
        flood("100 MB in chunks", true),
    ]
}

/// Statuses and headers. `elsewhere` is where redirects lead.
pub(super) fn statuses(elsewhere: &str) -> Vec<Trick> {
    let moved = format!("location: http://{elsewhere}/graylane/checkout.json\r\n");
    let echo = format!("{{\"message\": \"who is Bearer {SECRET}?\"}}");
    let policy = policy(0).to_string();
    let long = format!("etag: \"{}\"\r\n", "e".repeat(20_000));
    vec![
        trick(
            "301",
            answer("301 Moved Permanently", &moved, ""),
            "redirects to",
        ),
        trick("302", answer("302 Found", &moved, ""), "redirects to"),
        trick(
            "307",
            answer("307 Temporary Redirect", &moved, ""),
            "redirects to",
        ),
        trick(
            "401 that shows the token",
            answer("401 Unauthorized", "", &echo),
            "answers 401",
        ),
        trick(
            "403 that shows the token",
            answer("403 Forbidden", "", &echo),
            "answers 403",
        ),
        trick(
            "404",
            answer("404 Not Found", "", &echo),
            "there is no such document",
        ),
        trick(
            "429, come again tomorrow",
            answer("429 Too Many Requests", "retry-after: 86400\r\n", &echo),
            "answers 429",
        ),
        trick(
            "500 that shows the token",
            answer("500 Internal Server Error", "", &echo),
            "answers 500",
        ),
        trick(
            "503",
            answer("503 Service Unavailable", "", ""),
            "answers 503",
        ),
        trick(
            "half a policy, then cut",
            Answer::Bytes(
                format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{policy}").into(),
            ),
            "gave no answer",
        ),
        Trick {
            name: "an ETag of 20,000 bytes",
            answer: answer("200 OK", &long, &policy),
            says: None,
        },
    ]
}

/// What takes its time.
pub(super) fn slow() -> Vec<Trick> {
    let right = b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{".to_vec();
    vec![
        trick("headers without an end", Answer::Headers, "remote: http"),
        trick("a byte a second", Answer::Drip(right), "remote: http"),
        trick("no answer", Answer::Silence, "remote: http"),
    ]
}
