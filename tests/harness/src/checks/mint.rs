//! Whoever has no id gets one, with a page, and is decided by it from that very request on.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;

use super::people::policy;
use crate::Progress;
use crate::client::{Answer, Pace, Protocol, Reply, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "mint";
const USERS: usize = 2_000;
/// Of what sets no id.
const OTHERS: usize = 200;
const ATTRIBUTES: &str = "; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax";

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut policy = policy(&[("v2", 30.0)]);
    policy["services"][0]["rules"][1]["split"]["missing"] = "mint".into();
    let native = Native::compile(&policy)?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let envoy = lab
        .envoy(&Setup::of("standalone").policy(&policy), &backends)
        .await?;
    let mut rows = Vec::new();

    let first = visits(USERS, Visit::for_a_page);
    let answers = ask(&envoy, "first pages", &first).await?;
    let ids: Vec<_> = answers.iter().map(minted).collect();
    let got = ids.iter().flatten().count();
    rows.push(Row::exact(NAME, "first pages: one id", USERS, got));
    let different: BTreeSet<_> = ids.iter().flatten().collect();
    rows.push(Row::exact(NAME, "different ids", USERS, different.len()));
    let passed_on = answers.iter().zip(&ids).filter(|(answer, id)| {
        let seen = answer.as_ref().map(|reply| reply.seen("cookie"));
        let id = id.as_ref().map(|id| vec![format!("uid={id}").into_bytes()]);
        id.is_some() && seen.ok() == id
    });
    rows.push(Row::exact(
        NAME,
        "ids that the version saw",
        USERS,
        passed_on.count(),
    ));

    // From here on nobody asks for a page: what has an id needs none.
    let again: Arc<[Visit]> = visits(USERS, |visit| visit)
        .iter()
        .zip(&ids)
        .map(|(visit, id)| match id {
            Some(id) => visit.clone().with("cookie", format!("uid={id}")),
            None => visit.clone(),
        })
        .collect();
    let expected: Vec<_> = again
        .iter()
        .map(|visit| native.decide(visit).version)
        .collect();
    rows.push(as_decided(
        "the first page is the id's version",
        &answers,
        &expected,
    ));
    let canary = expected
        .iter()
        .filter(|version| version.as_deref() == Some("v2"));
    let canary = canary.count();
    let some = canary > 0 && canary < USERS;
    rows.push(Row::judged(
        NAME,
        "on the canary",
        "some, not all",
        canary,
        "",
        some,
    ));
    let answers = ask(&envoy, "with the id", &again).await?;
    rows.push(as_decided("with the id: its version", &answers, &expected));
    rows.push(none_set("with the id: cookies set", &answers));

    let baseline = vec![Some("v1".to_owned()); OTHERS];
    for (case, make) in not_pages() {
        let answers = ask(&envoy, case, &visits(OTHERS, make)).await?;
        rows.push(as_decided(
            &format!("{case}: the baseline"),
            &answers,
            &baseline,
        ));
        rows.push(none_set(&format!("{case}: cookies set"), &answers));
    }
    let public = |visit: Visit| {
        visit
            .for_a_page()
            .answered_with("cache-control", "public, max-age=60")
    };
    let answers = ask(&envoy, "public pages", &visits(OTHERS, public)).await?;
    rows.push(none_set(
        "pages that caches may keep: cookies set",
        &answers,
    ));
    let own = |visit: Visit| visit.for_a_page().answered_with("set-cookie", "uid=mine");
    let answers = ask(
        &envoy,
        "pages with an id of their own",
        &visits(OTHERS, own),
    )
    .await?;
    let theirs = answers.iter().filter(|answer| {
        let cookies = answer.as_ref().map(Reply::cookies);
        cookies.is_ok_and(|cookies| cookies == ["uid=mine"])
    });
    rows.push(Row::exact(
        NAME,
        "pages that set the cookie themselves: theirs alone",
        OTHERS,
        theirs.count(),
    ));
    Ok(rows)
}

/// Visits without any key, half of them over HTTP/2.
fn visits(count: usize, make: impl Fn(Visit) -> Visit) -> Arc<[Visit]> {
    let visit = |number: usize| {
        let visit = Visit::of(format!("visit-{number}"));
        make(visit.over([Protocol::Http1, Protocol::Http2][number % 2]))
    };
    (0..count).map(visit).collect()
}

type NotPage = (&'static str, fn(Visit) -> Visit);

/// What a page asks for, and what looks like a page without being one.
fn not_pages() -> [NotPage; 3] {
    [
        ("what a page asks for", |visit| {
            visit
                .with("sec-fetch-mode", "no-cors")
                .with("sec-fetch-dest", "image")
                .with("accept", "image/avif,image/webp,*/*;q=0.8")
        }),
        ("a frame", |visit| {
            visit
                .with("sec-fetch-mode", "navigate")
                .with("sec-fetch-dest", "iframe")
                .with("accept", "text/html")
        }),
        ("a form that is sent", |mut visit| {
            "POST".clone_into(&mut visit.method);
            visit.for_a_page()
        }),
    ]
}

async fn ask(envoy: &Envoy, what: &str, visits: &Arc<[Visit]>) -> Result<Vec<Answer>> {
    let progress = Progress::of(&format!("{NAME}: {what}"), visits.len());
    drive(envoy.address(), visits, Pace::default(), progress).await
}

/// The id that the answer sets, if that is all that it sets.
fn minted(answer: &Answer) -> Option<String> {
    let cookies = answer
        .as_ref()
        .ok()
        .filter(|reply| reply.is_success())?
        .cookies();
    let [line] = &cookies[..] else { return None };
    let id = line.strip_prefix("uid=")?.strip_suffix(ATTRIBUTES)?;
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (id.len() == 32 && id.bytes().all(hex)).then(|| id.to_owned())
}

fn as_decided(case: &str, answers: &[Answer], expected: &[Option<String>]) -> Row {
    let right = answers.iter().zip(expected).filter(|(answer, expected)| {
        let reply = answer.as_ref().ok().filter(|reply| reply.is_success());
        reply.is_some_and(|reply| reply.version() == expected.as_deref())
    });
    Row::exact(NAME, case, expected.len(), right.count())
}

fn none_set(case: &str, answers: &[Answer]) -> Row {
    let set = answers.iter().filter(|answer| {
        let reply = answer.as_ref().ok().filter(|reply| reply.is_success());
        reply.is_none_or(|reply| !reply.cookies().is_empty())
    });
    Row::exact(NAME, case, 0, set.count())
}
