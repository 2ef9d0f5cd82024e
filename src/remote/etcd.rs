//! etcd 3.4 and later, by its JSON gateway.

use super::call::Call;
use super::encode::base64;
use super::line::Line;
use super::said::{Said, whole};
use super::user::User;
use super::{Heard, Listed, Refused, Wrong};
use crate::Secret;
use crate::json::quoted;
use crate::policy::tree::Tree;

/// What a key that is not there has for a `mod_revision`.
const GONE: &str = "0";

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
    /// One without the other, or empty.
    pub fn new(user: Option<String>, password: Option<Secret>) -> Result<Self, Wrong> {
        Ok(Self {
            user: User::new(user, password)?,
        })
    }

    pub(super) fn login(&self) -> Option<Call> {
        let User { name, password } = self.user.as_ref()?;
        let (name, password) = (quoted(name), quoted(password.expose()));
        let body = format!(r#"{{"name":{name},"password":{password}}}"#);
        Some(call("/v3/auth/authenticate", body, None))
    }

    pub(super) fn token(said: &Said<'_>) -> Result<String, String> {
        if said.status() == 200 {
            let token = said.json()?;
            let token = token.field("token").and_then(Tree::text);
            return token
                .map(str::to_owned)
                .ok_or_else(|| said.strange("no `token`"));
        }
        Err(match Error::of(said) {
            // "etcdserver: authentication failed, invalid user ID or password".
            Some(Error { code: 3, .. }) => said.denied("see `user` and `password`"),
            // "authentication is not enabled".
            Some(Error { code: 9, .. }) => said.denied("leave out `user` and `password`"),
            _ => said.unexpected(),
        })
    }

    pub(super) fn ask(line: &Line, token: Option<&str>) -> Call {
        // Whether a key has changed is asked by its own revision: that of the whole store moves
        // with every key.
        let since = match line.cursor.parse() {
            Ok(revision) if revision > 0u64 => since(revision),
            _ => String::new(),
        };
        let key = base64(line.name.as_bytes());
        call(
            "/v3/kv/range",
            format!(r#"{{"key":"{key}"{since}}}"#),
            token,
        )
    }

    pub(super) fn hear(&self, line: &mut Line, said: &Said<'_>) -> Result<Heard, Refused> {
        let (store, body) = self.answer(said)?;
        let seen = line.cursor.parse().unwrap_or(0u64);
        if store < seen {
            // Another store, in which no revision says what it said: a backup, or an empty one.
            line.cursor.clear();
            return Ok(Heard::Next);
        }
        let keys = body.field("kvs").and_then(Tree::list).unwrap_or_default();
        let Some(key) = keys.first() else {
            return match whole(body.field("count")) {
                None | Some(0) => Ok(line.is_gone(GONE)),
                Some(_) if seen > 0 => Ok(Heard::Same),
                Some(_) => Err(said.strange("a count of keys, and no key").into()),
            };
        };
        let revision = whole(key.field("mod_revision"))
            .filter(|revision| *revision > 0)
            .ok_or_else(|| said.strange("a key without `mod_revision`"))?;
        if revision == seen {
            return Ok(Heard::Same);
        }
        let document = value(key, said)?;
        Ok(line.is(revision.to_string(), document))
    }

    pub(super) fn announce(key: &str, document: &[u8], token: Option<&str>) -> Call {
        let (key, value) = (base64(key.as_bytes()), base64(document));
        let body = format!(r#"{{"key":"{key}","value":"{value}"}}"#);
        call("/v3/kv/put", body, token)
    }

    pub(super) fn forget(key: &str, token: Option<&str>) -> Call {
        let key = base64(key.as_bytes());
        call("/v3/kv/deleterange", format!(r#"{{"key":"{key}"}}"#), token)
    }

    pub(super) fn announced(&self, said: &Said<'_>) -> Result<(), Refused> {
        self.answer(said).map(|_| ())
    }

    pub(super) fn list(under: &str, cursor: &str, token: Option<&str>) -> Call {
        let first = base64(format!("{under}/").as_bytes());
        // The character behind the slash ends what begins with one.
        let end = base64(format!("{under}0").as_bytes());
        let since = cursor.parse().map(since).unwrap_or_default();
        let body = format!(r#"{{"key":"{first}","range_end":"{end}"{since}}}"#);
        call("/v3/kv/range", body, token)
    }

    pub(super) fn listed(&self, cursor: &str, said: &Said<'_>) -> Result<Listed, Refused> {
        let (store, body) = self.answer(said)?;
        if cursor.parse().is_ok_and(|seen: u64| store < seen) {
            return Ok((String::new(), Vec::new()));
        }
        let keys = body.field("kvs").and_then(Tree::list).unwrap_or_default();
        let keys = keys.iter().map(|each| {
            let key = each.field("key").and_then(Tree::text);
            let key = said.base64(key.unwrap_or_default())?;
            let key = String::from_utf8(key).map_err(|_| said.strange("a key that is no text"))?;
            Ok((key, value(each, said)?))
        });
        let keys = keys.collect::<Result<_, String>>()?;
        Ok((store.to_string(), keys))
    }

    /// A body that says how far the store is, as all of etcd's do: so it is etcd's.
    pub(super) fn answer(&self, said: &Said<'_>) -> Result<(u64, Tree), Refused> {
        if said.status() != 200 {
            return Err(self.refused(said));
        }
        let body = said.json()?;
        let header = body.field("header");
        let revision = whole(header.and_then(|header| header.field("revision")));
        let revision = revision.ok_or_else(|| said.strange("no `header.revision`"))?;
        Ok((revision, body))
    }

    fn refused(&self, said: &Said<'_>) -> Refused {
        let remedy = match Error::of(said) {
            Some(Error {
                too_large: true, ..
            }) => "make the document smaller",
            // A request without a token is one with a wrong argument; a wrong token has its own.
            Some(Error { code: 3 | 16, .. }) if self.user.is_some() => return Refused::Login,
            Some(Error { code: 3 | 16, .. }) => "give `user` and `password`",
            Some(Error { code: 7, .. }) => "let the user's role read and write it",
            _ => return Refused::Trouble(said.unexpected()),
        };
        Refused::Trouble(said.denied(remedy))
    }
}

/// An error as etcd tells it.
struct Error {
    /// As gRPC counts them.
    code: u64,
    /// It has the code of a request without a token.
    too_large: bool,
}

impl Error {
    fn of(said: &Said<'_>) -> Option<Self> {
        let body = said.json().ok()?;
        let message = body.field("message").and_then(Tree::text)?;
        Some(Self {
            code: body.field("code")?.whole()?,
            too_large: message.ends_with("request is too large"),
        })
    }
}

/// What a key holds. JSON leaves out what is empty.
fn value(key: &Tree, said: &Said<'_>) -> Result<Vec<u8>, String> {
    match key.field("value") {
        None => Ok(Vec::new()),
        Some(value) => {
            let value = value.text();
            said.base64(value.ok_or_else(|| said.strange("a value that is no text"))?)
        }
    }
}

/// Only what has changed since.
fn since(revision: u64) -> String {
    format!(r#","min_mod_revision":"{}""#, revision.saturating_add(1))
}

pub(super) fn call(path: &str, body: String, token: Option<&str>) -> Call {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    // Bare: it is no bearer's.
    headers.extend(token.map(|token| ("authorization", token.to_owned())));
    Call {
        method: "POST",
        path: path.to_owned(),
        headers,
        body: body.into_bytes(),
        hold: 0,
    }
}
