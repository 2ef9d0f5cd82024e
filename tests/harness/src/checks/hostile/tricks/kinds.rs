//! Answers of each kind of centre that are right in form alone.

use super::super::centre::answer;
use super::super::shape::document;
use super::super::site::{changes_at, policy};
use super::{Trick, trick};
use crate::centre::Kind;

/// What a server of this kind may say that is right in form alone.
pub(in super::super) fn of_kind(kind: Kind) -> Vec<Trick> {
    let ok = |lines: &str, body: &str| answer("200 OK", lines, body);
    let mut tricks = vec![
        trick(
            "a login page",
            ok("", "<title>Log in</title>"),
            "answers with",
        ),
        trick(
            "JSON of something else",
            ok("", "{\"paths\": {}}"),
            "answers with",
        ),
        trick(
            "deep brackets",
            // Consul's answers have one.
            ok("x-consul-index: 7\r\n", &"[".repeat(100_000)),
            "nests deeper than 48",
        ),
    ];
    let same = policy(0).to_string();
    let backwards = Trick {
        name: "numbers that run backwards",
        answer: document(kind, 1, same.as_bytes()),
        says: None,
    };
    let last = Trick {
        name: "the last number there is",
        answer: document(kind, usize::MAX, same.as_bytes()),
        says: None,
    };
    let wrong = document(kind, changes_at(9_000), b"{\"a\\n[critical] forged\": 1}");
    match kind {
        Kind::Consul => tricks.extend([
            backwards,
            last,
            trick("a value that is not base64", ok("x-consul-index: 7\r\n", r#"[{"Key": "k", "ModifyIndex": 7, "Value": "%"}]"#), "not base64"),
        ]),
        Kind::Etcd => tricks.extend([
            backwards,
            last,
            trick("a key of no document", ok("", r#"{"header": {"revision": "99999"}, "kvs": [{"mod_revision": "-1"}], "count": "1"}"#), "a key without `mod_revision`"),
        ]),
        Kind::Nacos => tricks.push(trick(
            "a hash that is none",
            ok("", r#"{"code": 0, "data": {"content": "{}", "md5": "\r\nx: y"}}"#),
            "no `data.md5`",
        )),
        // It has to be told first that there is something.
        Kind::Apollo => return tricks,
        Kind::Http => {}
    }
    tricks.push(trick(
        "no policy in it",
        wrong,
        "policy refused: a\\n[critical] forged: unknown field",
    ));
    tricks
}
