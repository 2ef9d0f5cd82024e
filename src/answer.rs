//! The answer on its way back: which cookies it takes along.

/// What is asked of an answer.
pub trait Answer {
    /// Shows each value of a header to `see`, in order, until it answers `true`; tells whether it
    /// did. `name` is in lower case.
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool;
}

/// A cookie that the answer to a request is to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCookie {
    /// Its name.
    pub name: String,
    /// The whole value of `set-cookie`.
    pub line: String,
}

/// Those of the cookies that the answer can take along: none if many might get a copy of it, and
/// none that it sets itself.
pub fn settable<'c>(
    cookies: &'c [NewCookie],
    answer: &impl Answer,
) -> impl Iterator<Item = &'c NewCookie> {
    let cookies = match cookies {
        [] => cookies,
        _ if is_public(answer) => &[],
        _ => cookies,
    };
    let sets = |cookie: &&NewCookie| {
        let name = cookie.name.as_bytes();
        answer.any_header("set-cookie", &mut |line| {
            let own = line.split(|&byte| byte == b'=').next();
            own.is_some_and(|own| own.trim_ascii() == name)
        })
    };
    cookies.iter().filter(move |cookie| !sets(cookie))
}

/// Whether a cache between here and the client may keep the answer for others, as far as the
/// answer says so (RFC 9111, RFC 9213).
fn is_public(answer: &impl Answer) -> bool {
    let mut told = false;
    let (mut open, mut closed) = (false, false);
    answer.any_header("cache-control", &mut |value| {
        told = true;
        for directive in directives(value) {
            let (name, argument) = directive;
            let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
            closed |= is(b"private") || is(b"no-store");
            open |= is(b"public") || is(b"s-maxage") || (is(b"max-age") && argument != b"0");
        }
        false
    });
    // Those are for caches alone, whatever the other says.
    let for_caches = ["surrogate-control", "cdn-cache-control"];
    let for_caches = for_caches.iter().any(|name| {
        answer.any_header(name, &mut |value| {
            directives(value)
                .any(|(name, argument)| name.eq_ignore_ascii_case(b"max-age") && argument != b"0")
        })
    });
    // Without directives a date says it; `0` and `-1` are the usual ways to say no date.
    let dated =
        !told && answer.any_header("expires", &mut |date| ![&b"0"[..], b"-1"].contains(&date));
    for_caches || dated || (open && !closed)
}

/// Names, in any case, and arguments, without quotes.
fn directives(value: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    value.split(|&byte| byte == b',').map(|directive| {
        let mut halves = directive.splitn(2, |&byte| byte == b'=');
        let mut half = || halves.next().unwrap_or_default().trim_ascii();
        let (name, argument) = (half(), half());
        let bare = argument.strip_prefix(b"\"").unwrap_or(argument);
        (name, bare.strip_suffix(b"\"").unwrap_or(bare))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Answer for &[(&str, &str)] {
        fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
            let mut own = self.iter().filter(|(own, _)| *own == name);
            own.any(|(_, value)| see(value.as_bytes()))
        }
    }

    fn set(answer: &[(&str, &str)]) -> Vec<String> {
        let cookies = ["uid", "gray~a~b"].map(|name| NewCookie {
            name: name.to_owned(),
            line: format!("{name}=1"),
        });
        let settable = settable(&cookies, &answer);
        settable.map(|cookie| cookie.name.clone()).collect()
    }

    #[test]
    fn what_others_may_get_carries_no_cookie() {
        for (public, answer) in [
            (false, &[][..]),
            (true, &[("cache-control", "public")]),
            (true, &[("cache-control", "max-age=60")]),
            (
                true,
                &[
                    ("cache-control", "no-cache"),
                    ("cache-control", "S-MaxAge=\"60\""),
                ],
            ),
            (true, &[("cache-control", "max-age=0, s-maxage=60")]),
            (false, &[("cache-control", "max-age=0")]),
            (
                false,
                &[("cache-control", "max-age=\"0\", must-revalidate")],
            ),
            (false, &[("cache-control", "private, max-age=60")]),
            (
                false,
                &[
                    ("cache-control", "max-age=60"),
                    ("cache-control", "Private=\"set-cookie\""),
                ],
            ),
            (false, &[("cache-control", "no-store, max-age=60")]),
            (false, &[("cache-control", "no-cache")]),
            (
                true,
                &[
                    ("cache-control", "private"),
                    ("surrogate-control", "max-age=60"),
                ],
            ),
            (true, &[("cdn-cache-control", "max-age=60")]),
            (false, &[("cdn-cache-control", "no-store")]),
            (true, &[("expires", "Sat, 21 Nov 2026 12:00:00 GMT")]),
            (false, &[("expires", "0")]),
            (
                false,
                &[
                    ("expires", "Sat, 21 Nov 2026 12:00:00 GMT"),
                    ("cache-control", "no-cache"),
                ],
            ),
        ] {
            assert_eq!(set(answer).is_empty(), public, "{answer:?}");
        }
    }

    #[test]
    fn what_the_answer_sets_itself_stays_its_own() {
        let others = [("set-cookie", "uid2=x"), ("set-cookie", "a=uid=1")];
        assert_eq!(set(&others), ["uid", "gray~a~b"]);
        assert_eq!(set(&[("set-cookie", "uid = x; Path=/")]), ["gray~a~b"]);
        assert_eq!(
            set(&[("set-cookie", "a=1"), ("set-cookie", "uid=")]),
            ["gray~a~b"]
        );
    }
}
