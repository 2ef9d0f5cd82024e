//! A file that any web server has.

use super::call::Call;
use super::line::Line;
use super::said::Said;
use super::{Heard, Refused, Wrong, check};
use crate::{Secret, revision};

/// The cursor of a document that is not there.
pub(super) const GONE: &str = "-";

/// An `ETag` that is longer is none: it would not fit into a cursor.
const MAX_TAG_BYTES: usize = 256;

/// A file that any web server has. Its cursor is the body's revision, and behind a space its `ETag`,
/// if there is one; `-` where there is no file.
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
        if let Some(token) = &token {
            check::token("token", token)?;
        }
        Ok(Self { token })
    }

    pub(super) fn ask(&self, line: &Line) -> Call {
        let mut call = Call::get(line.name.clone());
        call.headers.extend(self.bearer());
        let tag = tag(&line.cursor).map(|tag| ("if-none-match", tag.to_owned()));
        call.headers.extend(tag);
        call
    }

    pub(super) fn hear(line: &mut Line, said: &Said<'_>) -> Result<Heard, Refused> {
        match said.status() {
            200 => {}
            304 if tag(&line.cursor).is_some() => return Ok(Heard::Same),
            404 | 410 => return Ok(line.is_gone(GONE)),
            401 | 403 => return Err(said.denied("give a `token` that may read it").into()),
            _ => return Err(said.unexpected().into()),
        }
        let body = said.body()?;
        // `Last-Modified` has seconds, in which a file may change twice; the bytes say it all.
        let own = format!("{:08x}", revision(body));
        let same = line.cursor.split(' ').next() == Some(&own);
        let tag = said
            .header("etag")
            .filter(|tag| check::carried(tag) && (1..=MAX_TAG_BYTES).contains(&tag.len()));
        let cursor = tag.map(|tag| format!("{own} {tag}")).unwrap_or(own);
        if same {
            line.cursor = cursor;
            return Ok(Heard::Same);
        }
        Ok(line.is(cursor, body.to_vec()))
    }

    pub(super) fn bearer(&self) -> Option<(&'static str, String)> {
        let token = self.token.as_ref()?;
        Some(("authorization", format!("Bearer {}", token.expose())))
    }
}

/// The `ETag` of a cursor.
pub(super) fn tag(cursor: &str) -> Option<&str> {
    cursor.split_once(' ').map(|(_, tag)| tag)
}
