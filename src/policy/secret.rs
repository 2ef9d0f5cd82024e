//! Secrets, as they are written.

use super::part::Part;
use super::tree::Tree;
use crate::Secret;
use crate::error::{Error, Place};

/// As other text is read, but that no sentence quotes what stands there.
impl Part for Secret {
    fn absent() -> Self {
        Self::default()
    }

    fn read(&mut self, tree: Tree, place: &Place<'_>) -> Result<(), Error> {
        let Tree::Text(text) = tree else {
            return Err(place.error("is a secret, and no string; put it in quotes"));
        };
        *self = Self::new(text);
        Ok(())
    }

    fn required(&self) -> bool {
        true
    }
}
