//! What conditions and keys are compiled with.

use std::cell::Cell;

use super::checks::not_empty;
use super::{Headers, Node, name};
use crate::error::{Error, Place};
use crate::limits::MAX_CLAIM_DEPTH;
use crate::policy::{Name, Text};

/// What conditions and keys are compiled with.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) headers: &'a Headers,
    /// The proxy's name for a verified token.
    pub(super) payload: &'a str,
    pub(super) node: &'a Node,
    /// Bytes that compiled patterns take so far, all of which one request may be compared with.
    pub(super) patterns: &'a Cell<usize>,
}

impl Scope<'_> {
    /// The name of a header that conditions and keys may read: none of those that we write, since
    /// a client's are dropped unread.
    pub(super) fn header(&self, place: &Place<'_>, text: Text) -> Result<Box<str>, Error> {
        let name = name::header(place, text)?;
        if self.headers.all().contains(&&*name) {
            return Err(place.error(format!(
                "{name:?} is written by the filter, and a client's is dropped; read another header"
            )));
        }
        Ok(name)
    }

    /// The way to a claim: the proxy's name for the token, and the names in it.
    pub(super) fn claim(
        &self,
        place: &Place<'_>,
        Name(names): Name,
    ) -> Result<Box<[Box<str>]>, Error> {
        not_empty(place, &names, "name the claim")?;
        if names.len() > MAX_CLAIM_DEPTH {
            return Err(place.error(format!(
                "has {} names, above {MAX_CLAIM_DEPTH}; no token nests so deep",
                names.len()
            )));
        }
        let names = names.into_iter().map(|text| name::claim(place, text));
        std::iter::once(Ok(self.payload.into()))
            .chain(names)
            .collect()
    }
}
