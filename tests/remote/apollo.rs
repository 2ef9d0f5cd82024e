//! Apollo's config service, with the bodies of 2.5.2.

use graylane::remote::{Heard, Reply};

use crate::{Talk, apollo, apollo_of_a_key, document, header, reply};

pub(crate) fn release(key: &str, configurations: &str) -> Reply {
    reply(
        200,
        format!(
            r#"{{"appId":"graylane","cluster":"default","namespaceName":"graylane.json","configurations":{configurations},"releaseKey":"{key}"}}"#
        ),
    )
}

/// The document `{}`.
fn empty(key: &str) -> Reply {
    release(key, r#"{"content":"{}"}"#)
}

fn change(number: &str) -> Reply {
    reply(
        200,
        format!(
            r#"[{{"namespaceName":"graylane.json","notificationId":{number},"messages":{{"details":{{"graylane+default+graylane.json":{number}}}}}}}]"#
        ),
    )
}

fn missing() -> Reply {
    reply(
        404,
        r#"{"timestamp":"2026-11-22T04:22:09.424+0000","status":404,"error":"Not Found","message":"Could not load configurations with appId: graylane, clusterName: default, namespace: graylane.json","path":"/configs/graylane/default/graylane.json"}"#,
    )
}

fn talk(cursor: &str) -> Talk {
    Talk::new(apollo(), "graylane.json", cursor)
}

fn listens(number: &str) -> String {
    format!(
        "GET /notifications/v2?appId=graylane&cluster=default&notifications=%5B%7B%22namespaceName%22%3A%22graylane.json%22%2C%22notificationId%22%3A{number}%7D%5D"
    )
}

#[test]
fn the_release_is_fetched_then_its_number_and_then_it_is_listened() {
    let mut talk = talk("");
    assert_eq!(talk.asks(), "GET /configs/graylane/default/graylane.json");
    assert_eq!(talk.call().hold, 0);
    assert_eq!(
        talk.hears(release("r-1", r#"{"content":"{\"a\":1}"}"#)),
        document("{\"a\":1}")
    );
    assert_eq!(talk.cursor(), "-1/r-1");

    assert_eq!(talk.asks(), listens("-1"));
    assert_eq!(talk.call().hold, 60_000);
    assert_eq!(talk.hears(change("17")), Heard::Next);
    assert_eq!(talk.cursor(), "-1/r-1", "until the release is here");
    assert_eq!(
        talk.asks(),
        "GET /configs/graylane/default/graylane.json?releaseKey=r-1"
    );
    assert_eq!(talk.hears(reply(304, "")), Heard::Same);
    assert_eq!(talk.cursor(), "17/r-1");

    assert_eq!(talk.asks(), listens("17"));
    assert_eq!(talk.hears(change("18")), Heard::Next);
    assert_eq!(talk.hears(empty("r-2")), document("{}"));
    assert_eq!(talk.cursor(), "18/r-2");
}

#[test]
fn an_hour_without_changes_is_compared_all_the_same() {
    let mut talk = talk("17/r-1");
    assert_eq!(talk.hears(reply(304, "")), Heard::Next);
    assert!(talk.asks().ends_with("?releaseKey=r-1"));
    assert_eq!(talk.hears(reply(304, "")), Heard::Same);
    assert_eq!(talk.cursor(), "17/r-1");
    assert_eq!(talk.asks(), listens("17"));
}

#[test]
fn a_number_that_the_server_has_not_reached_is_given_up() {
    let mut talk = talk("90017/r-1");
    assert_eq!(talk.hears(reply(304, "")), Heard::Next);
    assert_eq!(talk.hears(empty("r-2")), document("{}"));
    assert_eq!(talk.cursor(), "-1/r-2");
    assert_eq!(talk.hears(change("12")), Heard::Next);
    assert_eq!(talk.hears(reply(304, "")), Heard::Same);
    assert_eq!(talk.cursor(), "12/r-2");
}

#[test]
fn a_change_that_leads_to_the_same_release_tells_nothing() {
    let mut talk = talk("17/r-1");
    assert_eq!(talk.hears(change("18")), Heard::Next);
    assert_eq!(talk.hears(empty("r-1")), Heard::Same);
    assert_eq!(talk.cursor(), "18/r-1");
}

#[test]
fn another_line_goes_on_from_the_cursor_also_between_a_change_and_its_release() {
    let mut first = talk("17/r-1");
    assert_eq!(first.hears(change("18")), Heard::Next);
    let mut second = talk(first.cursor());
    assert_eq!(second.asks(), listens("17"));
    assert_eq!(second.hears(change("18")), Heard::Next);
    assert_eq!(second.hears(empty("r-2")), document("{}"));
    let mut third = talk(second.cursor());
    assert_eq!(third.asks(), listens("18"));
}

#[test]
fn a_release_that_fails_is_asked_for_again() {
    let mut talk = talk("17/r-1");
    assert_eq!(talk.hears(change("18")), Heard::Next);
    talk.trouble(reply(500, ""));
    assert!(talk.asks().ends_with("?releaseKey=r-1"));
    assert_eq!(talk.hears(empty("r-2")), document("{}"));
    assert_eq!(talk.cursor(), "18/r-2");
}

#[test]
fn what_was_never_released_is_told_once_and_found_when_it_is() {
    let mut first = talk("");
    assert_eq!(first.hears(missing()), Heard::Gone);
    assert_eq!(first.cursor(), "-1/-");
    let mut second = talk(first.cursor());
    for talk in [&mut first, &mut second] {
        assert_eq!(talk.asks(), listens("-1"));
        assert_eq!(talk.hears(reply(304, "")), Heard::Next);
        assert_eq!(talk.asks(), "GET /configs/graylane/default/graylane.json");
        assert_eq!(talk.hears(missing()), Heard::Same);
        assert_eq!(talk.hears(change("3")), Heard::Next);
        assert_eq!(talk.hears(empty("r-1")), document("{}"));
        assert_eq!(talk.cursor(), "3/r-1");
    }
}

#[test]
fn a_release_without_items_has_no_document() {
    let mut talk = talk("17/r-1");
    assert_eq!(talk.hears(change("18")), Heard::Next);
    assert_eq!(talk.hears(release("r-2", "{}")), Heard::Gone);
    assert_eq!(talk.hears(change("19")), Heard::Next);
    assert_eq!(talk.hears(release("r-3", "{}")), Heard::Same);
    assert_eq!(talk.cursor(), "19/-");
}

#[test]
fn requests_are_signed_with_the_key() {
    // By openssl: `printf '<now>\n<path>' | openssl dgst -sha1 -hmac <key> -binary | base64`.
    for (cursor, signature) in [
        ("", "tf5AfQ32gKa0pnsFQ6t9D4xtGos="),
        ("17/r-1", "kwrKfJtBkNFPBW7Jzf60hsDGNIM="),
    ] {
        let mut talk = Talk::new(apollo_of_a_key(), "graylane.json", cursor);
        let call = talk.call();
        assert_eq!(header(&call, "timestamp"), Some("1795320000000"));
        let signed = format!("Apollo 100004458:{signature}");
        assert_eq!(header(&call, "authorization"), Some(&*signed));
    }
    assert_eq!(header(&talk("").call(), "authorization"), None);
}

#[test]
fn a_signature_that_is_refused_may_be_the_clocks_fault() {
    for cursor in ["", "17/r-1"] {
        let refused = reply(
            401,
            r#"{"status":401,"error":"Unauthorized","path":"/configs"}"#,
        );
        assert_eq!(
            talk(cursor).trouble(refused),
            "answers 401: \"{\"status\":401,\"error\":\"Unauthorized\",\"path\":\"/configs\"}\"; see that `secret` is an access key of the app, and that the clocks differ by less than a minute"
        );
    }
}

#[test]
fn a_cursor_of_another_centre_is_none() {
    for cursor in [
        "17",
        "x/r-1",
        "20.18",
        "-",
        "bb6cb5c68df4652941caf652a366f2d8",
    ] {
        assert_eq!(
            talk(cursor).asks(),
            "GET /configs/graylane/default/graylane.json"
        );
        assert_eq!(talk(cursor).hears(empty("r-1")), document("{}"));
    }
}

#[test]
fn answers_that_are_not_apollos_are_trouble() {
    for (cursor, reply, told) in [
        (
            "",
            reply(200, "<html>"),
            "answers with a body that is not JSON: expected value at line 1 column 1: \"<html>\"; see whether this is Apollo",
        ),
        (
            "",
            reply(200, "{}"),
            "answers with no `releaseKey`: \"{}\"; see whether this is Apollo",
        ),
        (
            "",
            reply(200, "{\"releaseKey\":\"r\"}"),
            "answers with no `configurations`: \"{\"releaseKey\":\"r\"}\"; see whether this is Apollo",
        ),
        (
            "",
            release("r", "{\"a\":\"1\"}"),
            "has items and no `content` in the namespace; make it one of the format JSON",
        ),
        (
            "1/r",
            reply(400, "{\"message\":\"Invalid format of notifications\"}"),
            "answers 400: \"Invalid format of notifications\"; see whether this is Apollo",
        ),
        (
            "1/r",
            reply(404, ""),
            "answers 404: nothing more; see whether this is Apollo",
        ),
        (
            "1/r",
            reply(200, "[]"),
            "answers with no `notificationId` of the namespace: \"[]\"; see whether this is Apollo",
        ),
        (
            "1/r",
            reply(200, "{}"),
            "answers with no `notificationId` of the namespace: \"{}\"; see whether this is Apollo",
        ),
        (
            "1/r",
            reply(503, "busy"),
            "answers 503: \"busy\"; see whether Apollo is well",
        ),
    ] {
        let mut talk = talk(cursor);
        assert_eq!(talk.trouble(reply), told);
        assert_eq!(talk.cursor(), cursor);
    }
}
