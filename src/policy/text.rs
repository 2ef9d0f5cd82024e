//! Text that YAML would rather take for a number or a truth value.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A string of the document.
///
/// Of its own type for the sake of the error: an unquoted `on`, `42` or `1.10` in YAML is no string,
/// and would not come back as it was written (`1.10` as `1.1`), so it is refused with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(inline, description = "Text; YAML wants some in quotes")
)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl Visitor<'_> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string; put it in quotes")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
                Ok(Text(text))
            }
        }

        deserializer.deserialize_string(TextVisitor)
    }
}
