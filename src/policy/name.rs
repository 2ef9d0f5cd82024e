//! The name of a header, cookie, parameter, claim or label.

use super::Text;
use super::part::{Part, read};
use super::tree::Tree;
use crate::error::{Error, Place};

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

impl Part for Name {
    fn absent() -> Self {
        Self(Vec::new())
    }

    fn read(&mut self, tree: Tree, place: &Place<'_>) -> Result<(), Error> {
        if let Tree::List(_) = tree {
            return self.0.read(tree, place);
        }
        self.0 = vec![read(tree, place)?];
        Ok(())
    }
}

/// For the schema: one name needs no list.
#[cfg(feature = "cli")]
fn or_text(schema: &mut schemars::Schema) {
    schema.insert("type".to_owned(), ["array", "string"].as_slice().into());
    schema.insert("minItems".to_owned(), 1.into());
}
