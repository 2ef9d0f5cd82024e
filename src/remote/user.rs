//! Who logs in.

use super::{Wrong, check};
use crate::Secret;

/// A user of a centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) password: Secret,
}

impl User {
    /// Both or none.
    pub(super) fn new(
        user: Option<String>,
        password: Option<Secret>,
    ) -> Result<Option<Self>, Wrong> {
        let lone = |field, other: &str| {
            let problem = format!("has no `{other}` beside it; give both, or neither");
            Err(Wrong { field, problem })
        };
        match (user, password) {
            (Some(name), Some(password)) => {
                check::value("user", &name)?;
                check::secret("password", &password)?;
                Ok(Some(Self { name, password }))
            }
            (None, None) => Ok(None),
            (Some(_), None) => lone("user", "password"),
            (None, Some(_)) => lone("password", "user"),
        }
    }
}
