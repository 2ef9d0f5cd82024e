//! Which requests are for a page: those that a person makes, one by one.

use crate::request::{Request, first_header};

/// Whether the request is for a page, by what the browser says of it. A page then asks for twenty
/// things at once; none of these is one.
///
/// Browsers tell in `sec-fetch-mode` and `sec-fetch-dest` what they want
/// (<https://www.w3.org/TR/fetch-metadata/>); older ones, and all over plain text, only by taking
/// `text/html`, which they write out for pages alone.
pub(crate) fn is_navigation<'r>(request: &impl Request<'r>) -> bool {
    let is = |name, value: &[u8]| first_header(request, name, |own| own == value);
    if is(":method", b"GET") != Some(true) {
        return false;
    }
    match is("sec-fetch-mode", b"navigate") {
        Some(for_a_page) => for_a_page && is("sec-fetch-dest", b"document") == Some(true),
        None => first_header(request, "accept", takes_html).unwrap_or_default(),
    }
}

fn takes_html(types: &[u8]) -> bool {
    let mut types = types.split(|&byte| byte == b',');
    types.any(|each| {
        let name = each.split(|&byte| byte == b';').next();
        name.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(b"text/html"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::Written;

    #[test]
    fn a_page_is_a_navigation_and_what_it_asks_for_is_none() {
        const OLD: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (navigates, headers) in [
            (
                true,
                &[
                    ("sec-fetch-mode", "navigate"),
                    ("sec-fetch-dest", "document"),
                ][..],
            ),
            (true, &[("accept", OLD)]),
            (true, &[("accept", "*/*;q=0.1, Text/HTML;level=1")]),
            (false, &[]),
            (false, &[("accept", "*/*")]),
            (false, &[("accept", "text/htmlx")]),
            (false, &[("accept", "image/avif,image/webp,*/*;q=0.8")]),
            (
                false,
                &[
                    ("sec-fetch-mode", "navigate"),
                    ("sec-fetch-dest", "iframe"),
                    ("accept", OLD),
                ],
            ),
            (false, &[("sec-fetch-mode", "navigate"), ("accept", OLD)]),
            (
                false,
                &[
                    ("sec-fetch-mode", "cors"),
                    ("sec-fetch-dest", "empty"),
                    ("accept", OLD),
                ],
            ),
            (
                false,
                &[
                    ("sec-fetch-mode", "no-cors"),
                    ("sec-fetch-dest", "document"),
                ],
            ),
        ] {
            for method in ["GET", "POST"] {
                let request = Written::default().with(":method", method);
                let add = |request: Written, &(name, value): &(&'static str, &str)| {
                    request.with(name, value)
                };
                let request = headers.iter().fold(request, add);
                let expected = navigates && method == "GET";
                assert_eq!(is_navigation(&request), expected, "{method} {headers:?}");
            }
        }
    }
}
