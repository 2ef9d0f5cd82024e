//! Parts of a document in words. A condition is put as its author wrote it, so a new kind of
//! condition needs nothing here.

use serde_json::Value;

use crate::Reason;

/// A value that is longer is cut: a set may have thousands of entries.
const MAX_CHARS: usize = 100;

/// Why, as a sentence.
pub(super) fn why(reason: Reason<'_>) -> &'static str {
    match reason {
        Reason::NoService => "no service has the request's host",
        Reason::Disabled => "the policy or the service is not enabled",
        Reason::DryRun => "the service only counts what it would decide",
        Reason::Followed => "the tag that the request came with is followed",
        Reason::ForeignTag => "the tag that the request came with is not about this service",
        Reason::Rule(_) => "the rule decides",
        Reason::Kept(_) => "the rule splits, and keeps the user where the cookie says",
        Reason::NoKey(_) => "the rule splits, and the request has none of its keys",
        Reason::NoRule => "no rule concerns the request",
        Reason::Closed(_) => "its version, or the lane of that, is closed",
        Reason::Inbound => "whoever sent the request to this service has decided",
    }
}

/// The name and value of an object's one field.
pub(super) fn sole_field(object: &Value) -> (&str, &Value) {
    let mut fields = object.as_object().into_iter().flatten();
    let field = fields.next().map(|(name, value)| (name.as_str(), value));
    field.unwrap_or(("", &Value::Null))
}

/// A test, such as `header x-qa equals "on"`.
pub(super) fn test(kind: &str, body: &Value) -> String {
    let text = match body.as_object() {
        Some(fields) => {
            let name = fields.get("name").map(|name| match name.as_str() {
                Some(name) => name.to_owned(),
                None => name.to_string(),
            });
            let others = fields.iter().filter(|(field, _)| *field != "name");
            let others = others.map(|(field, value)| format!("{field} {value}"));
            let words = std::iter::once(kind.to_owned()).chain(name).chain(others);
            words.collect::<Vec<_>>().join(" ")
        }
        None => format!("{kind} {body}"),
    };
    cut(text)
}

/// A key, such as `header x-user-id`.
pub(super) fn key(kind: &str, body: &Value) -> String {
    cut(match body {
        Value::String(name) => format!("{kind} {name}"),
        Value::Bool(true) => kind.to_owned(),
        other => format!("{kind} {other}"),
    })
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_condition_is_cut() {
        let most = "é".repeat(MAX_CHARS);
        assert_eq!(cut(most.clone()), most);
        assert_eq!(cut(format!("{most}é")), format!("{most}…"));
    }
}
