//! A canary is no access control: who may choose an id can choose a bucket. What helps is an id
//! that a client cannot choose.

use std::io::Cursor;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::json;

use super::NAME;
use super::site::Site;
use crate::checks::people::policy;
use crate::client::{Issuer, Visit};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::report::Row;

/// The canary's share, in percent.
const PERCENT: f64 = 1.0;
/// Many times what it takes on average.
const TRIES: usize = 500;
/// Ids beside a token.
const IDS: usize = 100;

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let public = policy(&[("v2", PERCENT)]);
    let site = Site::start(lab, &Setup::of("standalone"), &public).await?;
    let mut rows = worked_out(&site).await?;
    drop(site);
    let mut secret = public;
    secret["services"][0]["rules"][1]["split"]["salt"] = "a-secret-4d1f".into();
    let site = Site::start(lab, &Setup::of("standalone"), &secret).await?;
    rows.push(by_trial(&site).await?);
    drop(site);
    rows.push(by_token(lab).await?);
    Ok(rows)
}

fn ids() -> impl Iterator<Item = String> {
    (0..TRIES).map(|number| format!("me-{number}"))
}

/// The formula of docs/policy.md, under the default salt.
fn bucket(id: &str) -> Result<u64> {
    let hashed = format!("checkout/split:{id}");
    let hash = murmur3::murmur3_32(&mut Cursor::new(hashed), 0)?;
    Ok((u64::from(hash) * 100_000) >> 32)
}

/// With the formula and the salt nobody has to ask.
async fn worked_out(site: &Site) -> Result<Vec<Row>> {
    let mut offline = 0;
    let mut found = None;
    for id in ids() {
        offline += 1;
        if bucket(&id)? < 1_000 {
            found = Some(id);
            break;
        }
    }
    let found = found.context("no id in the canary's buckets")?;
    let visits: Arc<[Visit]> = [Visit::of("").with("x-user-id", found)].into();
    let answers = site.ask("an id worked out", &visits).await?;
    let wanted = |_: usize, _: &Visit| Some("v2".to_owned());
    let right = site.right("an id worked out", &visits, &answers, wanted);
    let case = format!("an id chosen for a canary of 1 %: {offline} worked out, requests needed");
    Ok(vec![Row::exact(NAME, case, 1, right)])
}

/// Without the salt one has to ask, and it takes no longer.
async fn by_trial(site: &Site) -> Result<Row> {
    let visits: Arc<[Visit]> = ids()
        .map(|id| Visit::of("").with("x-user-id", id))
        .collect();
    let answers = site.ask("ids by trial", &visits).await?;
    let lucky = answers.iter().position(|answer| {
        answer
            .as_ref()
            .is_ok_and(|reply| reply.version() == Some("v2"))
    });
    let foreseen = visits
        .iter()
        .position(|visit| site.native.decide(visit).version.as_deref() == Some("v2"));
    let requests =
        |at: Option<usize>| at.map_or_else(|| "none found".to_owned(), |at| (at + 1).to_string());
    Ok(Row::judged(
        NAME,
        "an id chosen for it, the salt a secret: requests needed",
        requests(foreseen),
        requests(lucky),
        "as the core says",
        lucky.is_some() && lucky == foreseen,
    ))
}

/// With a verified claim as the key, whatever else a client says of itself changes nothing.
async fn by_token(lab: &Lab) -> Result<Row> {
    let mut policy = policy(&[("v2", 50.0)]);
    policy["services"][0]["rules"][1]["split"]["by"] = json!([{ "claim": "sub" }]);
    let site = Site::start(lab, &Setup::of("jwt"), &policy).await?;
    let issuer = Issuer::of_sample()?;
    let (mut visits, mut wanted) = (Vec::new(), Vec::new());
    for sub in ["user-1", "user-2", "user-3", "user-4"] {
        let honest = Visit::of(sub).signed(&issuer, &json!({ "sub": sub }));
        for id in ids().take(IDS) {
            visits.push(
                honest
                    .clone()
                    .with("x-user-id", &*id)
                    .with("sub", &*id)
                    .with("cookie", format!("uid={id}; sub={id}"))
                    .to(&format!("/?sub={id}")),
            );
            wanted.push(site.native.decide(&honest).version);
        }
    }
    let visits: Arc<[Visit]> = visits.into();
    let answers = site.ask("ids beside a token", &visits).await?;
    let right = site.right("ids beside a token", &visits, &answers, |number, _| {
        wanted.get(number).cloned()?
    });
    let both = [Some("v1"), Some("v2")];
    let both = both
        .iter()
        .all(|version| wanted.iter().any(|wanted| wanted.as_deref() == *version));
    let case = "ids chosen beside a token, the key its sub: by the token";
    Ok(Row::judged(
        NAME,
        case,
        visits.len(),
        right,
        "exact",
        right == visits.len() && both,
    ))
}
