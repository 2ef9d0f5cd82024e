//! The policy as its author writes it, read from bytes. What it means is [`crate::rules`]' to say.

mod condition;
mod cookies;
mod document;
mod name;
mod nesting;
mod number;
mod object;
mod protobuf;
mod split;
mod text;

pub use condition::{Condition, Match, Proxy, Time};
pub use cookies::{Cookies, SameSite};
pub use document::{Headers, Mirror, Policy, Role, Rule, Schema, Service, Stamp, Version};
pub use name::Name;
pub use number::Number;
pub use split::{Algorithm, Key, Missing, Ramp, Range, Split, Step, Target};
pub use text::Text;

use std::borrow::Cow;

use crate::error::{Error, Place};
use crate::limits::MAX_POLICY_BYTES;

impl Policy {
    /// Reads a policy from what Envoy hands over as the plugin's configuration: JSON text (a
    /// `StringValue`), or the wire bytes of a protobuf `Struct`.
    ///
    /// # Errors
    ///
    /// A document that is empty, too large, nested too deep, not JSON, or not of the policy's
    /// shape: an unknown or missing field, a value of another type, the same field twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.trim_ascii().is_empty() {
            return Err(Place::ROOT.error("is empty; give at least `schema` and `services`"));
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(Place::ROOT.error("begins with a byte order mark; save it without"));
        }
        if bytes.len() > MAX_POLICY_BYTES {
            return Err(Place::ROOT.error(format!(
                "has {} bytes, above {MAX_POLICY_BYTES}; split it among several filters",
                bytes.len()
            )));
        }
        let json = if protobuf::is_struct(bytes) {
            Cow::Owned(protobuf::struct_to_json(bytes)?)
        } else {
            Cow::Borrowed(bytes)
        };
        nesting::check(&json)?;
        let mut deserializer = serde_json::Deserializer::from_slice(&json);
        let policy = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| located(&error.path().to_string(), error.inner()))?;
        deserializer.end().map_err(|error| located(".", &error))?;
        Ok(policy)
    }
}

fn located(path: &str, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    if !error.is_data() {
        return Place::ROOT.error(format!("is not JSON: {text}"));
    }
    // A path says where; a line of a document that was a protobuf would mislead.
    let position = format!(" at line {} column {}", error.line(), error.column());
    let problem = text.strip_suffix(&position).unwrap_or(&text);
    Error::new(if path == "." { "policy" } else { path }, problem)
}
