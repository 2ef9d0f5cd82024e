//! A request as the rules see it: bytes, read only when a rule asks for them.

use std::borrow::Cow;
use std::iter;
use std::net::IpAddr;

use memchr::{memchr, memchr2};

use crate::limits::{MAX_COOKIE_BYTES, MAX_COOKIES, MAX_PARAMETERS, MAX_VALUE_BYTES};

/// What the rules may ask of a request.
///
/// Values are bytes, exactly as they came; a value is borrowed for the call, so that a host may
/// hand out its own buffer. Names live as long as the rules, `'r`, so that what was fetched can be
/// found again by a name that nobody has to copy.
pub trait Request<'r> {
    /// Shows each value of a header to `see`, in order, until it answers `true`; tells whether it
    /// did. `name` is in lower case, or `:method`, `:path` or `:authority`.
    fn any_header(&self, name: &'r str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool;

    /// Shows a header that is a list, as `any_header` does; or all of its values as one, with commas
    /// between, which says the same.
    fn list(&self, name: &'r str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.any_header(name, see)
    }

    /// Whether the request has come in to the workload that the proxy stands beside. What goes out
    /// of it, or passes a gateway, has not.
    fn is_inbound(&self) -> bool {
        false
    }

    /// The address of the client, as the proxy determined it. `None` where it has none.
    fn source_ip(&self) -> Option<IpAddr>;

    /// Shows each value of a claim to `see`, in order, until it answers `true`; tells whether it
    /// did. `path` is the proxy's name for the verified token, and the way to the claim in it.
    ///
    /// A request without a verified token has no claims; no other token counts.
    fn any_claim(&self, path: &[Box<str>], see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let _ = (path, see);
        false
    }

    /// Random bits that are this request's: the same whenever they are asked for. `None` where
    /// there are none to be had.
    fn random(&self) -> Option<u128> {
        None
    }
}

/// Whether the first value of a header passes a test; `None` where there is none. The others are
/// not looked for, which costs more than the first.
pub(crate) fn first_header<'r>(
    request: &impl Request<'r>,
    name: &'r str,
    test: impl Fn(&[u8]) -> bool,
) -> Option<bool> {
    let mut passes = None;
    request.any_header(name, &mut |value| {
        passes = Some(test(value));
        true
    });
    passes
}

/// Shows each value of the cookies called `name`, in order, until `see` answers `true`.
///
/// Names and values are taken raw: case matters, and nothing is unquoted or decoded.
pub(crate) fn any_cookie<'r>(
    request: &impl Request<'r>,
    name: &[u8],
    see: &mut dyn FnMut(&[u8]) -> bool,
) -> bool {
    let (mut bytes, mut cookies) = (MAX_COOKIE_BYTES, MAX_COOKIES);
    request.any_header("cookie", &mut |line| {
        let left = bytes.checked_sub(line.len());
        bytes = left.unwrap_or_default();
        let line = left.map_or(&b""[..], |_| line);
        let pairs = parts(line, b';').map_while(|pair| {
            cookies = cookies.checked_sub(1)?;
            Some(pair)
        });
        let mut values = pairs.filter_map(|pair| {
            let rest = pair.trim_ascii_start().strip_prefix(name)?;
            rest.trim_ascii_start().strip_prefix(b"=")
        });
        values.any(|value| see(value.trim_ascii()))
    })
}

/// Shows each value of the query parameters called `name`, in order, until `see` answers `true`.
///
/// Names and values are taken raw: nothing is decoded. A parameter without `=` is empty.
pub(crate) fn any_query<'r>(
    request: &impl Request<'r>,
    name: &[u8],
    see: &mut dyn FnMut(&[u8]) -> bool,
) -> bool {
    request.any_header(":path", &mut |target| {
        let target = parts(target, b'#').next().unwrap_or_default();
        let start = memchr(b'?', target).map_or(target.len(), |at| at.saturating_add(1));
        let query = target.get(start..);
        let query = query.filter(|query| query.len() <= MAX_VALUE_BYTES);
        let query = query.unwrap_or_default();
        let pairs = parts(query, b'&').take(MAX_PARAMETERS);
        let mut values = pairs.filter_map(|pair| {
            let rest = pair.strip_prefix(name)?;
            rest.strip_prefix(b"=").or(rest.is_empty().then_some(rest))
        });
        values.any(&mut *see)
    })
}

/// The path without its query.
pub(crate) fn path_only(target: &[u8]) -> &[u8] {
    let end = memchr2(b'?', b'#', target).unwrap_or(target.len());
    target.get(..end).unwrap_or(target)
}

/// The host in lower case, without its port and without a trailing dot.
pub(crate) fn host_only(authority: &[u8]) -> Cow<'_, [u8]> {
    // Mostly it is as it should be, which one look at each byte tells.
    let plain = |byte: &u8| !byte.is_ascii_uppercase() && *byte != b':';
    if authority.iter().all(plain) && !authority.ends_with(b".") {
        return Cow::Borrowed(authority);
    }
    let host = match authority.iter().rposition(|&byte| byte == b':') {
        // In `[::1]` the last colon belongs to the address.
        Some(colon) if !authority.ends_with(b"]") => authority.get(..colon).unwrap_or(authority),
        _ => authority,
    };
    let host = host.strip_suffix(b".").unwrap_or(host);
    if host.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

/// The parts of a text between separators, at least one. The search takes several bytes at once,
/// and cookies are long.
fn parts(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    iter::from_fn(move || {
        let text = rest.take()?;
        let Some(end) = memchr(separator, text) else {
            return Some(text);
        };
        rest = text.get(end.saturating_add(1)..);
        text.get(..end)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A request written out in a test.
    #[derive(Clone, Default)]
    pub(crate) struct Written {
        pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
        pub(crate) source_ip: Option<IpAddr>,
    }

    impl Written {
        pub(crate) fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
            self.headers.push((name, value.into()));
            self
        }
    }

    impl Request<'_> for Written {
        fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
            self.headers
                .iter()
                .any(|(header, value)| *header == name && see(value))
        }

        fn source_ip(&self) -> Option<IpAddr> {
            self.source_ip
        }
    }

    type Reader = fn(&Written, &[u8], &mut dyn FnMut(&[u8]) -> bool) -> bool;

    fn values(read: Reader, request: &Written, name: &str) -> Vec<String> {
        let mut seen = Vec::new();
        read(request, name.as_bytes(), &mut |value| {
            seen.push(String::from_utf8_lossy(value).into_owned());
            false
        });
        seen
    }

    #[test]
    fn cookies_are_read_raw_over_repeated_headers() {
        let request = Written::default()
            .with("cookie", "uid=1;other=x; UID=2 ;uid = \"3\" ; broken; uid=")
            .with("cookie", "uidx=5; xuid=6; uid x=7; uid")
            .with("cookie", "uid=4==");
        assert_eq!(
            values(any_cookie, &request, "uid"),
            ["1", "\"3\"", "", "4=="]
        );
        assert_eq!(values(any_cookie, &request, "UID"), ["2"]);
        assert_eq!(values(any_cookie, &request, "broken"), [""; 0]);
    }

    #[test]
    fn query_parameters_are_read_raw() {
        let request = Written::default().with(":path", "/a?u=1&v&u=%32&uu=3&u=4=5?&u#u=6");
        assert_eq!(values(any_query, &request, "u"), ["1", "%32", "4=5?", ""]);
        assert_eq!(values(any_query, &request, "v"), [""]);
        let bare = Written::default().with(":path", "/u=1");
        assert_eq!(values(any_query, &bare, "u"), [""; 0]);
    }

    #[test]
    fn a_path_ends_where_its_query_begins() {
        assert_eq!(path_only(b"/a/b?c=/d"), b"/a/b");
        assert_eq!(path_only(b"/a#b"), b"/a");
        assert_eq!(path_only(b"?"), b"");
        assert_eq!(path_only(b"*"), b"*");
    }

    #[test]
    fn a_host_has_no_port_no_dot_and_no_capitals() {
        for (authority, host) in [
            ("Example.COM:8080", "example.com"),
            ("example.com.", "example.com"),
            ("example.com.:443", "example.com"),
            ("[2001:DB8::1]:443", "[2001:db8::1]"),
            ("[::1]", "[::1]"),
            ("localhost", "localhost"),
            ("", ""),
            (":80", ""),
        ] {
            assert_eq!(*host_only(authority.as_bytes()), *host.as_bytes());
        }
    }
}
