//! Nacos, by the API of its versions 0.8 to 3.0, or that of 3.

use super::Wrong;
use super::user::User;
use crate::Secret;
use crate::policy::NacosApi;

/// Nacos. Its cursor is the content's MD5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nacos {
    pub(super) api: NacosApi,
    pub(super) group: String,
    pub(super) namespace: Option<String>,
    pub(super) user: Option<User>,
}

impl Nacos {
    /// `group`: absent, `DEFAULT_GROUP`. `namespace`: its id; absent, the public one. `user` and
    /// `password`: both or none.
    ///
    /// # Errors
    ///
    /// A group or a namespace that Nacos does not take; a user without a password.
    pub fn new(
        api: NacosApi,
        group: Option<String>,
        namespace: Option<String>,
        user: Option<String>,
        password: Option<Secret>,
    ) -> Result<Self, Wrong> {
        Ok(Self {
            api,
            group: group.unwrap_or_else(|| "DEFAULT_GROUP".to_owned()),
            namespace,
            user: User::new(user, password)?,
        })
    }
}
