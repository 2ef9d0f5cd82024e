//! What Envoy's matchers of a header say of a value.

use regex_lite::Regex;
use serde_json::Value;

/// The fields of a header's matcher from before it had `string_match`, and what they are in it.
const OLD: [(&str, &str); 5] = [
    ("exact_match", "exact"),
    ("prefix_match", "prefix"),
    ("suffix_match", "suffix"),
    ("contains_match", "contains"),
    ("safe_regex_match", "safe_regex"),
];

/// Whether a header with this value passes. What cannot be judged here passes.
pub(super) fn accepts(matcher: &Value, value: &str) -> bool {
    let old = OLD
        .iter()
        .find_map(|(old, new)| Some((*new, matcher.get(old)?)));
    let passes = if let Some(fields) = matcher["string_match"].as_object() {
        let ignore_case = fields.get("ignore_case") == Some(&Value::Bool(true));
        fields
            .iter()
            .all(|(operator, text)| compare(operator, text, value, ignore_case))
    } else if let Some((operator, text)) = old {
        compare(operator, text, value, false)
    } else if let Some(present) = matcher["present_match"].as_bool() {
        present
    } else if let Some(range) = matcher.get("range_match") {
        let bound = |name: &str| {
            // Protobuf's 64 bits are text in JSON, and a bound of 0 is left out.
            let bound = &range[name];
            bound
                .as_str()
                .and_then(|text| text.parse().ok())
                .or(bound.as_i64())
                .unwrap_or(0)
        };
        let number: Result<i64, _> = value.parse();
        number.is_ok_and(|number| (bound("start")..bound("end")).contains(&number))
    } else {
        true
    };
    passes != (matcher["invert_match"] == true)
}

fn compare(operator: &str, text: &Value, value: &str, ignore_case: bool) -> bool {
    if operator == "safe_regex" {
        let regex = text["regex"].as_str().unwrap_or_default();
        return Regex::new(&format!("^(?:{regex})$")).map_or(true, |regex| regex.is_match(value));
    }
    let Some(text) = text.as_str() else {
        return true;
    };
    let fold = |text: &str| {
        if ignore_case {
            text.to_ascii_lowercase()
        } else {
            text.to_owned()
        }
    };
    let (text, value) = (fold(text), fold(value));
    match operator {
        "exact" => value == text,
        "prefix" => value.starts_with(&text),
        "suffix" => value.ends_with(&text),
        "contains" => value.contains(&text),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_matcher_as_envoy_has_it() {
        for (matcher, passes) in [
            (json!({ "string_match": { "exact": "shop-v2" } }), true),
            (
                json!({ "string_match": { "exact": "Shop-V2", "ignore_case": true } }),
                true,
            ),
            (json!({ "string_match": { "exact": "Shop-V2" } }), false),
            (json!({ "string_match": { "prefix": "shop" } }), true),
            (json!({ "string_match": { "suffix": "v3" } }), false),
            (json!({ "string_match": { "contains": "p-v" } }), true),
            (
                json!({ "string_match": { "safe_regex": { "regex": "shop-v[0-9]+" } } }),
                true,
            ),
            (
                json!({ "string_match": { "safe_regex": { "regex": "shop" } } }),
                false,
            ),
            (
                json!({ "string_match": { "safe_regex": { "regex": "\\pL(" } } }),
                true,
            ),
            (
                json!({ "string_match": { "custom": { "name": "any" } } }),
                true,
            ),
            (json!({ "exact_match": "shop-v2" }), true),
            (json!({ "prefix_match": "other" }), false),
            (json!({ "present_match": true }), true),
            (json!({ "present_match": false }), false),
            (
                json!({ "present_match": true, "invert_match": true }),
                false,
            ),
            (
                json!({ "string_match": { "exact": "x" }, "invert_match": true }),
                true,
            ),
            (
                json!({ "range_match": { "start": "1", "end": "9" } }),
                false,
            ),
            (json!({}), true),
        ] {
            assert_eq!(accepts(&matcher, "shop-v2"), passes, "{matcher}");
        }
        let range = json!({ "range_match": { "end": "9" } });
        assert!(accepts(&range, "0") && accepts(&range, "8") && !accepts(&range, "9"));
    }
}
