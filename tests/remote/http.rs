//! A file of any web server.

use graylane::remote::{Heard, Reply};

use crate::{Talk, document, header, http, http_of_a_token, reply, with};

fn file(body: &str, tag: &str) -> Reply {
    with(reply(200, body), "etag", tag)
}

fn talk(cursor: &str) -> Talk {
    Talk::new(http(), "/graylane/checkout.json?raw=1", cursor)
}

#[test]
fn a_file_is_fetched_again_only_if_its_tag_has_changed() {
    let mut talk = talk("");
    assert_eq!(talk.asks(), "GET /graylane/checkout.json?raw=1");
    assert_eq!(header(&talk.call(), "if-none-match"), None);
    assert_eq!(talk.hears(file("hello", "\"1-a\"")), document("hello"));
    assert_eq!(talk.cursor(), "248bfa47 \"1-a\"");
    let mut second = self::talk(talk.cursor());
    for talk in [&mut talk, &mut second] {
        assert_eq!(header(&talk.call(), "if-none-match"), Some("\"1-a\""));
        assert_eq!(talk.hears(reply(304, "")), Heard::Same);
        assert_eq!(talk.hears(file("{}", "W/\"2\"")), document("{}"));
        assert_eq!(header(&talk.call(), "if-none-match"), Some("W/\"2\""));
    }
}

#[test]
fn the_same_bytes_are_the_same_document_whatever_their_tag() {
    let mut talk = talk("248bfa47 \"1-a\"");
    assert_eq!(talk.hears(file("hello", "\"1-b\"")), Heard::Same);
    assert_eq!(talk.cursor(), "248bfa47 \"1-b\"");
    // And other bytes are another, also in the same second.
    assert_eq!(talk.hears(file("{}", "\"1-b\"")), document("{}"));
}

#[test]
fn without_a_tag_the_bytes_are_compared() {
    let dated = |body: &str| {
        with(
            reply(200, body),
            "last-modified",
            "Sun, 22 Nov 2026 04:22:07 GMT",
        )
    };
    let mut talk = talk("");
    assert_eq!(talk.hears(dated("hello")), document("hello"));
    assert_eq!(talk.cursor(), "248bfa47");
    assert_eq!(header(&talk.call(), "if-none-match"), None);
    assert_eq!(talk.hears(dated("hello")), Heard::Same);
    assert_eq!(talk.hears(dated("{}")), document("{}"));
}

#[test]
fn a_tag_that_no_header_or_cursor_can_carry_is_none() {
    let long = format!("\"{}\"", "x".repeat(300));
    for tag in ["", "\"a b\"", "\"é\"", &*long] {
        let mut talk = talk("");
        assert_eq!(talk.hears(file("hello", tag)), document("hello"));
        assert_eq!(talk.cursor(), "248bfa47", "{tag:?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_told_once_and_found_when_it_comes() {
    for status in [404, 410] {
        let mut first = talk("248bfa47 \"1-a\"");
        assert_eq!(
            first.hears(reply(status, "<html>Not Found</html>")),
            Heard::Gone
        );
        let mut second = talk(first.cursor());
        for talk in [&mut first, &mut second] {
            assert_eq!(header(&talk.call(), "if-none-match"), None);
            assert_eq!(talk.hears(reply(status, "")), Heard::Same);
            assert_eq!(talk.hears(file("hello", "\"1\"")), document("hello"));
        }
    }
}

#[test]
fn a_token_goes_along() {
    let mut talk = Talk::new(http_of_a_token(), "/a", "");
    assert_eq!(
        header(&talk.call(), "authorization"),
        Some("Bearer ghp_0123456789")
    );
}

#[test]
fn other_answers_are_trouble() {
    for (reply, told) in [
        (
            reply(401, "who?"),
            "answers 401: \"who?\"; give a `token` that may read it",
        ),
        (
            reply(403, ""),
            "answers 403: nothing more; give a `token` that may read it",
        ),
        (
            reply(204, ""),
            "answers 204: nothing more; see whether this is the web server",
        ),
        (
            reply(206, "{"),
            "answers 206: \"{\"; see whether this is the web server",
        ),
        (
            reply(304, ""),
            "answers 304: nothing more; see whether this is the web server",
        ),
        (
            reply(500, "oops"),
            "answers 500: \"oops\"; see whether the web server is well",
        ),
    ] {
        let mut talk = talk("");
        assert_eq!(talk.trouble(reply), told);
        assert_eq!(talk.cursor(), "");
    }
}
