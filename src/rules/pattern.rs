//! Regular expressions, and what those of a service may take together.

use std::cell::Cell;

use regex_lite::{Regex, RegexBuilder};

use super::text::too_long;
use crate::error::{Error, Place};
use crate::limits::{MAX_COMPILED_PATTERN_BYTES, MAX_PATTERN_BYTES};

/// What a compiled pattern counts at least, in bytes.
const LEAST_COUNTED: usize = 512;

/// A regular expression for the whole value. Adds to `patterns` the bytes that it takes.
pub(super) fn compile(
    place: &Place<'_>,
    pattern: &str,
    ignore_case: bool,
    patterns: &Cell<usize>,
) -> Result<Regex, Error> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(place.error(too_long(pattern)));
    }
    let build = |text: &str, size: usize| {
        RegexBuilder::new(text)
            .case_insensitive(ignore_case)
            .size_limit(size)
            .build()
    };
    let refused = |error| place.wrong(pattern, format!("is not a regular expression: {error}"));
    // By itself first: `a)(b` must not become right by being put in a group.
    build(pattern, MAX_COMPILED_PATTERN_BYTES).map_err(refused)?;
    // Under the flag `x` a comment at its end hides the bracket; a line feed ends the comment.
    let texts = [format!("^(?:{pattern})$"), format!("^(?:{pattern}\n)$")];
    let [plain, commented] = &texts;
    let whole = |size| build(plain, size).or_else(|_| build(commented, size));
    // What one takes is not told, only whether it takes more: so each counts as a power of two.
    let mut size = LEAST_COUNTED;
    let regex = loop {
        match whole(size) {
            Ok(regex) => break regex,
            Err(error) if size >= MAX_COMPILED_PATTERN_BYTES => return Err(refused(error)),
            Err(_) => size = size.saturating_mul(2),
        }
    };
    let all = patterns.get().saturating_add(size);
    if all > MAX_COMPILED_PATTERN_BYTES {
        return Err(place.error(format!(
            "takes {size} bytes once it is compiled, and with the service's other patterns {all}, \
             above {MAX_COMPILED_PATTERN_BYTES}; use `prefix` or `in` where that does"
        )));
    }
    patterns.set(all);
    Ok(regex)
}
