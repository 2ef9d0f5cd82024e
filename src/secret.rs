//! Text that nobody is to see.

use std::fmt;

/// A password, a token, a path that is one: it is sent, and never shown.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(inline))]
pub struct Secret(String);

impl Secret {
    /// Of this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the one request that it belongs to.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Says that there is one.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
