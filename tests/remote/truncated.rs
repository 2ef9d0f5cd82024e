//! Replies of which a part is missing: never another document, and no panic.

use graylane::remote::{Centre, Heard, Line, NacosApi, Reply};
use proptest::prelude::*;

use crate::{NOW, Talk, all, apollo, consul, etcd, http, nacos, reply, with};

/// A reply with a document, for a line that has heard nothing.
fn whole() -> Vec<(Centre, &'static str, Reply)> {
    vec![
        (etcd(), "a", crate::etcd::found(9, 9, "eyJhIjoxfQ==")),
        (
            consul(),
            "a",
            crate::consul::found(9, 9, "\"eyJhIjoxfQ==\""),
        ),
        (nacos(NacosApi::V1), "a", crate::nacos::one()),
        (
            nacos(NacosApi::V3),
            "a",
            crate::nacos::wrapped("{\"a\":1}", crate::nacos::ONE),
        ),
        (
            apollo(),
            "a",
            crate::apollo::release("r-1", r#"{"content":"{\"a\":1}"}"#),
        ),
        (
            http(),
            "/a",
            with(reply(200, "{\"a\":1}"), "content-length", "7"),
        ),
    ]
}

#[test]
fn a_body_that_is_cut_is_trouble_at_every_byte() {
    for (centre, name, reply) in whole() {
        let mut talk = Talk::new(centre.clone(), name, "");
        assert_eq!(talk.hears(reply.clone()), crate::document("{\"a\":1}"));
        let full = reply.body.len();
        for length in 0..full {
            let mut cut = reply.clone();
            cut.body.truncate(length);
            // Nothing but space may be missing at the end.
            let rest = &reply.body[length..];
            let mut talk = Talk::new(centre.clone(), name, "");
            match talk.hears(cut) {
                Heard::Trouble(_) => assert_eq!(talk.cursor(), ""),
                Heard::Document(all) => {
                    assert!(
                        rest.trim_ascii().is_empty(),
                        "{} at {length}",
                        centre.kind()
                    );
                    assert_eq!(all, b"{\"a\":1}");
                }
                other => panic!("{} at {length}: {other:?}", centre.kind()),
            }
        }
    }
}

#[test]
fn a_change_that_is_cut_is_none_or_trouble() {
    for (centre, name, cursor, body) in [
        (
            nacos(NacosApi::V1),
            "a.json",
            "-",
            "a.json%02DEFAULT_GROUP%01",
        ),
        (
            apollo(),
            "a.json",
            "17/r-1",
            r#"[{"namespaceName":"a.json","notificationId":18}]"#,
        ),
    ] {
        let mut talk = Talk::new(centre.clone(), name, cursor);
        assert_eq!(talk.hears(reply(200, body)), Heard::Next);
        for length in 0..body.len() {
            let mut talk = Talk::new(centre.clone(), name, cursor);
            let heard = talk.hears(reply(200, &body[..length]));
            assert!(
                matches!(heard, Heard::Trouble(_)) || length == 0 && heard == Heard::Same,
                "{length}: {heard:?}"
            );
        }
    }
}

#[test]
fn a_body_is_as_long_as_its_header_says() {
    for (centre, name, reply) in whole() {
        let length = reply.body.len() + 3;
        let mut reply = reply;
        reply.headers.retain(|(name, _)| name != "content-length");
        let cut = with(reply, "content-length", &length.to_string());
        let told = format!(
            "answers with {} of {length} bytes; see whether something between cuts it",
            length - 3
        );
        assert_eq!(Talk::new(centre, name, "").trouble(cut), told);
    }
}

proptest! {
    /// Whatever comes, nothing panics, cursors are cursors, and requests are requests.
    #[test]
    fn any_reply_is_read(
        which in 0usize..6,
        cursor in prop_oneof![Just(""), Just("-"), Just("7"), Just("7.7"), Just("7/r"), Just("0 \"e\"")],
        replies in prop::collection::vec(
            (
                prop::sample::select(vec![200u16, 200, 200, 304, 400, 401, 403, 404, 500]),
                prop_oneof![
                    ".{0,40}".prop_map(String::into_bytes),
                    prop::collection::vec(any::<u8>(), 0..40),
                    prop::sample::select(whole()).prop_map(|(_, _, reply)| reply.body),
                ],
                prop::sample::select(vec!["x-consul-index", "content-md5", "etag", "content-length"]),
                ".{0,20}",
            ),
            1..6,
        ),
    ) {
        let (centre, name) = all().swap_remove(which);
        let mut line = Line::new(name, cursor);
        let mut next = 0;
        for (status, body, header, value) in replies {
            let call = line.ask(&centre, None, NOW);
            prop_assert!(call.path.starts_with('/') && call.path.is_ascii());
            let fits = |(_, value): &(&str, String)| value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            prop_assert!(call.headers.iter().all(fits), "{:?}", call.headers);
            let heard = line.hear(&centre, &with(reply(status, body), header, &value));
            next = if heard == Heard::Next { next + 1 } else { 0 };
            prop_assert!(next <= 3);
            prop_assert!(line.cursor().len() <= 512);
            prop_assert!(!line.cursor().chars().any(char::is_control));
        }
    }
}
