//! Where a text of the request comes from: for conditions, and for the keys of splits.

use crate::limits::MAX_VALUE_BYTES;
use crate::request::{Request, any_cookie, any_query, host_only, path_only};

/// A place in the request that holds text, perhaps several times.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    Header(Box<str>),
    Cookie(Box<[u8]>),
    Query(Box<[u8]>),
    /// The proxy's name for the token, and the way to the claim in it.
    Claim(Box<[Box<str>]>),
    Path,
    Method,
    Host,
}

impl Source {
    /// Shows each value to `see`, in order, until it answers `true`; tells whether it did. One that
    /// is longer than [`MAX_VALUE_BYTES`] is as if it were not there.
    pub(super) fn any<'r>(
        &'r self,
        request: &impl Request<'r>,
        see: &mut dyn FnMut(&[u8]) -> bool,
    ) -> bool {
        let see = &mut |value: &[u8]| value.len() <= MAX_VALUE_BYTES && see(value);
        match self {
            Self::Header(name) => request.any_header(name, see),
            Self::Cookie(name) => any_cookie(request, name, see),
            Self::Query(name) => any_query(request, name, see),
            Self::Claim(path) => request.any_claim(path, see),
            Self::Path => request.any_header(":path", &mut |target| see(path_only(target))),
            Self::Method => request.any_header(":method", see),
            Self::Host => request.any_header(":authority", &mut |host| see(&host_only(host))),
        }
    }
}
