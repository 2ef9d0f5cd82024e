//! How each kind of centre tells of a document, and what it asks for in the policy.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use super::centre::{Answer, answer};
use crate::centre::{Kind, SECRET};

/// The answer of a centre of this kind that is well: the document, which has changed so often.
pub(super) fn document(kind: Kind, changes: usize, document: &[u8]) -> Answer {
    let value = Base64::encode_string(document);
    let text = String::from_utf8_lossy(document);
    match kind {
        Kind::Http => answer("200 OK", &format!("etag: \"{changes}\"\r\n"), document),
        Kind::Consul => answer(
            "200 OK",
            &format!("x-consul-index: {changes}\r\n"),
            json!([{ "Key": "k", "ModifyIndex": changes, "Value": value }]).to_string(),
        ),
        Kind::Etcd => answer(
            "200 OK",
            "",
            json!({
                "header": { "revision": changes.to_string() },
                "kvs": [{ "mod_revision": changes.to_string(), "value": value }],
                "count": "1",
            })
            .to_string(),
        ),
        Kind::Nacos => answer(
            "200 OK",
            "",
            json!({ "code": 0, "data": { "content": text, "md5": format!("{changes:032x}") } })
                .to_string(),
        ),
        Kind::Apollo => answer(
            "200 OK",
            "",
            json!({
                "releaseKey": changes.to_string(),
                "configurations": { "content": text },
            })
            .to_string(),
        ),
    }
}

/// What Apollo answers first: that there is a change.
pub(super) fn notification(namespace: &str, changes: usize) -> Answer {
    let body = json!([{ "namespaceName": namespace, "notificationId": changes }]);
    answer("200 OK", "", body.to_string())
}

/// What the policy's `remote` says of it. Consul's token is Envoy's.
pub(super) fn own(kind: Kind) -> Value {
    match kind {
        Kind::Http => json!({ "token": SECRET }),
        Kind::Etcd | Kind::Consul => json!({}),
        Kind::Nacos => json!({ "api": "v3" }),
        Kind::Apollo => json!({ "app": "graylane", "secret": SECRET }),
    }
}
