//! What a page loads has the page's version; an asset that this version does not have comes from
//! the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::people::policy;
use super::watched;
use crate::Progress;
use crate::backend::Fleet;
use crate::client::{Answer, Pace, Protocol, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::report::Row;

const NAME: &str = "assets";
/// New visitors, with a page and an asset each.
const VISITORS: usize = 200;
const ASSET: &str = "/assets/app.3f9c1d.js";

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut policy = policy(&[("v2", 30.0)]);
    policy["services"][0]["rules"][1]["split"]["missing"] = "mint".into();
    watched::watch(&mut policy);
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = Setup::of("assets").policy(&policy);
    let envoy = lab.envoy(&setup, &backends).await?;

    let pages: Vec<_> = (0..VISITORS)
        .map(|number| {
            let visit = Visit::of(format!("visitor-{number}")).for_a_page();
            visit.over([Protocol::Http1, Protocol::Http2][number % 2])
        })
        .collect();
    let answers = ask(&envoy, "pages", pages).await?;
    let visitors: Vec<_> = answers
        .iter()
        .map(visitor)
        .collect::<Option<_>>()
        .context("a page came without a version or an id")?;
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    for visitor in &visitors {
        *versions.entry(visitor.version).or_default() += 1;
    }
    let mut rows = vec![Row::judged(
        NAME,
        "pages of new visitors, by version",
        "both",
        format!("{versions:?}"),
        "",
        versions.len() == 2,
    )];
    for case in CASES {
        rows.extend(case.check(&envoy, &backends, &visitors).await?);
    }
    rows.push(Row::exact(
        NAME,
        "failures that the guard of v2 counts",
        0,
        watched::counted(&envoy, "failed").await?,
    ));
    let answers = watched::counted(&envoy, "answers").await?;
    let watched = answers > 0;
    rows.push(Row::judged(
        NAME,
        "answers that it counts",
        "some",
        answers,
        "",
        watched,
    ));
    Ok(rows)
}

/// Who got a page.
struct Visitor<'a> {
    version: &'a str,
    other: &'static str,
    cookie: String,
}

fn visitor(answer: &Answer) -> Option<Visitor<'_>> {
    let reply = answer.as_ref().ok()?;
    let version = reply.version()?;
    let line = reply.cookies().into_iter().next()?;
    let (cookie, _) = line.split_once(';')?;
    Some(Visitor {
        version,
        other: if version == "v1" { "v2" } else { "v1" },
        cookie: cookie.to_owned(),
    })
}

/// What every visitor asks for, and which of the two versions has not got it.
struct Case {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    missing: Missing,
    /// The status, and whether it is the page's own version that answers.
    expected: (u16, bool),
    /// The requests that one of theirs makes.
    made: u64,
}

#[derive(PartialEq)]
enum Missing {
    Nowhere,
    Own,
    Both,
}

const CASES: [Case; 5] = [
    Case {
        name: "an asset of the page's version",
        method: "GET",
        path: ASSET,
        missing: Missing::Nowhere,
        expected: (200, true),
        made: 1,
    },
    Case {
        name: "an asset that it has not got",
        method: "GET",
        path: ASSET,
        missing: Missing::Own,
        expected: (200, false),
        made: 2,
    },
    Case {
        name: "one that neither has",
        method: "GET",
        path: ASSET,
        missing: Missing::Both,
        expected: (404, false),
        made: 2,
    },
    Case {
        name: "a page that it has not got",
        method: "GET",
        path: "/cart",
        missing: Missing::Own,
        expected: (404, true),
        made: 1,
    },
    Case {
        name: "a POST among assets",
        method: "POST",
        path: ASSET,
        missing: Missing::Own,
        expected: (404, true),
        made: 1,
    },
];

impl Case {
    async fn check(
        &self,
        envoy: &Envoy,
        backends: &Fleet,
        visitors: &[Visitor<'_>],
    ) -> Result<Vec<Row>> {
        let visits = visitors.iter().enumerate().map(|(number, visitor)| {
            let visit = Visit::of(format!("visitor-{number}"))
                .to(self.path)
                .sending(self.method, 0)
                .over([Protocol::Http1, Protocol::Http2][number % 2])
                .with("cookie", visitor.cookie.as_str());
            match self.missing {
                Missing::Nowhere => visit,
                Missing::Own => visit.with("x-backend-status", format!("{}=404", visitor.version)),
                Missing::Both => visit.with("x-backend-status", "404"),
            }
        });
        let before = backends.requests().await?;
        let answers = ask(envoy, self.name, visits.collect()).await?;
        let made = backends.requests().await? - before;
        let (status, own) = self.expected;
        let right = visitors.iter().zip(&answers).filter(|(visitor, answer)| {
            let answered_by = if own { visitor.version } else { visitor.other };
            let seen = answer.as_ref().map(|reply| (reply.status, reply.version()));
            seen.is_ok_and(|seen| seen == (status, Some(answered_by)))
        });
        let by = if own { "its own" } else { "the other" };
        Ok(vec![
            Row::exact(
                NAME,
                format!("{}: {status} from {by} version", self.name),
                visitors.len(),
                right.count(),
            ),
            Row::exact(
                NAME,
                format!("{}: requests made", self.name),
                self.made * visitors.len() as u64,
                made,
            ),
        ])
    }
}

async fn ask(envoy: &Envoy, case: &str, visits: Vec<Visit>) -> Result<Vec<Answer>> {
    let visits: Arc<[Visit]> = visits.into();
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    drive(envoy.address(), &visits, Pace::default(), progress).await
}
