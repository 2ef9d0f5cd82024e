//! Consul's key/value store.

use super::Wrong;
use crate::Secret;

/// Consul's key/value store. Its cursor is the index to wait behind, and the key's `ModifyIndex`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consul {
    pub(super) token: Option<Secret>,
    pub(super) datacenter: Option<String>,
}

impl Consul {
    /// `token`: of an ACL. `datacenter`: absent, the agent's own.
    ///
    /// # Errors
    ///
    /// A token that no header can carry, or an empty datacenter.
    pub fn new(token: Option<Secret>, datacenter: Option<String>) -> Result<Self, Wrong> {
        Ok(Self { token, datacenter })
    }
}
