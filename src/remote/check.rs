//! What may be said about a centre: names and values that are sent to it.

use std::fmt;

/// A value that a centre cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which value: the name of its field in the policy, below the centre's own.
    pub field: &'static str,
    /// What is wrong with it and the remedy: a sentence without the place. No secret is in it.
    pub problem: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

impl std::error::Error for Wrong {}
