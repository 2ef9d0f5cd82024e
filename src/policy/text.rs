//! Text that YAML would rather take for a number or a truth value.

use super::part::{Part, mistyped};
use super::tree::Tree;
use crate::error::{Error, Place};

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

impl Part for Text {
    fn absent() -> Self {
        Self(String::new())
    }

    fn read(&mut self, tree: Tree, place: &Place<'_>) -> Result<(), Error> {
        let Tree::Text(text) = tree else {
            return Err(mistyped(place, &tree, "a string; put it in quotes"));
        };
        self.0 = text;
        Ok(())
    }

    fn required(&self) -> bool {
        true
    }
}
