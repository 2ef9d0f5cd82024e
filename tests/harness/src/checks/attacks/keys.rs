//! What makes a user: ids and cookies that come doubled, in pieces, huge or as no text. Which of
//! them counts is what the documents say, and is the same in both protocols.

use std::sync::Arc;

use anyhow::{Context, Result};
use graylane::limits::MAX_COOKIES;

use super::NAME;
use super::site::{Allowed, Site};
use crate::checks::people::policy;
use crate::client::{Protocol, Visit};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::report::Row;

const ID: &str = "x-user-id";
const COOKIE: &str = "cookie";
/// How many of each pair of users.
const PAIRS: usize = 6;
/// More than this a backend does not take over HTTP/2.
const MOST_OF_HTTP2: usize = 12 * 1024;

/// Headers, and the key that they are.
type Case = (Vec<(&'static str, Vec<u8>)>, Option<Vec<u8>>);

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let policy = policy(&[("v2", 50.0)]);
    let setup = Setup::of("standalone");
    let site = Site::start(lab, &setup, &policy).await?;
    let on = |version: &str| {
        let users = (0..).map(|number| format!("user-{number}"));
        let on =
            users.filter(|user| version_of(&site, Some(user.as_bytes())) == Some(version.into()));
        on.take(PAIRS).collect::<Vec<_>>()
    };
    let (baseline, canary) = (on("v1"), on("v2"));
    let mut visits = Vec::new();
    let mut wanted = Vec::new();
    for (one, two) in baseline.iter().zip(&canary) {
        for (own, other) in [(one, two), (two, one)] {
            for (headers, key) in cases(own, other) {
                let bytes: usize = headers.iter().map(|(_, value)| value.len()).sum();
                let both = [Protocol::Http1, Protocol::Http2];
                let protocols = both.get(..1 + usize::from(bytes <= MOST_OF_HTTP2));
                for protocol in protocols.context("there are two")? {
                    let mut visit = Visit::of(&**own).over(*protocol);
                    visit.headers = headers
                        .iter()
                        .map(|(name, value)| ((*name).to_owned(), value.clone()))
                        .collect();
                    visits.push(visit);
                    wanted.push(version_of(&site, key.as_deref()));
                }
            }
        }
    }
    let visits: Arc<[Visit]> = visits.into();
    let case = "ids and cookies";
    let answers = site.ask(case, &visits).await?;
    let right = site.right(case, &visits, &answers, |number, _| {
        wanted.get(number).cloned()?
    });
    let rule = format!("{case}: the documented one counts, by the core too");
    let mut rows = vec![Row::exact(NAME, rule, visits.len(), right)];
    rows.extend(site.sound(case, visits.len(), Allowed::default()).await?);
    Ok(rows)
}

/// Where a request goes that has this key and nothing else.
fn version_of(site: &Site, key: Option<&[u8]>) -> Option<String> {
    let nobody = Visit::of("");
    let visit = match key {
        Some(key) => nobody.with(ID, key),
        None => nobody,
    };
    site.native.decide(&visit).version
}

/// `other` is of the other version, so that it shows where it counts.
fn cases(own: &str, other: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut add = |headers: &[(&'static str, &str)], key: Option<&str>| {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes().to_vec()));
        cases.push((headers.collect(), key.map(|key| key.as_bytes().to_vec())));
    };
    let cookie = format!("uid={own}");
    let another = format!("uid={other}");
    // Of a header the first line counts, and a comma does not separate.
    add(&[(ID, own), (ID, other)], Some(own));
    add(&[(ID, own), (ID, other), (ID, own)], Some(own));
    let joined = format!("{own}, {other}");
    add(&[(ID, &joined)], Some(&joined));
    add(&[(ID, own), (COOKIE, &another)], Some(own));
    // An empty first is none, whatever follows it.
    add(&[(ID, ""), (ID, other)], None);
    add(&[(ID, ""), (ID, other), (COOKIE, &cookie)], Some(own));
    add(&[(COOKIE, &format!("uid=; {cookie}"))], None);
    // Cookies: over all lines, as over all pairs of one. Of HTTP/2's pieces Envoy makes one line.
    add(&[(COOKIE, &cookie), (COOKIE, &another)], Some(own));
    add(&[(COOKIE, &format!("{cookie}; {another}"))], Some(own));
    add(
        &[(COOKIE, "a=1"), (COOKIE, &cookie), (COOKIE, "b=2")],
        Some(own),
    );
    add(&[(COOKIE, &format!("a=1;{cookie};b=2"))], Some(own));
    add(&[(COOKIE, &format!(";; ; {cookie} ;"))], Some(own));
    add(&[(COOKIE, &format!("uid = {own} ; {another}"))], Some(own));
    // No cookie of this name.
    for text in ["uid", "UID=", "Uid=", "xuid=", "uid2=", "=uid="] {
        add(&[(COOKIE, &format!("{text}{own}"))], None);
    }
    add(&[(COOKIE, &format!("uid; {cookie}"))], Some(own));
    // Quotes, percent signs and all else are the value's own.
    let written = [
        format!("\"{own}\""),
        format!("={own}"),
        own.replace('u', "%75"),
        format!("{own}, {another}"),
        format!("{own}={other}"),
        format!("{own}\t{other}"),
    ];
    for value in &written {
        add(&[(COOKIE, &format!("uid={value}; {another}"))], Some(value));
    }
    add(
        &[(COOKIE, &format!("$Version=1; {cookie}; $Path=/"))],
        Some(own),
    );
    // Many, in one line and in many; and the one that counts is the last, or one too many.
    let others: Vec<_> = (0..MAX_COOKIES)
        .map(|number| format!("c{number}={number}"))
        .collect();
    for (many, key) in [(MAX_COOKIES - 1, Some(own)), (MAX_COOKIES, None)] {
        let others = &others[..many];
        add(
            &[(COOKIE, &format!("{}; {cookie}", others.join("; ")))],
            key,
        );
        let lines: Vec<_> = others.chunks(25).map(|some| some.join("; ")).collect();
        let mut lines: Vec<_> = lines.iter().map(|line| (COOKIE, &**line)).collect();
        lines.push((COOKIE, &cookie));
        add(&lines, key);
    }
    // Huge, up to just below Envoy's 60 KiB.
    for bytes in [MOST_OF_HTTP2, 30 * 1024, 59 * 1024] {
        let huge = own.repeat(bytes / own.len());
        add(&[(ID, &huge), (ID, other)], Some(&huge));
        add(&[(COOKIE, &format!("uid={huge}"))], Some(&huge));
    }
    // Bytes that are no text.
    for bytes in [&b"\xff\xfe"[..], b"\x80", b"\xc3\x28", b"\xed\xa0\x80"] {
        let id = [own.as_bytes(), bytes].concat();
        cases.push((vec![(ID, id.clone()), (ID, other.into())], Some(id.clone())));
        let line = [b"uid=", &*id, b"; b=\xff; ", another.as_bytes()].concat();
        cases.push((vec![(COOKIE, line)], Some(id)));
    }
    cases
}
