//! Patterns: none panics, and one holds for a whole value or not at all.
//!
//! The input's first line is the pattern, behind `i ` where case does not matter; the rest is the
//! value.

use graylane::limits::MAX_MATCHED_BYTES;
use graylane::{Moment, decide};
use regex_lite::RegexBuilder;
use serde_json::json;

use crate::asked::Asked;
use crate::{sentence, support};

pub(crate) fn run(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let Ok(pattern) = str::from_utf8(parts.next().unwrap_or_default()) else {
        return;
    };
    let value = parts.next().unwrap_or_default();
    let (ignore_case, pattern) = match pattern.strip_prefix("i ") {
        Some(pattern) => (true, pattern),
        None => (false, pattern),
    };
    let test = json!({ "name": "x-a", "matches": pattern, "ignore_case": ignore_case });
    let rule = json!([{ "name": "r", "when": { "header": test }, "use": "v2" }]);
    let versions = [json!({ "name": "v1" }), json!({ "name": "v2" })];
    let service = json!({ "name": "s", "baseline": "v1", "versions": versions, "rules": rule });
    let policy = json!({ "schema": "graylane/v1", "services": [service] });
    let rules = match support::load(&support::json(&policy)) {
        Ok(rules) => rules,
        Err(error) => return sentence::of_refusal(&error),
    };
    let request = Asked::of("x-a", [value]);
    let decision = decide(&rules, &request, Moment::default());
    let holds = decision.version() == Some("v2");

    let by_itself = RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .build();
    let by_itself = by_itself.expect("a pattern that holds for whole values is one");
    let short = value.len() <= MAX_MATCHED_BYTES;
    let Some(whole) = str::from_utf8(value).ok().filter(|_| short) else {
        assert!(!holds, "what is no text, or too long, has no pattern");
        return;
    };
    // What is the whole value is somewhere in it; and what is found first may be the whole.
    assert!(!holds || by_itself.is_match(whole), "{pattern:?} {whole:?}");
    let found = by_itself.find(whole);
    let is_whole = found.is_some_and(|found| found.range() == (0..whole.len()));
    assert!(holds || !is_whole, "{pattern:?} {whole:?}");
    // A pattern without operators is the text that it holds for.
    if !ignore_case && pattern.chars().all(char::is_alphanumeric) {
        assert_eq!(holds, pattern == whole, "{pattern:?} {whole:?}");
    }
}
