//! What a centre said: read for what it is to be, told for what it is, and never with a secret in it.

use base64ct::{Base64, Encoding};

use super::encode::query;
use super::{Refused, Reply};
use crate::json::escaped;
use crate::policy::tree::Tree;

/// Enough of a body to know where it comes from.
const MAX_QUOTED_CHARS: usize = 200;

/// Bytes of as many characters, and more.
const MAX_LOOKED_AT: usize = 1_024;

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
        let bytes = Base64::decode_vec(text);
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
        let hushed = hushed(text, self.secrets);
        let text = String::from_utf8_lossy(&hushed);
        let text = text.trim_ascii();
        if text.is_empty() {
            return "nothing more".to_owned();
        }
        let mut quoted = String::from("\"");
        let mut left = MAX_QUOTED_CHARS;
        for own in text.chars() {
            let escaped = own.escape_debug();
            // Quotes need none where everything is in quotes once.
            let plain = matches!(own, '"' | '\'');
            let length = if plain { 1 } else { escaped.len() };
            let Some(rest) = left.checked_sub(length) else {
                quoted.push('…');
                break;
            };
            left = rest;
            if plain {
                quoted.push(own);
            } else {
                quoted.extend(escaped);
            }
        }
        quoted.push('"');
        quoted
    }
}

/// The beginning of a text, with a gap for each secret: as it is, and as a form or JSON has it.
fn hushed(text: &[u8], secrets: &[&str]) -> Vec<u8> {
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    let forms: Vec<_> = secrets
        .flat_map(|secret| [(*secret).to_owned(), query(secret), escaped(secret)])
        .collect();
    let mut hushed = Vec::new();
    let mut rest = text.trim_ascii_start();
    while let Some((first, behind)) = rest.split_first()
        && hushed.len() <= MAX_LOOKED_AT
    {
        let found = forms
            .iter()
            .filter_map(|form| rest.strip_prefix(form.as_bytes()));
        // The longest, as one may begin with another.
        if let Some(behind) = found.min_by_key(|behind| behind.len()) {
            hushed.extend("…".bytes());
            rest = behind;
        } else {
            hushed.push(*first);
            rest = behind;
        }
    }
    hushed
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
