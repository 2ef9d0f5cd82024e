//! etcd 3.4 and later, by its JSON gateway.

use super::Wrong;
use super::user::User;
use crate::Secret;

/// etcd 3.4 and later, by its JSON gateway. Its cursor is the key's `mod_revision`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etcd {
    pub(super) user: Option<User>,
}

impl Etcd {
    /// `user` and `password`: both or none, for an etcd without authentication.
    ///
    /// # Errors
    ///
    /// One without the other, or a user without a name.
    pub fn new(user: Option<String>, password: Option<Secret>) -> Result<Self, Wrong> {
        Ok(Self {
            user: User::new(user, password)?,
        })
    }
}
