//! What a centre said: read for what it is to be, told for what it is, and never with a secret in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::encode::{json, query};
use super::{Refused, Reply};
use crate::policy::tree::Tree;

/// Enough of a body to know where it comes from.
const MAX_QUOTED_CHARS: usize = 200;

/// A reply, and what is not to be shown of it.
pub(super) struct Said<'r> {
    reply: &'r Reply,
    /// Who was asked, as prose calls it.
    centre: &'static str,
    secrets: &'r [&'r str],
}

impl<'r> Said<'r> {
    /// `secrets`: what was sent, and might come back.
    pub(super) fn new(reply: &'r Reply, centre: &'static str, secrets: &'r [&'r str]) -> Self {
        Self {
            reply,
            centre,
            secrets,
        }
    }

    pub(super) fn status(&self) -> u16 {
        self.reply.status
    }

    pub(super) fn header(&self, name: &str) -> Option<&'r str> {
        self.reply.header(name)
    }

    /// The body, where it has as many bytes as its header says.
    pub(super) fn body(&self) -> Result<&'r [u8], String> {
        let body = &self.reply.body;
        let length = self.header("content-length");
        match length.and_then(|length| length.parse::<usize>().ok()) {
            Some(length) if length != body.len() => Err(format!(
                "answers with {} of {length} bytes; see whether something between cuts it",
                body.len()
            )),
            _ => Ok(body),
        }
    }

    /// Whether these words are in the body.
    #[cfg(feature = "cli")]
    pub(super) fn has(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.reply.body).contains(words)
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Tree, String> {
        Tree::from_json(self.body()?).map_err(|error| {
            let problem = error.problem();
            self.strange(&format!("a body that {problem}"))
        })
    }

    /// Bytes of a JSON text that is base64.
    pub(super) fn base64(&self, text: &str) -> Result<Vec<u8>, String> {
        let bytes = STANDARD.decode(text);
        bytes.map_err(|_| self.strange("a value that is not base64"))
    }

    /// A sentence on an answer that is not of this centre's kind.
    pub(super) fn strange(&self, what: &str) -> String {
        let centre = self.centre;
        let said = self.words();
        format!("answers with {what}: {said}; see whether this is {centre}")
    }

    /// A sentence on a status that the protocol does not have.
    pub(super) fn unexpected(&self) -> String {
        let status = self.reply.status;
        let centre = self.centre;
        let said = self.words();
        match status {
            300..=303 | 305..=399 => match self.header("location") {
                Some(place) => {
                    let place = self.quoted(place.as_bytes());
                    format!("redirects to {place}; name that place itself")
                }
                None => format!("redirects with {status} and says not where; see {centre}"),
            },
            500.. => format!("answers {status}: {said}; see whether {centre} is well"),
            _ => format!("answers {status}: {said}; see whether this is {centre}"),
        }
    }

    /// A sentence on a refusal, with its remedy.
    pub(super) fn denied(&self, remedy: &str) -> String {
        let said = self.words();
        format!("answers {}: {said}; {remedy}", self.reply.status)
    }

    /// What it said in its own words: the `message` of a JSON body, or the body.
    fn words(&self) -> String {
        let body = &self.reply.body;
        let tree = Tree::from_json(body).ok();
        let message = tree.as_ref().and_then(|tree| tree.field("message")?.text());
        self.quoted(message.map_or(body.as_slice(), str::as_bytes))
    }

    /// Text of the reply in quotes: cut, in one line, without what is secret.
    fn quoted(&self, text: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(text).into_owned();
        let secrets = self.secrets.iter().filter(|secret| !secret.is_empty());
        for secret in secrets {
            let escaped = json(secret);
            for form in [*secret, &*query(secret), escaped.trim_matches('"')] {
                if text.contains(form) {
                    text = text.replace(form, "…");
                }
            }
        }
        let text = text.trim();
        if text.is_empty() {
            return "nothing more".to_owned();
        }
        let mut quoted = String::from("\"");
        let mut left = MAX_QUOTED_CHARS;
        for own in text.chars() {
            let escaped = match own {
                // They need no escape where everything is in quotes once.
                '"' | '\'' => own.to_string(),
                _ => own.escape_debug().to_string(),
            };
            let Some(rest) = left.checked_sub(escaped.chars().count()) else {
                quoted.push('…');
                break;
            };
            left = rest;
            quoted.push_str(&escaped);
        }
        quoted.push('"');
        quoted
    }
}

/// A whole number, also where it is written as text: JSON's own have but 53 bits everywhere.
pub(super) fn whole(tree: Option<&Tree>) -> Option<u64> {
    let tree = tree?;
    tree.whole().or_else(|| tree.text()?.parse().ok())
}

/// A sentence is trouble, wherever it comes from.
impl From<String> for Refused {
    fn from(sentence: String) -> Self {
        Self::Trouble(sentence)
    }
}
