//! The country that a CDN names in a header, believed from its networks alone.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::{EACH, NAME};
use crate::Progress;
use crate::checks::people::with_rules;
use crate::client::{Pace, Protocol, Reply, Visit, drive};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

/// Nobody of a run is here, though everybody says so in `x-forwarded-for`.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// What comes in the header, and whether the rule is for it.
const NAMED: [(&[&str], bool); 5] = [
    (&["NO"], true),
    (&["DE"], false),
    (&[], false),
    (&["DE", "SE"], true),
    (&["XX"], false),
];

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let here = lab.client_ip().await?;
    Ok(vec![
        run(lab, "the CDN's header, from the CDN", here, true).await?,
        run(
            lab,
            "the CDN's header, from elsewhere",
            ELSEWHERE.into(),
            false,
        )
        .await?,
    ])
}

/// Policy and core alike could believe the wrong peer, so who is to be believed is said here.
async fn run(lab: &Lab, case: &str, cdn: IpAddr, believed: bool) -> Result<Row> {
    let policy = policy(cdn);
    let native = Native::compile(&policy)?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = Setup::of("standalone").policy(&policy);
    let envoy = lab.envoy(&setup, &backends).await?;
    let visits = visits(lab.client_ip().await?);
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    let answers = drive(envoy.address(), &visits, Pace::default(), progress).await?;
    let mut right = 0;
    for (number, (visit, answer)) in visits.iter().zip(&answers).enumerate() {
        let concerned = NAMED
            .get(number / EACH)
            .is_some_and(|(_, concerned)| *concerned);
        let wanted = Some(if concerned && believed { "v2" } else { "v1" });
        let got = answer.as_ref().ok().and_then(Reply::version);
        let decided = native.decide(visit).version;
        right += usize::from(got == wanted && decided.as_deref() == wanted);
    }
    Ok(Row::exact(NAME, case, visits.len(), right))
}

/// Users with each header, all from this address, who claim to be elsewhere.
fn visits(here: IpAddr) -> Arc<[Visit]> {
    let visit = |number: usize| {
        let (countries, _) = NAMED.get(number / EACH).copied().unwrap_or_default();
        let visit = Visit::of(format!("user-{number}"))
            .from_ip(here)
            .over([Protocol::Http1, Protocol::Http2][number % 2])
            .with("x-forwarded-for", ELSEWHERE.to_string());
        let name = |visit: Visit, country: &&str| visit.with("cf-ipcountry", *country);
        countries.iter().fold(visit, name)
    };
    (0..EACH * NAMED.len()).map(visit).collect()
}

fn policy(cdn: IpAddr) -> Value {
    with_rules(&json!([{
        "name": "nordic",
        "when": { "all": [
            { "source_ip": [cdn] },
            { "header": { "name": "cf-ipcountry", "in": ["DK", "FI", "IS", "NO", "SE"] } },
        ] },
        "use": "v2",
    }]))
}
