//! At the edge the tag of those whom the policy trusts is followed, and nobody else's.

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::people::{policy, with_user};
use crate::Progress;
use crate::client::{Pace, Protocol, Visit, drive};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::native::{Native, Verdict};
use crate::report::Row;

const NAME: &str = "trust";
const USERS: usize = 60;
const TAG: &str = "x-gray-version";
/// What comes in the tag, and beside it.
const TAGS: [&[(&str, &[u8])]; 8] = [
    &[],
    &[(TAG, b"v1")],
    &[(TAG, b"v2")],
    &[(TAG, b"")],
    &[(TAG, b"v9")],
    &[(TAG, b"v2"), (TAG, b"v1")],
    &[(TAG, b"v2\xff")],
    &[(TAG, b"v1"), ("x-gray-cluster", b"checkout-v2")],
];

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let by_header = json!({ "header": { "name": "x-office", "equals": "yes" } });
    let here = json!({ "source_ip": [lab.client_ip().await?] });
    let elsewhere = json!({ "source_ip": ["192.0.2.0/24"] });
    Ok(vec![
        run(lab, "by a header", &by_header, true).await?,
        run(lab, "by the client's address", &here, true).await?,
        run(lab, "another address", &elsewhere, true).await?,
        run(lab, "by a header, Envoy strips the tag", &by_header, false).await?,
    ])
}

/// With the tag let in, as the core decides; with the tag stripped by Envoy, as it decides without
/// one.
async fn run(lab: &Lab, case: &str, trust: &Value, let_in: bool) -> Result<Row> {
    let mut policy = policy(&[("v2", 20.0)]);
    policy["trust"] = trust.clone();
    let native = Native::compile(&policy)?;
    let setup = Setup::of("standalone")
        .policy(&policy)
        .showing_hop_headers();
    let setup = if let_in {
        setup.letting_tags_in()
    } else {
        setup
    };
    let backends = lab.backends(&["v1", "v2"]).await?;
    let envoy = lab.envoy(&setup, &backends).await?;
    let address = lab.client_ip().await?;
    let visits: Arc<[Visit]> = (0..USERS * TAGS.len())
        .map(|number| visit(number).from_ip(address))
        .collect();
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    let answers = drive(envoy.address(), &visits, Pace::default(), progress).await?;
    let mut right = 0;
    for (visit, answer) in visits.iter().zip(&answers) {
        let mut arrived = visit.clone();
        if !let_in {
            arrived.headers.retain(|(name, _)| name != TAG);
        }
        let wanted = native.decide(&arrived);
        let got = answer.as_ref().ok().filter(|reply| reply.is_success());
        let one = |name: &str| got.and_then(|reply| <[_; 1]>::try_from(reply.seen(name)).ok());
        let text = |value: [Vec<u8>; 1]| String::from_utf8(value.concat()).ok();
        let got = Verdict {
            version: got.and_then(|reply| reply.version()).map(str::to_owned),
            mirror: None,
            cluster: one("x-gray-cluster").and_then(text),
            rule: wanted.rule.clone(),
            dry_runs: Vec::new(),
        };
        if got == wanted {
            right += 1;
        } else {
            let headers = &visit.headers;
            eprintln!("{NAME}: {case}: {headers:?}: {got:?}, not {wanted:?}");
        }
    }
    Ok(Row::exact(NAME, case, visits.len(), right))
}

fn visit(number: usize) -> Visit {
    let user = number / TAGS.len();
    let mut visit = with_user(Visit::of(format!("user-{user}")));
    let tags = TAGS.get(number % TAGS.len()).copied().unwrap_or_default();
    for (name, value) in tags {
        visit = visit.with(name, *value);
    }
    let office = ["yes", "no"][user / 2 % 2];
    visit = visit.with("x-office", office);
    visit.over([Protocol::Http1, Protocol::Http2][user % 2])
}
