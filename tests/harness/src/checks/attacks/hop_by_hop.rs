//! `Connection: x-user-id`: Envoy takes what it names off a request before any filter. A client may
//! take away what it could as well not have sent, and nothing that graylane writes.

use std::sync::Arc;

use anyhow::Result;
use serde_json::json;

use super::NAME;
use super::site::{Allowed, CLUSTER, MIRROR, Site, TAG};
use crate::checks::people::{policy, with_user};
use crate::client::Visit;
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::report::Row;

const USERS: usize = 12;
/// What `Connection` says, and the headers that this takes away.
const NAMED: [(&str, &[&str]); 14] = [
    ("x-user-id", &["x-user-id"]),
    ("X-User-ID", &["x-user-id"]),
    ("keep-alive, x-user-id", &["x-user-id"]),
    ("x-user-id, x-user-id,,", &["x-user-id"]),
    ("cookie", &["cookie"]),
    ("x-user-id,cookie", &["x-user-id", "cookie"]),
    ("x-qa", &["x-qa"]),
    (TAG, &[TAG]),
    (CLUSTER, &[CLUSTER]),
    (MIRROR, &[MIRROR]),
    ("x-gray-version, x-gray-cluster", &[TAG, CLUSTER]),
    ("close, x-gray-cluster", &[CLUSTER]),
    ("x-gray", &[]),
    ("x-gray-version;x-gray-cluster", &[]),
];

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (case, role) in [("at the edge", "edge"), ("in the mesh", "mesh")] {
        let mut policy = policy(&[("v2", 30.0), ("v3", 0.0)]);
        policy["role"] = role.into();
        policy["services"][0]["mirror"] = json!([
            { "version": "v3", "percent": 30, "by": [{ "header": "x-user-id" }] },
        ]);
        let setup = Setup::of("mirror").without_native_stripping();
        let site = Site::start(lab, &setup, &policy).await?;
        rows.extend(run(&site, &format!("Connection {case}")).await?);
    }
    Ok(rows)
}

async fn run(site: &Site, case: &str) -> Result<Vec<Row>> {
    let (sent, left): (Vec<_>, Vec<_>) = (0..USERS * NAMED.len()).map(visit).unzip();
    let sent: Arc<[Visit]> = sent.into();
    let answers = site.ask(case, &sent).await?;
    // It is as if what was named had not been sent.
    let wanted = |number: usize, visit: &Visit| {
        let left = left.get(number).unwrap_or(visit);
        site.native.decide(left).version
    };
    let right = site.right(case, &left, &answers, wanted);
    let copies = left
        .iter()
        .filter(|visit| site.native.decide(visit).mirror.is_some());
    let copies = copies.count();
    let rule = format!("{case}: as without what it names");
    let mut rows = vec![Row::exact(NAME, rule, sent.len(), right)];
    let allowed = Allowed {
        copies,
        ..Allowed::default()
    };
    rows.extend(site.sound(case, sent.len(), allowed).await?);
    Ok(rows)
}

/// A visit as it is sent, and as it is once what it names is gone.
fn visit(number: usize) -> (Visit, Visit) {
    let user = number / NAMED.len();
    let (connection, gone) = NAMED[number % NAMED.len()];
    let mut visit = with_user(Visit::of(format!("user-{user}")))
        .with("cookie", format!("uid=somebody-{user}"))
        .with("x-qa", if user.is_multiple_of(6) { "on" } else { "off" })
        .with(CLUSTER, "checkout-v2")
        .with(MIRROR, "checkout-v2");
    if user.is_multiple_of(4) {
        visit = visit.with(TAG, "v2");
    }
    let mut left = visit.clone();
    left.headers.retain(|(name, _)| !gone.contains(&&**name));
    (visit.with("connection", connection), left)
}
