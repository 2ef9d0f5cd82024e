//! Splits that keep: who once had a version stays there, by a cookie that says so.
//!
//! The cookie is no secret and not signed: whoever can write it can as well choose an id whose
//! bucket is the version's.

use std::sync::Arc;

use super::Version;
use crate::hash::hash;
use crate::request::{Request, any_cookie};

/// The cookie of a split that keeps.
#[derive(Debug)]
pub(crate) struct Keep {
    cookie: Box<str>,
    /// What it says of each version.
    marks: Box<[(Box<str>, Arc<Version>)]>,
}

impl Keep {
    /// The split of a rule, by its salt: another salt is another draw, which nobody was in yet.
    pub(super) fn new<'v>(
        service: &str,
        rule: &str,
        salt: &str,
        versions: impl Iterator<Item = &'v Arc<Version>>,
    ) -> Self {
        // In short: two salts hardly ever have the same.
        let draw = hash(salt.as_bytes(), b"", 0);
        // No name of ours holds a `~`, so no two rules meet in one cookie.
        let mark = |version: &Arc<Version>| {
            let mark = format!("{}~{draw:08x}", version.name());
            (mark.into(), version.clone())
        };
        Self {
            cookie: format!("gray~{service}~{rule}").into(),
            marks: versions.map(mark).collect(),
        }
    }

    /// The version that the request's cookie says it once had.
    pub(crate) fn version<'r>(&'r self, request: &impl Request<'r>) -> Option<&'r Version> {
        let mut found = None;
        any_cookie(request, self.cookie.as_bytes(), &mut |value| {
            let mut marks = self.marks.iter();
            let own = marks.find(|(mark, _)| mark.as_bytes() == value);
            found = own.map(|(_, version)| &**version);
            found.is_some()
        });
        found
    }

    /// The cookie's name.
    #[cfg(feature = "tools")]
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The cookie's name, and what it says of a version.
    pub(crate) fn mark(&self, version: &str) -> Option<(&str, &str)> {
        let mut marks = self.marks.iter();
        let (mark, _) = marks.find(|(_, own)| own.name() == version)?;
        Some((&self.cookie, mark))
    }
}
