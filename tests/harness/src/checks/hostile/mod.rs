//! A config centre that means harm, and policies that do: traffic goes on as it was.

mod centre;
mod end;
mod memory;
mod patterns;
mod shape;
mod site;
mod tricks;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures_util::future::{LocalBoxFuture, try_join_all};
use serde_json::json;
use tokio::net::TcpListener;

use crate::Progress;
use crate::backend::Fleet;
use crate::centre::Kind;
use crate::checks::people::with_user;
use crate::client::{Pace, Visit, drive};
use crate::envoy::Envoy;
use crate::lab::Lab;
use crate::report::Row;
use site::{Of, Site};
use tricks::Trick;

const NAME: &str = "hostile";

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let (lab, backends) = (lab, &backends);
    let _progress = Progress::waiting("hostile: config centres");
    let all: Vec<LocalBoxFuture<'_, Result<Vec<Row>>>> = vec![
        Box::pin(files(lab, backends)),
        Box::pin(plain(
            lab,
            backends,
            Kind::Http,
            Of::Policy,
            "http, policies",
            tricks::policies(),
        )),
        Box::pin(redirects(lab, backends)),
        Box::pin(plain(
            lab,
            backends,
            Kind::Http,
            Of::Switches,
            "http, switches",
            tricks::switches(),
        )),
        Box::pin(plain(
            lab,
            backends,
            Kind::Etcd,
            Of::Policy,
            "etcd",
            tricks::of_kind(Kind::Etcd),
        )),
        Box::pin(plain(
            lab,
            backends,
            Kind::Nacos,
            Of::Policy,
            "nacos",
            tricks::of_kind(Kind::Nacos),
        )),
        Box::pin(plain(
            lab,
            backends,
            Kind::Apollo,
            Of::Policy,
            "apollo",
            tricks::of_kind(Kind::Apollo),
        )),
        Box::pin(memory::rows(lab, backends)),
        Box::pin(patterns::rows(lab, backends)),
    ];
    Ok(try_join_all(all).await?.concat())
}

async fn plain(
    lab: &Lab,
    backends: &Fleet,
    kind: Kind,
    of: Of,
    case: &str,
    tricks: Vec<Trick>,
) -> Result<Vec<Row>> {
    let wrong = wrong(&tricks);
    let mut site = Site::start(lab, backends, kind, of, case).await?;
    let mut rows = site.play(tricks).await?;
    let (_, _, more) = site.end(wrong).await?;
    rows.extend(more);
    Ok(rows)
}

/// What any web server may send; and then a policy of other services, which is as good as any.
async fn files(lab: &Lab, backends: &Fleet) -> Result<Vec<Row>> {
    let tricks = tricks::bodies();
    let count = wrong(&tricks);
    let mut site = Site::start(lab, backends, Kind::Http, Of::Policy, "http").await?;
    let mut rows = site.play(tricks).await?;
    let logged = site.envoy.log().end();
    let (envoy, centre, more) = site.end(count).await?;
    rows.extend(more);
    let mut others = site::policy(0);
    others["services"][0]["hosts"] = json!(["other.example.com"]);
    let text = others.to_string();
    centre.answer(shape::document(Kind::Http, 5, text.as_bytes()));
    site::in_force(&envoy, &others, logged).await?;
    let rule = "http: a right policy of other services is in force: on the baseline";
    rows.push(baseline(&envoy, rule).await?);
    Ok(rows)
}

/// Whether a hundred users are all answered by the baseline.
async fn baseline(envoy: &Envoy, rule: &str) -> Result<Row> {
    let users: Arc<[Visit]> = (0..100)
        .map(|number| with_user(Visit::of(number.to_string())))
        .collect();
    let progress = Progress::waiting(NAME);
    let answers = drive(envoy.address(), &users, Pace::default(), progress).await?;
    let right = answers.iter().flatten();
    let right = right.filter(|reply| reply.version() == Some("v1")).count();
    Ok(Row::exact(NAME, rule, answers.len(), right))
}

/// Statuses, and redirects that nobody follows.
async fn redirects(lab: &Lab, backends: &Fleet) -> Result<Vec<Row>> {
    let elsewhere = TcpListener::bind((lab.client_ip().await?, 0)).await?;
    let tricks = tricks::statuses(&elsewhere.local_addr()?.to_string());
    let mut rows = plain(
        lab,
        backends,
        Kind::Http,
        Of::Policy,
        "http, statuses",
        tricks,
    )
    .await?;
    let came = tokio::time::timeout(Duration::from_millis(100), elsewhere.accept()).await;
    rows.push(Row::exact(
        NAME,
        "http, statuses: anybody came where a redirect leads",
        false,
        came.is_ok(),
    ));
    Ok(rows)
}

fn wrong(tricks: &[Trick]) -> usize {
    tricks.iter().filter(|trick| trick.is_wrong()).count()
}
