//! What a scalar of YAML means.
//!
//! As the strictest reader of a policy takes it: Envoy and Kubernetes make a truth value of `on`,
//! so a policy that has it without quotes is refused here as it is there.

/// A scalar without quotes, as JSON.
pub(in crate::cli) fn plain(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "" | "~" | "null" => "null".to_owned(),
        "true" | "yes" | "on" | "y" => "true".to_owned(),
        "false" | "no" | "off" | "n" => "false".to_owned(),
        _ => number(text).unwrap_or_else(|| quoted(text)),
    }
}

/// A scalar with quotes, as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A number as JSON: digits with a sign, a point and an exponent, as YAML's core schema has them.
fn number(text: &str) -> Option<String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let begins = digits.strip_prefix('.').unwrap_or(digits);
    // Rust also reads `inf` and `nan`.
    if !begins.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.to_string());
    }
    let number = serde_json::Number::from_f64(text.parse().ok()?)?;
    Some(number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_what_its_strictest_reader_takes_it_for() {
        for (text, json) in [
            ("on", "true"),
            ("No", "false"),
            ("y", "true"),
            ("~", "null"),
            ("", "null"),
            ("42", "42"),
            ("+5", "5"),
            ("007", "7"),
            ("12.5", "12.5"),
            (".5", "0.5"),
            ("1.10", "1.1"),
            ("1e3", "1000.0"),
            ("1.2.3", "\"1.2.3\""),
            ("inf", "\"inf\""),
            ("-", "\"-\""),
            ("2026-11-21", "\"2026-11-21\""),
            ("v2", "\"v2\""),
        ] {
            assert_eq!(plain(text), json, "{text}");
        }
    }
}
