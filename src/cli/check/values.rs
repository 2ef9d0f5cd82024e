//! Tests of text that no request can pass.

use serde_json::Value;

use super::Finding;
use super::places::{self, Condition};
use crate::cli::input::Loaded;

/// Operators whose text begins the value, as far as that matters here.
const FROM_THE_START: [&str; 3] = ["equals", "prefix", "in"];

/// Operators whose text is a part of the value.
const LITERAL: [&str; 5] = ["equals", "prefix", "suffix", "contains", "in"];

pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Condition { place, kind, body } in places::conditions(&policy.document) {
        match kind {
            "path" => {
                test(&place, body, &FROM_THE_START, beside_a_path, &mut findings);
                test(&place, body, &LITERAL, behind_a_path, &mut findings);
            }
            "method" if body["ignore_case"] != true => {
                test(&place, body, &LITERAL, beside_a_method, &mut findings);
            }
            "host" => test(&place, body, &LITERAL, beside_a_host, &mut findings),
            _ => {}
        }
    }
    findings
}

/// Says what is wrong with a text, if no value can have it.
type Never = fn(&str) -> Option<&'static str>;

fn test(place: &str, body: &Value, operators: &[&str], never: Never, findings: &mut Vec<Finding>) {
    for operator in operators {
        let place = format!("{place}.{operator}");
        let texts = match &body[*operator] {
            Value::String(text) => vec![(place, text)],
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let texts = items.filter_map(|(index, item)| match item {
                    Value::String(text) => Some((format!("{place}[{index}]"), text)),
                    _ => None,
                });
                texts.collect()
            }
            _ => continue,
        };
        for (place, text) in texts {
            if let Some(problem) = never(text) {
                let problem = format!("{text:?} fits no request: {problem}");
                findings.push(Finding::warning(place, problem));
            }
        }
    }
}

fn beside_a_path(text: &str) -> Option<&'static str> {
    // `*` is the path of an `OPTIONS` for the server as a whole.
    let begins = text.starts_with('/') || text == "*" || text.is_empty();
    (!begins).then_some("a path begins with `/`; put one before it")
}

fn behind_a_path(text: &str) -> Option<&'static str> {
    let ends = text.contains(['?', '#']);
    ends.then_some("a path ends before its query; use a `query` condition")
}

fn beside_a_method(text: &str) -> Option<&'static str> {
    let lower = text.bytes().any(|byte| byte.is_ascii_lowercase());
    lower.then_some("methods are in capitals; write it so, or set `ignore_case`")
}

fn beside_a_host(text: &str) -> Option<&'static str> {
    // In `[2001:db8::1]` colons belong to the address.
    let port = text.contains(':') && !text.contains(['[', ']']);
    port.then_some("a host is compared without its port; leave the port out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_can_have_is_let_through() {
        for path in ["/", "/a", "*", ""] {
            assert_eq!(beside_a_path(path), None, "{path}");
        }
        assert!(beside_a_path("admin").is_some());
        assert!(behind_a_path("/a?b").is_some() && behind_a_path("/a").is_none());
        assert!(beside_a_method("get").is_some() && beside_a_method("M-SEARCH").is_none());
        assert!(beside_a_host("a:80").is_some());
        assert!(beside_a_host("a").is_none() && beside_a_host("[::1]").is_none());
    }
}
