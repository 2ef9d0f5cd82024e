//! The name of a header, cookie, parameter, claim or label.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use super::Text;

/// A name; of a claim that lies inside others the way to it: `[realm_access, roles]`.
///
/// A list and no dots, since names of claims often hold dots of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(inline, description = "A name, or a list of them", transform = or_text)
)]
pub struct Name(pub Vec<Text>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string; put it in quotes")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Name, E> {
                Ok(Name(vec![Text(text.to_owned())]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Name, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = list.next_element()? {
                    names.push(name);
                }
                Ok(Name(names))
            }
        }

        deserializer.deserialize_any(NameVisitor)
    }
}

/// For the schema: one name needs no list.
#[cfg(feature = "cli")]
fn or_text(schema: &mut schemars::Schema) {
    schema.insert("type".to_owned(), ["array", "string"].as_slice().into());
    schema.insert("minItems".to_owned(), 1.into());
}
