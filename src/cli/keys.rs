//! Keys of splits and mirrors, as their document has them.

use serde_json::Value;

/// Whether two keys read the same: the case of a header's name does not matter, and a list of one
/// name leads to the claim of that name.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    one == other || plain(one) == plain(other)
}

fn plain(key: &Value) -> Value {
    let mut key = key.clone();
    if let Some(Value::String(name)) = key.get_mut("header") {
        name.make_ascii_lowercase();
    }
    if let Some(claim) = key.get_mut("claim")
        && let Some([name]) = claim.as_array().map(Vec::as_slice)
    {
        *claim = name.clone();
    }
    key
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_that_read_the_same_are_the_same() {
        for (one, other, are) in [
            (json!({ "header": "X-U" }), json!({ "header": "x-u" }), true),
            (json!({ "cookie": "U" }), json!({ "cookie": "u" }), false),
            (json!({ "header": "u" }), json!({ "cookie": "u" }), false),
            (json!({ "claim": ["a"] }), json!({ "claim": "a" }), true),
            (
                json!({ "claim": ["a", "b"] }),
                json!({ "claim": "a" }),
                false,
            ),
        ] {
            assert_eq!(same(&one, &other), are, "{one} {other}");
        }
    }
}
