//! How an answer is told that nobody understands.

use crate::{Talk, all, http, reply, with};

fn told(status: u16, body: impl AsRef<[u8]>) -> String {
    Talk::new(http(), "/a", "").trouble(reply(status, body))
}

#[test]
fn a_long_body_is_cut() {
    let most = "é".repeat(200);
    let cut = format!("\"{most}…\"");
    for (chars, quoted) in [
        (200, &format!("\"{most}\"")),
        (201, &cut),
        (1_000_000, &cut),
    ] {
        assert_eq!(
            told(500, "é".repeat(chars)),
            format!("answers 500: {quoted}; see whether the web server is well")
        );
    }
}

#[test]
fn a_body_stays_in_one_line() {
    assert_eq!(
        told(500, b"  a\r\n\tb \x1b[31m \xff \"c\"\n"),
        "answers 500: \"a\\r\\n\\tb \\u{1b}[31m \u{fffd} \"c\"\"; see whether the web server is well"
    );
    // An escape is not cut in two.
    let cut = told(500, format!("{}\n\n\n", "a".repeat(199)) + "b");
    assert!(cut.contains(&format!("\"{}…\"", "a".repeat(199))), "{cut}");
}

#[test]
fn every_centre_tells_statuses_that_it_does_not_have() {
    for (centre, name) in all() {
        for status in [
            0, 100, 201, 202, 204, 206, 300, 302, 305, 399, 402, 405, 418, 429, 499, 500, 502, 503,
            504, 599, 600, 999,
        ] {
            let mut talk = Talk::new(centre.clone(), name, "");
            let told = talk.trouble(reply(status, "so"));
            match status {
                300..=399 => assert!(told.starts_with("redirects with"), "{told}"),
                500.. => assert!(
                    told.starts_with(&format!("answers {status}: \"so\"; see whether "))
                        && told.ends_with(" is well"),
                    "{told}"
                ),
                _ => assert!(
                    told.starts_with(&format!("answers {status}: \"so\"; see whether this is ")),
                    "{told}"
                ),
            }
            assert_eq!(talk.cursor(), "");
        }
    }
}

#[test]
fn a_redirect_is_not_followed() {
    for (centre, name) in all() {
        let mut talk = Talk::new(centre, name, "");
        let moved = with(
            reply(307, ""),
            "location",
            "https://etcd.example:2379/v3/kv/range",
        );
        assert_eq!(
            talk.trouble(moved),
            "redirects to \"https://etcd.example:2379/v3/kv/range\"; name that place itself"
        );
        let moved = reply(307, "");
        assert!(
            talk.trouble(moved)
                .starts_with("redirects with 307 and says not where; see ")
        );
    }
}
