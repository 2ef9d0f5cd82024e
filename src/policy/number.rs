//! Numbers, also where they arrive as text.

use std::fmt;

use super::part::{Part, mistyped};
use super::tree::Tree;
use crate::decimal::Decimal;
use crate::error::{Error, Place};

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

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal(self.0).fmt(f)
    }
}

impl Part for Number {
    fn absent() -> Self {
        Self(0.0)
    }

    fn read(&mut self, tree: Tree, place: &Place<'_>) -> Result<(), Error> {
        let expected = "a number such as 12.5";
        let number = match &tree {
            Tree::Number(number) => number.as_f64(),
            Tree::Text(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
            _ => return Err(mistyped(place, &tree, expected)),
        };
        let wrong = || place.error(format!("invalid value: {tree}, expected {expected}"));
        self.0 = number.ok_or_else(wrong)?;
        Ok(())
    }

    fn required(&self) -> bool {
        true
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
