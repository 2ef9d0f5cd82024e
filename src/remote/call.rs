//! A request to a centre and what it answered, before anybody knows what they mean.

use std::fmt;

/// A request to a centre.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The path, with its query, encoded as it is sent.
    pub path: String,
    /// The headers, their names in lower case. `:authority` and the body's length are the caller's.
    pub headers: Vec<(&'static str, String)>,
    /// The body. Empty: there is none.
    pub body: Vec<u8>,
    /// How long the centre may hold its answer, in milliseconds; 0: it answers at once. Some hold it
    /// up to a sixteenth longer.
    pub hold: u64,
}

impl Call {
    /// A request for something that is answered at once.
    pub(super) fn get(path: String) -> Self {
        Self {
            method: "GET",
            path,
            headers: Vec::new(),
            body: Vec::new(),
            hold: 0,
        }
    }
}

/// Without headers and body, which may hold secrets.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What a centre answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status, such as 200.
    pub status: u16,
    /// The headers, their names in lower case; others (`:status`) do no harm.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of this name, where it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(own, _)| own == name)?;
        str::from_utf8(value.trim_ascii()).ok()
    }
}

/// What a reply means for the document that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing new.
    Same,
    /// There is more to ask, at once. Never more than three times in a row.
    Next,
    /// What the document is now. May be empty.
    Document(Vec<u8>),
    /// It was deleted, or never was there. Told once, then [`Heard::Same`].
    Gone,
    /// The token is not accepted (any more), or there is none: log in. Never twice in a row.
    Login,
    /// One sentence that begins with a verb: what is wrong and the remedy. No secret is in it.
    Trouble(String),
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The token is not accepted (any more), or there is none: log in.
    Login,
    /// Somebody else has written since it was read.
    Changed,
    /// One sentence that begins with a verb: what is wrong and the remedy. No secret is in it.
    Trouble(String),
}
