//! Consul's blocking queries, with the bodies of Consul 1.14.11.

use graylane::remote::{Heard, Reply};

use crate::{Talk, consul, consul_of_a_token, document, header, reply, with};

pub(crate) fn found(index: u64, modified: u64, value: &str) -> Reply {
    let body = format!(
        "[\n    {{\n        \"LockIndex\": 0,\n        \"Key\": \"graylane/checkout\",\n        \"Flags\": 0,\n        \"Value\": {value},\n        \"CreateIndex\": 18,\n        \"ModifyIndex\": {modified}\n    }}\n]\n"
    );
    with(reply(200, body), "x-consul-index", &index.to_string())
}

fn missing(index: u64) -> Reply {
    with(reply(404, ""), "x-consul-index", &index.to_string())
}

/// The cursor of a document.
fn at(index: u64, modified: u64, document: &str) -> String {
    let revision = graylane::revision(document.as_bytes());
    format!("{index}.{modified}.{revision}")
}

fn talk(cursor: &str) -> Talk {
    Talk::new(consul(), "graylane/checkout", cursor)
}

#[test]
fn the_first_answer_comes_at_once_and_the_others_are_held() {
    let mut talk = talk("");
    assert_eq!(talk.asks(), "GET /v1/kv/graylane/checkout");
    assert_eq!(talk.call().hold, 0);
    assert_eq!(
        talk.hears(found(20, 18, "\"eyJhIjoxfQ==\"")),
        document("{\"a\":1}")
    );
    assert_eq!(talk.cursor(), at(20, 18, "{\"a\":1}"));
    assert_eq!(
        talk.asks(),
        "GET /v1/kv/graylane/checkout?index=20&wait=30s"
    );
    assert_eq!(talk.call().hold, 30_000);
    // It has waited, and tells the key as it was.
    assert_eq!(talk.hears(found(20, 18, "\"eyJhIjoxfQ==\"")), Heard::Same);
    // It was woken by something else.
    assert_eq!(talk.hears(found(21, 18, "\"eyJhIjoxfQ==\"")), Heard::Same);
    assert_eq!(talk.cursor(), at(21, 18, "{\"a\":1}"));
    assert_eq!(
        talk.hears(found(22, 22, "\"eyJhIjoyfQ==\"")),
        document("{\"a\":2}")
    );
}

#[test]
fn a_token_and_a_datacenter_go_along() {
    let mut talk = Talk::new(consul_of_a_token(), "gray lane/prüfung", "20.18.7");
    let call = talk.call();
    assert_eq!(
        call.path,
        "/v1/kv/gray%20lane/pr%C3%BCfung?index=20&wait=30s&dc=dc%201"
    );
    assert_eq!(header(&call, "x-consul-token"), Some("b1gs33cr3t-acl"));
}

#[test]
fn another_line_goes_on_from_the_cursor() {
    let mut first = talk("");
    first.hears(found(20, 18, "\"e30=\""));
    let mut second = talk(first.cursor());
    assert_eq!(
        second.asks(),
        "GET /v1/kv/graylane/checkout?index=20&wait=30s"
    );
    assert_eq!(second.hears(found(20, 18, "\"e30=\"")), Heard::Same);
    let mut third = talk(second.cursor());
    assert_eq!(third.hears(found(31, 31, "\"e30=\"")), document("{}"));
}

#[test]
fn a_missing_key_waits_behind_an_index_that_is_not_the_keys() {
    let mut talk = talk("");
    assert_eq!(talk.hears(missing(1)), Heard::Gone);
    assert_eq!(talk.cursor(), "1.0.0");
    assert_eq!(talk.asks(), "GET /v1/kv/graylane/checkout?index=1&wait=30s");
    assert_eq!(talk.hears(missing(40)), Heard::Same);
    assert_eq!(talk.cursor(), "40.0.0");
    assert_eq!(talk.hears(found(41, 41, "\"e30=\"")), document("{}"));
    assert_eq!(talk.hears(missing(42)), Heard::Gone);
    assert_eq!(talk.hears(missing(42)), Heard::Same);
    assert_eq!(talk.hears(missing(7)), Heard::Same);
    assert_eq!(talk.cursor(), "7.0.0");
}

#[test]
fn an_index_that_falls_is_another_stores() {
    let mut talk = talk("42.18.7");
    // As it happens, with the same number.
    assert_eq!(
        talk.hears(found(18, 18, "\"eyJhIjoyfQ==\"")),
        document("{\"a\":2}")
    );
    assert_eq!(talk.cursor(), at(18, 18, "{\"a\":2}"));
    let mut talk = self::talk("42.18.7");
    assert_eq!(talk.hears(missing(1)), Heard::Gone);
    assert_eq!(talk.cursor(), "1.0.0");
}

/// A store in memory that has begun anew, and counts as it did.
#[test]
fn another_document_under_the_same_numbers_is_another_one() {
    let mut talk = talk(&at(20, 18, "{\"a\":1}"));
    assert_eq!(
        talk.hears(found(20, 18, "\"eyJhIjoyfQ==\"")),
        document("{\"a\":2}")
    );
    assert_eq!(talk.hears(found(20, 18, "\"eyJhIjoyfQ==\"")), Heard::Same);
}

#[test]
fn an_index_of_0_would_not_be_waited_for() {
    let mut talk = talk("");
    assert_eq!(talk.hears(missing(0)), Heard::Gone);
    assert_eq!(talk.asks(), "GET /v1/kv/graylane/checkout?index=1&wait=30s");
}

#[test]
fn a_key_that_holds_nothing_is_an_empty_document() {
    assert_eq!(talk("").hears(found(28, 28, "null")), document(""));
}

#[test]
fn no_permission_and_no_such_token_are_told_apart_by_its_own_words() {
    for words in [
        "Permission denied: token with AccessorID '00000000-0000-0000-0000-000000000002' lacks permission 'key:read' on \"graylane/checkout\"",
        "ACL not found",
    ] {
        let told =
            format!("answers 403: \"{words}\"; give a `token` that may read and write the key");
        assert_eq!(talk("20.18.7").trouble(reply(403, words)), told);
    }
}

#[test]
fn answers_that_are_not_consuls_are_trouble_and_no_deletion() {
    let unindexed = |status, body: &str| reply(status, body);
    let indexed = |body: &str| with(reply(200, body), "x-consul-index", "5");
    for (reply, told) in [
        (
            unindexed(404, "no such page"),
            "answers 404: \"no such page\"; see whether this is Consul",
        ),
        (
            unindexed(200, "[]"),
            "answers with no `X-Consul-Index`: \"[]\"; see whether this is Consul",
        ),
        (
            with(unindexed(404, ""), "x-consul-index", "-1"),
            "answers 404: nothing more; see whether this is Consul",
        ),
        (
            indexed("[]"),
            "answers with no list of keys: \"[]\"; see whether this is Consul",
        ),
        (
            indexed("{}"),
            "answers with no list of keys: \"{}\"; see whether this is Consul",
        ),
        (
            indexed("[{\"Value\":\"e30=\"}]"),
            "answers with a key without `ModifyIndex`: \"[{\"Value\":\"e30=\"}]\"; see whether this is Consul",
        ),
        (
            indexed("[{\"ModifyIndex\":5}]"),
            "answers with a key without `Value`: \"[{\"ModifyIndex\":5}]\"; see whether this is Consul",
        ),
        (
            indexed("[{\"ModifyIndex\":5,\"Value\":\"e30\"}]"),
            "answers with a value that is not base64: \"[{\"ModifyIndex\":5,\"Value\":\"e30\"}]\"; see whether this is Consul",
        ),
        (
            unindexed(500, "No cluster leader"),
            "answers 500: \"No cluster leader\"; see whether Consul is well",
        ),
    ] {
        let mut talk = talk("4.4.7");
        assert_eq!(talk.trouble(reply), told);
        assert_eq!(talk.cursor(), "4.4.7");
    }
}
