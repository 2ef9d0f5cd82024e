//! Which document it is that is in force.

use crate::Policy;
use crate::hash::hash;
use crate::policy::tree::Tree;

/// What tells one policy's document from another, as eight hexadecimal digits where it is shown.
/// Not a protection against forgery.
///
/// It is of what a document says, JSON or a `Struct`, however that is written: Envoy hands a
/// `Struct` on with its fields in another order in each process, and Istio with spaces of its own.
/// Of anything else it is the hash of the bytes (murmur3, 32 bits, seed 0).
#[must_use]
pub fn revision(document: &[u8]) -> u32 {
    match Policy::tree(document) {
        Ok(tree) => meaning(&tree),
        Err(_) => hash(b"", document, 0),
    }
}

/// The number with a fraction that a text is: Envoy's YAML reader makes texts of those. `None`: it
/// may not be the only text for the number, as `1.10` is not, and says what a text says.
fn fraction(text: &str) -> Option<f64> {
    let (whole, part) = text.strip_prefix('-').unwrap_or(text).split_once('.')?;
    let digits = |own: &str| !own.is_empty() && own.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = |own: &str, zero: bool| own == "0" || !zero;
    // A double tells so many digits apart.
    let exact = whole.len().saturating_add(part.len()) <= 15;
    let only = digits(whole)
        && digits(part)
        && shortest(whole, whole.starts_with('0'))
        && shortest(part, part.ends_with('0'));
    text.parse().ok().filter(|_| exact && only)
}

/// The hash of a value: a byte for its kind, and then what it holds. A number is hashed as the
/// double that it is in a `Struct`, a list by its values' hashes in their order, and an object by
/// the sum of its fields' hashes, which has none.
fn meaning(value: &Tree) -> u32 {
    let number = |own: f64| hash(b"n", &own.to_le_bytes(), 0);
    let both = |one: u32, other: u32| hash(&one.to_le_bytes(), &other.to_le_bytes(), 0);
    match value {
        Tree::Null => hash(b"0", b"", 0),
        Tree::Truth(truth) => hash(b"b", &[(*truth).into()], 0),
        Tree::Number(own) => number(own.as_f64().unwrap_or_default()),
        Tree::Text(text) => match fraction(text) {
            Some(own) => number(own),
            None => hash(b"s", text.as_bytes(), 0),
        },
        Tree::List(items) => {
            let items = items.iter().map(meaning);
            items.fold(hash(b"[", b"", 0), both)
        }
        Tree::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| both(hash(b"s", name.as_bytes(), 0), meaning(value)));
            fields.fold(hash(b"{", b"", 0), u32::wrapping_add)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_of_what_a_document_says_not_of_how_it_is_written() {
        let same = [
            r#"{"a":1,"b":["x",{"c":null,"d":true}],"e":-0.5}"#,
            r#" {"e" : -5e-1, "b":["\u0078", {"d":true, "c":null}], "a":1.0}"#,
        ];
        assert_eq!(revision(same[0].as_bytes()), revision(same[1].as_bytes()));
    }

    #[test]
    fn a_number_with_a_fraction_is_the_same_as_text_for_envoy_makes_it_one() {
        for number in ["12.5", "0.001", "10.0", "-0.5", "99.999"] {
            let text = format!(r#"{{"percent":"{number}"}}"#);
            let number = format!(r#"{{"percent":{number}}}"#);
            assert_eq!(
                revision(text.as_bytes()),
                revision(number.as_bytes()),
                "{text}"
            );
        }
    }

    #[test]
    fn whatever_a_document_says_otherwise_gives_it_another_revision() {
        let all = [
            r#""1.1""#,
            r#""1.10""#,
            r#""01.1""#,
            r#""1.""#,
            r#"".1""#,
            r#""1.1.1""#,
            r#""0.1234567890123456""#,
            r#""0.12345678901234561""#,
            "{}",
            "[]",
            "null",
            "0",
            r#""""#,
            "true",
            "false",
            "1",
            r#""1""#,
            "[1,2]",
            "[2,1]",
            "[[1],2]",
            "[1,[2]]",
            r#"{"a":1}"#,
            r#"{"a":2}"#,
            r#"{"b":1}"#,
            r#"{"a":1,"b":2}"#,
            r#"{"a":2,"b":1}"#,
            r#"{"a":{"b":1}}"#,
            r#"[{"a":1}]"#,
            r#"{"a":[1]}"#,
            r#"["a",1]"#,
        ];
        let mut revisions: Vec<_> = all.iter().map(|own| revision(own.as_bytes())).collect();
        revisions.sort_unstable();
        revisions.dedup();
        assert_eq!(revisions.len(), all.len());
    }

    /// `{"a":1,"b":[true]}`, with its fields in either order.
    #[test]
    fn a_struct_has_the_revision_of_the_same_json() {
        let a = b"\x0a\x0e\x0a\x01a\x12\x09\x11\0\0\0\0\0\0\xf0\x3f";
        let b = b"\x0a\x0b\x0a\x01b\x12\x06\x32\x04\x0a\x02\x20\x01";
        let json = revision(br#"{"a":1,"b":[true]}"#);
        assert_eq!(revision(&[&a[..], b].concat()), json);
        assert_eq!(revision(&[&b[..], a].concat()), json);
    }

    /// The hash's own published values.
    #[test]
    fn of_what_is_no_json_it_is_the_hash_of_the_bytes() {
        assert_eq!(revision(b""), 0);
        assert_eq!(format!("{:08x}", revision(b"hello")), "248bfa47");
    }
}
