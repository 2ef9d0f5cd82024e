//! etcd's JSON gateway, with the bodies of etcd 3.4.23.

use graylane::remote::{Heard, Reply};

use crate::{Talk, document, etcd, reply};

/// `graylane/checkout` in base64.
const KEY: &str = "Z3JheWxhbmUvY2hlY2tvdXQ=";

fn header(revision: u64) -> String {
    format!(
        r#""header":{{"cluster_id":"15118495548433857066","member_id":"13668033151171901709","revision":"{revision}","raft_term":"2"}}"#
    )
}

/// The key, and how far its store is.
pub(crate) fn found(store: u64, modified: u64, base64: &str) -> Reply {
    let header = header(store);
    reply(
        200,
        format!(
            r#"{{{header},"kvs":[{{"key":"{KEY}","create_revision":"2","mod_revision":"{modified}","version":"1","value":"{base64}"}}],"count":"1"}}"#
        ),
    )
}

fn unchanged(store: u64) -> Reply {
    reply(200, format!(r#"{{{},"count":"1"}}"#, header(store)))
}

fn missing(store: u64) -> Reply {
    reply(200, format!("{{{}}}", header(store)))
}

fn talk(cursor: &str) -> Talk {
    Talk::new(etcd(), "graylane/checkout", cursor)
}

#[test]
fn a_key_is_asked_for_whole_once_and_then_for_changes() {
    let mut talk = talk("");
    assert_eq!(
        talk.asks(),
        format!(r#"POST /v3/kv/range {{"key":"{KEY}"}}"#)
    );
    assert_eq!(talk.call().hold, 0);
    assert_eq!(
        talk.hears(found(2, 2, "eyJhIjoxfQ==")),
        document("{\"a\":1}")
    );
    assert_eq!(talk.cursor(), "2");
    assert_eq!(
        talk.asks(),
        format!(r#"POST /v3/kv/range {{"key":"{KEY}","min_mod_revision":"3"}}"#)
    );
    assert_eq!(talk.hears(unchanged(2)), Heard::Same);
    // Other keys move the store on.
    assert_eq!(talk.hears(unchanged(97)), Heard::Same);
    assert_eq!(talk.cursor(), "2");
    assert_eq!(
        talk.hears(found(98, 98, "eyJhIjoyfQ==")),
        document("{\"a\":2}")
    );
    assert_eq!(talk.cursor(), "98");
}

#[test]
fn another_line_goes_on_from_the_cursor() {
    let mut first = talk("");
    first.hears(found(7, 5, "eyJhIjoxfQ=="));
    let mut second = talk(first.cursor());
    assert!(second.asks().contains(r#""min_mod_revision":"6""#));
    assert_eq!(second.hears(unchanged(9)), Heard::Same);
    assert_eq!(
        second.hears(found(12, 11, "eyJhIjoyfQ==")),
        document("{\"a\":2}")
    );
}

#[test]
fn a_key_that_is_not_there_is_told_once_and_found_when_it_comes() {
    let mut first = talk("");
    assert_eq!(first.hears(missing(1)), Heard::Gone);
    assert_eq!(first.hears(missing(1)), Heard::Same);
    let mut second = talk(first.cursor());
    assert_eq!(second.hears(missing(1)), Heard::Same);
    assert!(!second.asks().contains("min_mod_revision"));
    assert_eq!(second.hears(found(2, 2, "e30=")), document("{}"));
}

#[test]
fn a_key_that_is_deleted_and_made_again_is_told_both_times() {
    let mut talk = talk("4");
    assert_eq!(talk.hears(missing(5)), Heard::Gone);
    assert_eq!(talk.hears(missing(5)), Heard::Same);
    // Its version begins anew, its revision does not.
    assert_eq!(talk.hears(found(6, 6, "e30=")), document("{}"));
    // Or between two requests.
    assert_eq!(talk.hears(found(8, 8, "e30=")), document("{}"));
}

#[test]
fn a_store_that_begins_anew_is_asked_anew() {
    let mut talk = talk("98");
    // It has a key, none of whose revisions will be above 98 for long.
    assert_eq!(talk.hears(unchanged(3)), Heard::Next);
    assert_eq!(talk.cursor(), "");
    assert!(!talk.asks().contains("min_mod_revision"));
    assert_eq!(talk.hears(found(3, 2, "e30=")), document("{}"));
    assert_eq!(talk.cursor(), "2");
}

#[test]
fn what_is_there_already_is_not_told_again() {
    let mut talk = talk("2");
    assert_eq!(talk.hears(found(5, 2, "e30=")), Heard::Same);
}

#[test]
fn numbers_of_64_bits_are_read_whole_as_text_and_as_numbers() {
    let mut talk = talk("");
    let last = "9223372036854775807";
    for revision in [format!("\"{last}\""), last.to_owned()] {
        let body = format!(
            r#"{{"header":{{"revision":{revision}}},"kvs":[{{"mod_revision":{revision},"value":"e30="}}],"count":1}}"#
        );
        talk.line = graylane::remote::Line::new("graylane/checkout", "9223372036854775806");
        assert_eq!(talk.hears(reply(200, body)), document("{}"));
        assert_eq!(talk.cursor(), last);
        assert!(talk.asks().contains("9223372036854775808"));
    }
}

#[test]
fn a_key_that_holds_nothing_is_an_empty_document() {
    let body = format!(
        r#"{{{},"kvs":[{{"key":"{KEY}","create_revision":"9","mod_revision":"9","version":"1"}}],"count":"1"}}"#,
        header(9)
    );
    assert_eq!(talk("").hears(reply(200, body)), document(""));
}

#[test]
fn answers_that_are_not_etcds_are_trouble_and_no_deletion() {
    for (body, told) in [
        (
            "{}",
            "answers with no `header.revision`: \"{}\"; see whether this is etcd",
        ),
        (
            "",
            "answers with a body that is not JSON: EOF while parsing a value at line 1 column 0: nothing more; see whether this is etcd",
        ),
        (
            "<html>hello</html>",
            "answers with a body that is not JSON: expected value at line 1 column 1: \"<html>hello</html>\"; see whether this is etcd",
        ),
        (
            r#"{"header":{"revision":"5"},"count":"1"}"#,
            "answers with a count of keys, and no key: \"{\"header\":{\"revision\":\"5\"},\"count\":\"1\"}\"; see whether this is etcd",
        ),
        (
            r#"{"header":{"revision":"5"},"kvs":[{}]}"#,
            "answers with a key without `mod_revision`: \"{\"header\":{\"revision\":\"5\"},\"kvs\":[{}]}\"; see whether this is etcd",
        ),
        (
            r#"{"header":{"revision":"5"},"kvs":[{"mod_revision":"5","value":"e30"}]}"#,
            "answers with a value that is not base64: \"{\"header\":{\"revision\":\"5\"},\"kvs\":[{\"mod_revision\":\"5\",\"value\":\"e30\"}]}\"; see whether this is etcd",
        ),
        (
            r#"{"header":{"revision":"5"},"kvs":[{"mod_revision":"5","value":7}]}"#,
            "answers with a value that is no text: \"{\"header\":{\"revision\":\"5\"},\"kvs\":[{\"mod_revision\":\"5\",\"value\":7}]}\"; see whether this is etcd",
        ),
    ] {
        let mut talk = talk("");
        assert_eq!(talk.trouble(reply(200, body)), told);
        assert_eq!(talk.cursor(), "");
    }
}
