//! Who asks: browsers, each of another user.

use anyhow::Result;
use serde_json::Value;

use crate::client::Visit;
use crate::native::Native;

/// So many users come in turn.
const USERS: usize = 100;

/// What a browser sends, a session's cookies among it, by one user after the other.
pub(super) fn users() -> Vec<Visit> {
    each(|visit| visit)
}

/// The same, each changed.
#[must_use]
pub fn each(change: impl Fn(Visit) -> Visit) -> Vec<Visit> {
    let visit = |number| {
        let user = format!("user-{number}");
        let visit = browser(Visit::of(&*user).to("/cart/checkout?item=4711&ref=home"));
        let cookie =
            format!("theme=dark; session=0f8fad5b-d9cb-469f-a165-70867728950e; uid={user}");
        change(visit.with("cookie", cookie).with("x-user-id", user))
    };
    (0..USERS).map(visit).collect()
}

/// Users with the cookie that keeps them, where they have one to get.
pub(super) fn kept(policy: &Value) -> Result<Vec<Visit>> {
    let native = Native::compile(policy)?;
    let with_cookie = |visit: Visit| {
        let cookies = native.cookies(&visit);
        cookies.into_iter().fold(visit, |mut visit, cookie| {
            for (_, value) in visit
                .headers
                .iter_mut()
                .filter(|(name, _)| name == "cookie")
            {
                value.extend_from_slice(format!("; {cookie}").as_bytes());
            }
            visit
        })
    };
    Ok(users().into_iter().map(with_cookie).collect())
}

/// Those of the users whom the policy sends to the version.
pub(super) fn users_of(version: &str, policy: &Value) -> Result<Vec<Visit>> {
    let native = Native::compile(policy)?;
    let own = |visit: &Visit| native.decide(visit).version.as_deref() == Some(version);
    Ok(users().into_iter().filter(own).collect())
}

/// Thirteen headers; with the cookies and the host's beside them a browser's usual lot.
fn browser(visit: Visit) -> Visit {
    const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                         Chrome/142.0.0.0 Safari/537.36";
    [
        ("user-agent", AGENT),
        (
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
        ),
        ("accept-language", "en-US,en;q=0.9"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("cache-control", "max-age=0"),
        ("referer", "https://shop.example.com/cart"),
        (
            "sec-ch-ua",
            "\"Chromium\";v=\"142\", \"Google Chrome\";v=\"142\"",
        ),
        ("sec-ch-ua-mobile", "?0"),
        ("sec-ch-ua-platform", "\"Linux\""),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-site", "same-origin"),
        ("upgrade-insecure-requests", "1"),
    ]
    .into_iter()
    .fold(visit, |visit, (name, value)| visit.with(name, value))
}
