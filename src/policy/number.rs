//! Numbers, also where they arrive as text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A number of the document.
///
/// Envoy's YAML reader makes text of a number with a fraction, so `percent: 0.1` in a `Struct`
/// arrives as `"0.1"`: both are the number.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(inline, description = "A number, also as text", transform = or_text)
)]
pub struct Number(pub f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number such as 12.5")
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number))
            }

            #[expect(clippy::cast_precision_loss, reason = "far outside any range by then")]
            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            #[expect(clippy::cast_precision_loss, reason = "far outside any range by then")]
            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                let unexpected = || E::invalid_value(Unexpected::Str(text), &self);
                number.map(Number).ok_or_else(unexpected)
            }
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}

/// For the schema: Envoy makes text of a number with a fraction.
#[cfg(feature = "cli")]
fn or_text(schema: &mut schemars::Schema) {
    schema.insert("type".to_owned(), ["number", "string"].as_slice().into());
    schema.insert(
        "pattern".to_owned(),
        r"^[-+]?[0-9.]+([eE][-+]?[0-9]+)?$".into(),
    );
    schema.remove("format");
}
