//! Text as JSON writes it.

use std::fmt::Write;

/// As a string of JSON, with its quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// As a string of JSON, without its quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for own in text.chars() {
        match own {
            '"' | '\\' => escaped.extend(['\\', own]),
            '\0'..='\x1f' => {
                // A String takes it all.
                let _ = write!(escaped, "\\u{:04x}", u32::from(own));
            }
            _ => escaped.push(own),
        }
    }
    escaped
}
