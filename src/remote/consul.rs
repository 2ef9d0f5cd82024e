//! Consul's key/value store.

use super::call::Call;
use super::encode::{path, query};
use super::line::Line;
use super::said::{Said, whole};
use super::{Heard, Listed, Refused, Wrong, check};
use crate::Secret;
use crate::policy::tree::Tree;
use crate::revision::revision;

/// How long it holds an answer, in milliseconds.
const HOLD: u64 = 30_000;

/// Consul's key/value store. Its cursor is the index to wait behind, the key's `ModifyIndex`, which
/// is 0 where there is none, and the document's revision, with dots between. The index of an answer
/// that nothing is there is no key's, so a write cannot be bound to it; and a store that has begun
/// anew may well give another document the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consul {
    pub(super) token: Option<Secret>,
    pub(super) datacenter: Option<String>,
}

/// What a cursor says.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    index: u64,
    pub(super) modified: u64,
    revision: u32,
}

impl Seen {
    pub(super) fn read(cursor: &str) -> Option<Self> {
        let (index, rest) = cursor.split_once('.')?;
        let (modified, revision) = rest.split_once('.')?;
        Some(Self {
            index: index.parse().ok()?,
            modified: modified.parse().ok()?,
            revision: revision.parse().ok()?,
        })
    }
}

impl Consul {
    /// `token`: of an ACL. `datacenter`: absent, the agent's own.
    ///
    /// # Errors
    ///
    /// A token that no header can carry, or an empty datacenter.
    pub fn new(token: Option<Secret>, datacenter: Option<String>) -> Result<Self, Wrong> {
        if let Some(token) = &token {
            check::token("token", token)?;
        }
        if let Some(datacenter) = &datacenter {
            check::value("datacenter", datacenter)?;
        }
        Ok(Self { token, datacenter })
    }

    pub(super) fn ask(&self, line: &Line) -> Call {
        match Seen::read(&line.cursor) {
            None => self.call("GET", &line.name, &[], b""),
            Some(Seen { index, .. }) => {
                let wait = [
                    format!("index={index}"),
                    format!("wait={}s", HOLD.wrapping_div(1_000)),
                ];
                let mut call = self.call("GET", &line.name, &wait, b"");
                call.hold = HOLD;
                call
            }
        }
    }

    pub(super) fn hear(line: &mut Line, said: &Said<'_>) -> Result<Heard, Refused> {
        let found = match said.status() {
            200 => true,
            404 => false,
            _ => return Err(Refused::Trouble(refused(said))),
        };
        // Without one, it is somebody else's 404.
        let index = said
            .header("x-consul-index")
            .and_then(|index| index.parse().ok());
        let Some(index) = index else {
            return Err(if found {
                said.strange("no `X-Consul-Index`").into()
            } else {
                said.unexpected().into()
            });
        };
        // An index of 0 would be answered at once, again and again.
        let index = u64::max(index, 1);
        let seen = Seen::read(&line.cursor);
        if !found {
            said.body()?;
            line.cursor = format!("{index}.0.0");
            // Nothing is nothing, in another store as well.
            return Ok(match seen {
                Some(Seen {
                    modified: 0,
                    revision: 0,
                    ..
                }) => Heard::Same,
                _ => Heard::Gone,
            });
        }
        // One that falls is another store's, whose numbers mean other documents.
        let seen = seen.filter(|seen| seen.index <= index);
        let seen = seen.map(|seen| (seen.modified, seen.revision));
        let body = said.json()?;
        let key = body.list().and_then(<[_]>::first);
        let key = key.ok_or_else(|| said.strange("no list of keys"))?;
        let now = whole(key.field("ModifyIndex")).filter(|now| *now > 0);
        let now = now.ok_or_else(|| said.strange("a key without `ModifyIndex`"))?;
        let document = value(key, said)?;
        let revision = revision(&document);
        let cursor = format!("{index}.{now}.{revision}");
        if seen == Some((now, revision)) {
            line.cursor = cursor;
            return Ok(Heard::Same);
        }
        Ok(line.is(cursor, document))
    }

    pub(super) fn announce(&self, key: &str, document: &[u8]) -> Call {
        self.call("PUT", key, &[], document)
    }

    pub(super) fn forget(&self, key: &str) -> Call {
        self.call("DELETE", key, &[], b"")
    }

    pub(super) fn announced(said: &Said<'_>) -> Result<(), Refused> {
        if done(said)? {
            return Ok(());
        }
        Err(said.strange("that it has not done it").into())
    }

    pub(super) fn list(&self, under: &str) -> Call {
        self.call("GET", &format!("{under}/"), &["recurse".to_owned()], b"")
    }

    pub(super) fn listed(said: &Said<'_>) -> Result<Listed, Refused> {
        let indexed = said.header("x-consul-index").is_some();
        match said.status() {
            200 => {}
            404 if indexed => return Ok((String::new(), Vec::new())),
            _ => return Err(Refused::Trouble(refused(said))),
        }
        let body = said.json()?;
        let keys = body.list().ok_or_else(|| said.strange("no list of keys"))?;
        let keys = keys.iter().map(|each| {
            let key = each.field("Key").and_then(Tree::text);
            let key = key.ok_or_else(|| said.strange("a key without `Key`"))?;
            Ok((key.to_owned(), value(each, said)?))
        });
        let keys = keys.collect::<Result<_, String>>()?;
        Ok((String::new(), keys))
    }

    pub(super) fn call(
        &self,
        method: &'static str,
        key: &str,
        parameters: &[String],
        body: &[u8],
    ) -> Call {
        let datacenter = self
            .datacenter
            .as_ref()
            .map(|own| format!("dc={}", query(own)));
        let parameters: Vec<_> = parameters.iter().cloned().chain(datacenter).collect();
        let mut path = format!("/v1/kv/{}", path(key));
        if !parameters.is_empty() {
            path = format!("{path}?{}", parameters.join("&"));
        }
        let token = self.token.as_ref();
        let token = token.map(|token| ("x-consul-token", token.expose().to_owned()));
        Call {
            method,
            path,
            headers: token.into_iter().collect(),
            body: body.to_vec(),
            hold: 0,
        }
    }
}

/// Whether it has done what it was asked, which it says as `true` or `false`.
pub(super) fn done(said: &Said<'_>) -> Result<bool, Refused> {
    if said.status() != 200 {
        return Err(Refused::Trouble(refused(said)));
    }
    match said.body()?.trim_ascii() {
        b"true" => Ok(true),
        b"false" => Ok(false),
        _ => Err(said.strange("neither `true` nor `false`").into()),
    }
}

fn refused(said: &Said<'_>) -> String {
    match said.status() {
        // "Permission denied" and "ACL not found" alike; a proxy before it may say 401.
        401 | 403 => said.denied("give a `token` that may read and write the key"),
        413 => said.denied("make the document smaller"),
        _ => said.unexpected(),
    }
}

/// What a key holds: null where that is nothing.
fn value(key: &Tree, said: &Said<'_>) -> Result<Vec<u8>, String> {
    match key.field("Value") {
        Some(Tree::Null) => Ok(Vec::new()),
        Some(Tree::Text(text)) => said.base64(text),
        _ => Err(said.strange("a key without `Value`")),
    }
}
