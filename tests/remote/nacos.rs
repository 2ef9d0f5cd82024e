//! Nacos: the listener of its first interface, with the bodies of 0.8.0 and 2.5.1, and its third,
//! with those of 3.0.3.

use graylane::remote::{Heard, NacosApi, Reply};

use crate::{Talk, document, header, nacos, nacos_of_a_user, reply, with};

/// Of `{"a":1}`.
pub(crate) const ONE: &str = "bb6cb5c68df4652941caf652a366f2d8";

/// Of `{}`.
const EMPTY: &str = "99914b932bd37a50b983c5e7c90ae93b";

const CHANGED: &str = "graylane.json%02DEFAULT_GROUP%01\n";

fn found(body: &str, md5: &str) -> Reply {
    with(reply(200, body), "content-md5", md5)
}

pub(crate) fn one() -> Reply {
    with(found("{\"a\":1}", ONE), "content-length", "7")
}

fn missing() -> Reply {
    reply(404, "config data not exist\n")
}

fn talk(cursor: &str) -> Talk {
    Talk::new(nacos(NacosApi::V1), "graylane.json", cursor)
}

#[test]
fn the_document_is_fetched_and_then_listened_to() {
    let mut talk = talk("");
    assert_eq!(
        talk.asks(),
        "GET /nacos/v1/cs/configs?dataId=graylane.json&group=DEFAULT_GROUP"
    );
    assert_eq!(talk.call().hold, 0);
    assert_eq!(talk.hears(one()), document("{\"a\":1}"));
    assert_eq!(talk.cursor(), ONE);
    let call = talk.call();
    assert_eq!(
        crate::written(&call),
        format!(
            "POST /nacos/v1/cs/configs/listener Listening-Configs=graylane.json%02DEFAULT_GROUP%02{ONE}%01"
        )
    );
    assert_eq!(header(&call, "long-pulling-timeout"), Some("30000"));
    assert_eq!(
        header(&call, "content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(call.hold, 30_000);
    assert_eq!(talk.hears(reply(200, "")), Heard::Same);
    assert_eq!(talk.hears(reply(200, CHANGED)), Heard::Next);
    // Until it is fetched, the cursor is that of what was.
    assert_eq!(talk.cursor(), ONE);
    assert_eq!(
        talk.asks(),
        "GET /nacos/v1/cs/configs?dataId=graylane.json&group=DEFAULT_GROUP"
    );
    let two = found("{\"a\":\"é 2\"}", "b1d11e2d2ad1538b52f74d02ef9289b1");
    assert_eq!(talk.hears(two), document("{\"a\":\"é 2\"}"));
    assert_eq!(talk.cursor(), "b1d11e2d2ad1538b52f74d02ef9289b1");
    assert!(talk.asks().starts_with("POST"));
}

#[test]
fn a_group_and_a_namespace_go_along() {
    let mut talk = Talk::new(nacos_of_a_user(NacosApi::V1), "graylane.json", "");
    talk.token = Some("eyJhbGciOiJIUzI1NiJ9.e30.x");
    let call = talk.call();
    assert_eq!(
        call.path,
        "/nacos/v1/cs/configs?dataId=graylane.json&group=GRAY&tenant=ns-1"
    );
    let bearer = Some("Bearer eyJhbGciOiJIUzI1NiJ9.e30.x");
    assert_eq!(header(&call, "authorization"), bearer);
    talk.hears(one());
    let call = talk.call();
    assert_eq!(header(&call, "authorization"), bearer);
    assert!(crate::written(&call).ends_with(&format!(
        "Listening-Configs=graylane.json%02GRAY%02{ONE}%02ns-1%01"
    )));
    let changed = reply(200, "graylane.json%02GRAY%02ns-1%01\n");
    assert_eq!(talk.hears(changed), Heard::Next);
}

#[test]
fn another_line_goes_on_from_the_cursor_also_between_a_change_and_its_document() {
    let mut first = talk("");
    first.hears(one());
    assert_eq!(first.hears(reply(200, CHANGED)), Heard::Next);
    let mut second = talk(first.cursor());
    assert!(second.asks().contains(ONE));
    assert_eq!(second.hears(reply(200, CHANGED)), Heard::Next);
    assert!(second.asks().starts_with("GET"));
}

#[test]
fn a_change_whose_document_fails_is_asked_for_again() {
    let mut talk = talk(ONE);
    assert_eq!(talk.hears(reply(200, CHANGED)), Heard::Next);
    talk.trouble(reply(503, "busy"));
    assert!(talk.asks().starts_with("GET"));
    assert_eq!(talk.hears(found("{}", EMPTY)), document("{}"));
}

#[test]
fn a_listener_that_tells_of_changes_that_are_none_tells_nothing() {
    let mut talk = talk(ONE);
    for _ in 0..3 {
        assert_eq!(talk.hears(reply(200, CHANGED)), Heard::Next);
        assert_eq!(talk.hears(one()), Heard::Same);
    }
}

/// For some 100 ms after a publish, 0.8.0 has the new file and the old MD5.
#[test]
fn content_that_comes_before_its_md5_is_told_with_it() {
    let mut talk = talk(ONE);
    assert_eq!(talk.hears(reply(200, CHANGED)), Heard::Next);
    assert_eq!(talk.hears(found("{}", ONE)), Heard::Same);
    assert!(talk.asks().contains(ONE), "so it is changed still");
    assert_eq!(talk.hears(reply(200, CHANGED)), Heard::Next);
    assert_eq!(talk.hears(found("{}", EMPTY)), document("{}"));
}

#[test]
fn a_document_that_is_not_there_is_told_once_and_listened_for() {
    let mut first = talk("");
    assert_eq!(first.hears(missing()), Heard::Gone);
    let mut second = talk(first.cursor());
    for talk in [&mut first, &mut second] {
        assert_eq!(
            talk.asks(),
            "POST /nacos/v1/cs/configs/listener Listening-Configs=graylane.json%02DEFAULT_GROUP%02%01"
        );
        assert_eq!(talk.hears(reply(200, "")), Heard::Same);
        assert_eq!(talk.hears(reply(200, CHANGED)), Heard::Next);
        assert_eq!(talk.hears(missing()), Heard::Same);
        assert_eq!(talk.hears(reply(200, CHANGED)), Heard::Next);
        assert_eq!(talk.hears(one()), document("{\"a\":1}"));
    }
}

#[test]
fn a_deletion_is_a_change() {
    let mut talk = talk(ONE);
    assert_eq!(talk.hears(reply(200, CHANGED)), Heard::Next);
    assert_eq!(talk.hears(missing()), Heard::Gone);
    assert_eq!(talk.cursor(), "-");
}

#[test]
fn answers_that_are_not_the_documents_are_trouble() {
    for (cursor, reply, told) in [
        (
            "",
            reply(200, "{\"a\":1}"),
            "answers with no `Content-MD5`: \"{\"a\":1}\"; see whether this is Nacos",
        ),
        (
            "",
            found("{}", "99914b93"),
            "answers with no `Content-MD5`: \"{}\"; see whether this is Nacos",
        ),
        (
            "",
            // As RFC 1864 has it, and as long.
            found("{}", "mZFLkyvTelC5g8XnyQrpOw==........"),
            "answers with no `Content-MD5`: \"{}\"; see whether this is Nacos",
        ),
        (
            "",
            reply(404, "<html>Not Found</html>"),
            "answers 404: \"<html>Not Found</html>\"; see whether this is Nacos",
        ),
        (
            "",
            reply(400, "invalid dataId\n"),
            "answers 400: \"invalid dataId\"; see whether this is Nacos",
        ),
        (
            "",
            reply(409, "requested file is being modified, please try later."),
            "answers 409: \"requested file is being modified, please try later.\"; see whether this is Nacos",
        ),
        (
            ONE,
            reply(200, "other.json%02DEFAULT_GROUP%01\n"),
            "answers with the name of another document: \"other.json%02DEFAULT_GROUP%01\"; see whether this is Nacos",
        ),
        (
            ONE,
            reply(200, "<html>"),
            "answers with the name of another document: \"<html>\"; see whether this is Nacos",
        ),
        (
            ONE,
            reply(404, "gone"),
            "answers 404: \"gone\"; see whether this is Nacos",
        ),
        (
            ONE,
            reply(500, ""),
            "answers 500: nothing more; see whether Nacos is well",
        ),
    ] {
        let mut talk = talk(cursor);
        assert_eq!(talk.trouble(reply), told);
        assert_eq!(talk.cursor(), cursor);
    }
}

/// An answer of the third interface.
pub(crate) fn wrapped(content: &str, md5: &str) -> Reply {
    reply(
        200,
        format!(
            r#"{{"code":0,"message":"success","data":{{"resultCode":200,"errorCode":0,"message":null,"requestId":null,"content":{content:?},"encryptedDataKey":"","contentType":"json","md5":"{md5}","lastModified":1763740000000,"tag":null,"beta":false,"success":true}}}}"#
        ),
    )
}

#[test]
fn the_third_interface_is_asked_every_time() {
    let mut talk = Talk::new(nacos_of_a_user(NacosApi::V3), "graylane.json", "");
    talk.token = Some("t");
    let path =
        "GET /nacos/v3/client/cs/config?dataId=graylane.json&groupName=GRAY&namespaceId=ns-1";
    assert_eq!(talk.asks(), path);
    assert_eq!(talk.call().hold, 0);
    assert_eq!(header(&talk.call(), "authorization"), Some("Bearer t"));
    assert_eq!(talk.hears(wrapped("{\"a\":1}", ONE)), document("{\"a\":1}"));
    assert_eq!(talk.cursor(), ONE);
    assert_eq!(talk.asks(), path);
    assert_eq!(talk.hears(wrapped("{\"a\":1}", ONE)), Heard::Same);
    assert_eq!(talk.hears(wrapped("{}", EMPTY)), document("{}"));
}

#[test]
fn what_is_missing_in_the_third_interface_has_a_code_of_its_own() {
    let body = r#"{"code":20004,"message":"resource not found","data":null}"#;
    for status in [200, 404] {
        let mut talk = Talk::new(nacos(NacosApi::V3), "graylane.json", ONE);
        assert_eq!(talk.hears(reply(status, body)), Heard::Gone);
        assert_eq!(talk.hears(reply(status, body)), Heard::Same);
        assert_eq!(talk.hears(wrapped("{}", EMPTY)), document("{}"));
    }
}

#[test]
fn other_answers_of_the_third_interface_are_trouble() {
    for (reply, told) in [
        (
            reply(404, "<html>"),
            "answers 404: \"<html>\"; see whether this is Nacos",
        ),
        (
            reply(
                200,
                r#"{"code":30000,"message":"server error","data":null}"#,
            ),
            "answers with another `code`: \"server error\"; see whether this is Nacos",
        ),
        (
            reply(200, r#"{"code":0,"data":{"content":"{}"}}"#),
            "answers with no `data.md5`: \"{\"code\":0,\"data\":{\"content\":\"{}\"}}\"; see whether this is Nacos",
        ),
        (
            reply(200, r#"{"code":0,"data":null}"#),
            "answers with no `data.content`: \"{\"code\":0,\"data\":null}\"; see whether this is Nacos",
        ),
        (
            reply(410, r#"{"code":410,"message":"gone"}"#),
            "answers 410: \"gone\"; see whether this is Nacos",
        ),
    ] {
        let mut talk = Talk::new(nacos(NacosApi::V3), "graylane.json", ONE);
        assert_eq!(talk.trouble(reply), told);
        assert_eq!(talk.cursor(), ONE);
    }
}
