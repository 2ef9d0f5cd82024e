//! The policies and the users that several checks share.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::client::{Protocol, Visit};

/// A service `checkout` with baseline `v1`: testers by header, and a split by user that gives
/// each version named its share in percent.
#[must_use]
pub fn policy(shares: &[(&str, f64)]) -> Value {
    let version = |name: &str| json!({ "name": name, "cluster": format!("checkout-{name}") });
    let mut versions = vec![version("v1")];
    versions.extend(shares.iter().map(|(name, _)| version(name)));
    let to: Vec<_> = shares
        .iter()
        .map(|(name, percent)| json!({ "version": name, "percent": percent }))
        .collect();
    let first = shares.first().map_or("v1", |(name, _)| name);
    json!({
        "schema": "graylane/v1",
        "role": "edge",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": versions,
            "rules": [
                { "name": "testers",
                  "when": { "header": { "name": "x-qa", "equals": "on" } },
                  "use": first },
                { "name": "split",
                  "split": { "by": [{ "header": "x-user-id" }, { "cookie": "uid" }], "to": to } },
            ],
        }],
    })
}

/// A service `checkout` with the versions `v1`, which is its baseline, and `v2`, and these rules.
pub(super) fn with_rules(rules: &Value) -> Value {
    json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [
                { "name": "v1", "cluster": "checkout-v1" },
                { "name": "v2", "cluster": "checkout-v2" },
            ],
            "rules": rules,
        }],
    })
}

/// Users in turn: most named by a header, some by a cookie, by both, in repeated and odd
/// headers, by nothing at all; some testers. Half of them over HTTP/2.
#[must_use]
pub fn mixed_users(count: usize) -> Arc<[Visit]> {
    (0..count)
        .map(|number| {
            let user = format!("user-{number}");
            let visit = Visit::of(&*user).to(&format!("/cart/{number}?item=7"));
            let visit = match number % 20 {
                0..=8 => with_user(visit),
                9..=12 => visit.with("cookie", format!("theme=dark; uid={user}; lang=en")),
                13 => visit
                    .with("x-user-id", &*user)
                    .with("cookie", "uid=somebody-else"),
                // Of a repeated header the first counts; of a cookie likewise.
                14 => visit
                    .with("x-user-id", &*user)
                    .with("x-user-id", "somebody-else"),
                15 => visit
                    .with("cookie", "theme=dark")
                    .with("cookie", format!("uid={user}; uid=somebody-else")),
                // Keys are bytes, not text.
                16 => visit.with("x-user-id", [user.as_bytes(), b"\xff\xfe\x80"].concat()),
                // An empty key is no key: the cookie decides.
                17 => visit
                    .with("x-user-id", "")
                    .with("cookie", format!("uid={user}")),
                18 => with_user(visit).with("x-qa", if number % 40 == 18 { "on" } else { "off" }),
                _ => visit,
            };
            if number % 2 == number / 20 % 2 {
                visit
            } else {
                visit.over(Protocol::Http2)
            }
        })
        .collect()
}

/// The visit, with its user in the header that splits go by.
#[must_use]
pub fn with_user(visit: Visit) -> Visit {
    let user = visit.user.clone();
    visit.with("x-user-id", user)
}
