//! Which document it is that is in force.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::hash::hash;

/// What tells one policy's document from another, as eight hexadecimal digits where it is shown.
/// Not a protection against forgery.
///
/// It is of what a JSON document says, however that is written: Envoy hands a `Struct` on with its
/// fields in another order in each process, and Istio with spaces of its own. Of anything else it
/// is the hash of the bytes (murmur3, 32 bits, seed 0).
#[must_use]
pub fn revision(document: &[u8]) -> u32 {
    match serde_json::from_slice(document) {
        Ok(Meaning(meaning)) => meaning,
        Err(_) => hash(b"", document, 0),
    }
}

/// The hash of a JSON value: a byte for its kind, and then what it holds. A number is hashed as the
/// double that it is in a `Struct`, a list by its values' hashes in their order, and an object by
/// the sum of its fields' hashes, which has none.
struct Meaning(u32);

impl<'de> Deserialize<'de> for Meaning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Hasher)
    }
}

struct Hasher;

impl<'de> Visitor<'de> for Hasher {
    type Value = Meaning;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Meaning, E> {
        Ok(Meaning(hash(b"0", b"", 0)))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Meaning, E> {
        Ok(Meaning(hash(b"b", &[value.into()], 0)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Meaning, E> {
        Ok(Meaning(hash(b"n", &value.to_le_bytes(), 0)))
    }

    #[expect(clippy::cast_precision_loss, reason = "a Struct has doubles alone")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Meaning, E> {
        self.visit_f64(value as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "a Struct has doubles alone")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<Meaning, E> {
        self.visit_f64(value as f64)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Meaning, E> {
        Ok(Meaning(hash(b"s", value.as_bytes(), 0)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Meaning, A::Error> {
        let mut all = hash(b"[", b"", 0);
        while let Some(Meaning(own)) = list.next_element()? {
            all = hash(&all.to_le_bytes(), &own.to_le_bytes(), 0);
        }
        Ok(Meaning(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Meaning, A::Error> {
        let mut all = hash(b"{", b"", 0);
        while let Some((Meaning(name), Meaning(value))) = fields.next_entry()? {
            let own = hash(&name.to_le_bytes(), &value.to_le_bytes(), 0);
            all = all.wrapping_add(own);
        }
        Ok(Meaning(all))
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
    fn whatever_a_document_says_otherwise_gives_it_another_revision() {
        let all = [
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

    /// The hash's own published values.
    #[test]
    fn of_what_is_no_json_it_is_the_hash_of_the_bytes() {
        assert_eq!(revision(b""), 0);
        assert_eq!(format!("{:08x}", revision(b"hello")), "248bfa47");
    }
}
