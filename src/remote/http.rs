//! A file that any web server has.

use super::Wrong;
use crate::Secret;

/// A file that any web server has. Its cursor is the body's hash, and the `ETag` if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    pub(super) token: Option<Secret>,
}

impl Http {
    /// `token`: sent as `Authorization: Bearer …`.
    ///
    /// # Errors
    ///
    /// A token that no header can carry.
    pub fn new(token: Option<Secret>) -> Result<Self, Wrong> {
        Ok(Self { token })
    }
}
