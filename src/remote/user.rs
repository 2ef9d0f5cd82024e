//! Who logs in.

use super::Wrong;
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
        match (user, password) {
            (Some(name), Some(password)) => Ok(Some(Self { name, password })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Wrong {
                field: "user",
                problem: "has no `password` beside it; give both, or neither".to_owned(),
            }),
            (None, Some(_)) => Err(Wrong {
                field: "password",
                problem: "has no `user` beside it; give both, or neither".to_owned(),
            }),
        }
    }
}
