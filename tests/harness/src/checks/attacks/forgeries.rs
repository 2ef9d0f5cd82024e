//! The three headers that graylane writes, forged in every way that is still well-formed HTTP: at
//! an edge that trusts nobody, at one that trusts some, and by an application in the mesh.

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::NAME;
use super::site::{Allowed, CLUSTER, MIRROR, Site, TAG};
use crate::checks::people::{policy, with_user};
use crate::client::{Connection, Protocol, Visit};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::report::Row;

/// With each forgery: some of them on the canary, some copied.
const USERS: usize = 8;
/// More than this a backend does not take over HTTP/2.
const MOST_OF_HTTP2: usize = 12 * 1024;
/// What Envoy takes of all headers, and what the others of a request are far below.
const LIMIT: usize = 60 * 1024;
const OTHERS: usize = 1024;

/// What a tag means to whoever believes it.
#[derive(Clone, Copy, PartialEq)]
enum Means {
    /// Nothing: the rules decide.
    Nothing,
    /// This version.
    Version(&'static str),
    /// A version that nobody has: the baseline.
    Foreign,
}

struct Forgery {
    header: &'static str,
    values: Vec<Vec<u8>>,
    means: Means,
}

/// Who may name a version by the tag.
#[derive(Clone, Copy, PartialEq)]
enum Believed {
    Nobody,
    /// Whoever has `x-office: yes`.
    Some,
    Everybody,
}

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut policy = policy(&[("v2", 20.0), ("v3", 0.0)]);
    policy["services"][0]["mirror"] = json!([
        { "version": "v3", "percent": 30, "by": [{ "header": "x-user-id" }] },
    ]);
    let mut trusting = policy.clone();
    trusting["trust"] = json!({ "header": { "name": "x-office", "equals": "yes" } });
    let mut inside = policy.clone();
    inside["role"] = "mesh".into();
    let mut rows = run(lab, "at the edge", &policy, Believed::Nobody).await?;
    rows.extend(run(lab, "with trust in some", &trusting, Believed::Some).await?);
    rows.extend(run(lab, "in the mesh", &inside, Believed::Everybody).await?);
    Ok(rows)
}

/// Only the module stands against them.
async fn run(lab: &Lab, case: &str, policy: &Value, believed: Believed) -> Result<Vec<Row>> {
    let setup = Setup::of("mirror").without_native_stripping();
    let site = Site::start(lab, &setup, policy).await?;
    let (visits, wanted): (Vec<_>, Vec<_>) = forgeries()
        .iter()
        .flat_map(|forgery| (0..USERS).map(move |user| (user, forgery)))
        .map(|(user, forgery)| asked(&site, user, forgery, believed))
        .unzip();
    let visits: Arc<[Visit]> = visits.into();
    let answers = site.ask(case, &visits).await?;
    let right = site.right(case, &visits, &answers, |number, _| {
        wanted.get(number).cloned()?
    });
    let copies = visits
        .iter()
        .filter(|visit| site.native.decide(visit).mirror.is_some());
    let copies = copies.count();
    let rule = format!("forged headers {case}: as documented, and as the core");
    let mut rows = vec![Row::exact(NAME, rule, visits.len(), right)];
    let allowed = Allowed {
        copies,
        ..Allowed::default()
    };
    rows.extend(site.sound(case, visits.len(), allowed).await?);
    rows.push(too_large(&site, case, visits.len() + copies).await?);
    Ok(rows)
}

/// A user with a forgery, and the version that the documents promise.
fn asked(
    site: &Site,
    user: usize,
    forgery: &Forgery,
    believed: Believed,
) -> (Visit, Option<String>) {
    let office = user.is_multiple_of(2);
    let honest = with_user(Visit::of(format!("user-{user}")))
        .with("x-office", if office { "yes" } else { "no" });
    let believed = match believed {
        Believed::Nobody => false,
        Believed::Some => office,
        Believed::Everybody => true,
    };
    let wanted = match forgery.means {
        Means::Version(version) if believed => Some(version.to_owned()),
        Means::Foreign if believed => Some("v1".to_owned()),
        _ => site.native.decide(&honest).version,
    };
    let values = forgery.values.iter();
    let bytes: usize = values.clone().map(Vec::len).sum();
    let visit = values.fold(honest, |visit, value| visit.with(forgery.header, &**value));
    // Both protocols in turn, in such a way that users of either kind come by each.
    let second = bytes <= MOST_OF_HTTP2 && (user / 2).is_multiple_of(2);
    let protocol = if second {
        Protocol::Http2
    } else {
        Protocol::Http1
    };
    (visit.over(protocol), wanted)
}

/// Each of the headers in each way.
fn forgeries() -> Vec<Forgery> {
    let mut all = Vec::new();
    for header in [TAG, CLUSTER, MIRROR] {
        let of = |version: &str| match header {
            TAG => version.to_owned(),
            _ => format!("checkout-{version}"),
        };
        let (baseline, canary, copied) = (of("v1"), of("v2"), of("v3"));
        let mut add = |values: &[&[u8]], means| {
            all.push(Forgery {
                header,
                values: values.iter().map(|value| value.to_vec()).collect(),
                means: if header == TAG { means } else { Means::Nothing },
            });
        };
        let [one, two, three] = [&baseline, &canary, &copied].map(String::as_bytes);
        let v2 = Means::Version("v2");
        add(&[one], Means::Nothing);
        add(&[two], v2);
        add(&[three], Means::Version("v3"));
        add(&[b""], Means::Nothing);
        add(&[two, two], v2);
        add(&[one, two], Means::Nothing);
        add(&[two, one], v2);
        add(&[b"", two], Means::Nothing);
        add(&[two, b""], v2);
        add(&[two; 40], v2);
        let foreign = [
            "nowhere".to_owned(),
            canary.to_uppercase(),
            [&*canary, &*baseline].join(","),
            [&*canary, &*canary].join(", "),
            format!("{canary};q=1"),
            format!("\"{canary}\""),
            canary.replace('v', "%76"),
            canary.replace('2', "\t2"),
            format!("{canary}."),
            "../".repeat(20),
            "x".repeat(MOST_OF_HTTP2),
            canary.repeat(30 * 1024 / canary.len()),
            "x".repeat(LIMIT - OTHERS),
        ];
        for text in foreign {
            add(&[text.as_bytes()], Means::Foreign);
        }
        add(&[&[two, b"\xff"].concat()], Means::Foreign);
        add(&[b"\xfe\xff", two], Means::Foreign);
        // A full-width two, a Cyrillic letter: they only look like it.
        add(&["v\u{ff12}".as_bytes()], Means::Foreign);
        add(&["\u{475}2".as_bytes()], Means::Foreign);
    }
    all
}

/// Above Envoy's limit of a request's headers nobody hears of it.
async fn too_large(site: &Site, case: &str, before: usize) -> Result<Row> {
    let mut refused = Vec::new();
    for header in [TAG, CLUSTER, MIRROR, "x-user-id", "cookie"] {
        let visit = Visit::of("").with(header, vec![b'x'; LIMIT]);
        let mut connection = Connection::open(site.envoy.address(), Protocol::Http1).await?;
        refused.push(connection.send(&visit).await?.status);
    }
    refused.dedup();
    let reached = site.backends.requests().await?;
    Ok(Row::exact(
        NAME,
        format!("{case}: above 60 KiB, by Envoy; at the backends since"),
        "[431]; 0",
        format!("{refused:?}; {}", reached.saturating_sub(before as u64)),
    ))
}
