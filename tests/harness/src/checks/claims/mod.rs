//! Claims of signed tokens: Envoy verifies the token, and graylane reads of it what the core reads
//! of the same claims.

mod kinds;
mod placed;
mod refused;

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use crate::Progress;
use crate::client::{Answer, Issuer, Pace, Protocol, Visit, base64, drive};
use crate::envoy::{Envoy, Sample, Setup};
use crate::lab::Lab;
use crate::native::{Native, claim_text};
use crate::report::Row;

const NAME: &str = "claims";

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let issuer = Issuer::of_sample()?;
    let backends = lab.backends(&["v1", "v2", "v3", "v4"]).await?;
    let setup = Setup::of("jwt").showing_hop_headers();

    let mut rows = Vec::new();
    let kinds = kinds::kinds();
    let policy = every_value_known(&kinds);
    let native = Native::compile(&policy)?;
    let envoy = lab.envoy(&setup.clone().policy(&policy), &backends).await?;
    for (kind, values) in &kinds {
        let visits = bearers(&issuer, values);
        rows.push(agree(&envoy, &native, kind, visits).await?);
    }
    envoy.kill();

    let envoy = lab.envoy(&setup, &backends).await?;
    let native = Native::compile(&Sample::load("jwt")?.policy()?)?;
    let people = people(&issuer);
    rows.push(agree(&envoy, &native, "the sample's own policy", people).await?);
    rows.extend(refused::check(&envoy, &issuer).await?);
    envoy.kill();

    rows.extend(placed::check(lab, &backends, &issuer).await?);
    Ok(rows)
}

/// Whoever shows a value just as the core has it goes to `v2` or `v3`, so that neighbours among the
/// values, such as `false` and `true`, part; whoever shows another, to `v4`; who shows none stays.
fn every_value_known(kinds: &[(&str, Vec<Value>)]) -> Value {
    let mut known = Vec::new();
    for value in kinds.iter().flat_map(|(_, values)| values) {
        let members = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        known.extend(members.iter().filter_map(claim_text));
    }
    known.sort();
    known.dedup();
    let half = |first| known.iter().skip(first).step_by(2).collect::<Vec<_>>();
    let version = |name: &str| json!({ "name": name, "cluster": format!("checkout-{name}") });
    json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [version("v1"), version("v2"), version("v3"), version("v4")],
            "rules": [
                { "name": "by-place",
                  "when": { "claim": { "name": ["v", "0"], "present": true } },
                  "use": "v4" },
                { "name": "inside",
                  "when": { "claim": { "name": ["v", "roles"], "equals": "admin" } },
                  "use": "v2" },
                { "name": "one-half",
                  "when": { "claim": { "name": "v", "in": half(0) } },
                  "use": "v2" },
                { "name": "the-other",
                  "when": { "claim": { "name": "v", "in": half(1) } },
                  "use": "v3" },
                { "name": "unknown",
                  "when": { "claim": { "name": "v", "present": true } },
                  "use": "v4" },
            ],
        }],
    })
}

fn bearers(issuer: &Issuer, values: &[Value]) -> Arc<[Visit]> {
    let visits = values.iter().enumerate().map(|(number, value)| {
        let protocol = [Protocol::Http1, Protocol::Http2][number % 2];
        Visit::of(value.to_string())
            .over(protocol)
            .signed(issuer, &json!({ "v": value }))
    });
    visits.collect()
}

/// Whom the sample's rules are for, those they are not, and who only looks like it.
fn people(issuer: &Issuer) -> Arc<[Visit]> {
    let visits = (0..1_000_u32).map(|number| {
        let user = format!("user-{number}");
        let visit = Visit::of(&*user).over([Protocol::Http1, Protocol::Http2][number as usize % 2]);
        let signed = |claims: Value| visit.clone().signed(issuer, &claims);
        match number / 2 % 12 {
            0 => signed(json!({ "sub": user, "tier": "premium" })),
            1 => signed(json!({ "sub": user, "tier": ["basic", "premium"] })),
            2 => signed(json!({ "sub": user, "tier": { "name": "premium" } })),
            3 => signed(json!({ "sub": user, "roles": ["user", "tester"] })),
            4 => signed(json!({ "sub": user, "roles": "developer" })),
            5 => signed(json!({ "sub": user, "org": { "plan": "trial" } })),
            6 => signed(json!({ "sub": user, "org": "trial", "plan": "trial" })),
            7 => signed(json!({ "roles": [["tester"], { "tester": "" }, null] })),
            8 => signed(json!({ "sub": user })).with("x-user-id", "somebody-else"),
            // Without a `sub`, and with an empty one, the header decides.
            9 => signed(json!({ "sub": "" })).with("x-user-id", &*user),
            10 => visit.clone().with("x-user-id", &*user),
            // What imitates a claim or a token is none.
            _ => visit
                .clone()
                .with("tier", "premium")
                .with("sub", "user-1")
                .with("x-jwt-payload", base64(br#"{"tier":"premium"}"#))
                .with("authorization", "Basic cHJlbWl1bTpwcmVtaXVt")
                .with("cookie", "tier=premium")
                .with("x-user-id", &*user)
                .to("/?tier=premium&roles=tester"),
        }
    });
    visits.collect()
}

async fn ask(envoy: &Envoy, case: &str, visits: &Arc<[Visit]>) -> Result<Vec<Answer>> {
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    drive(envoy.address(), visits, Pace::default(), progress).await
}

/// Envoy's answers are the core's.
async fn agree(envoy: &Envoy, native: &Native, case: &str, visits: Arc<[Visit]>) -> Result<Row> {
    let answers = ask(envoy, case, &visits).await?;
    let mut right = 0;
    for (visit, answer) in visits.iter().zip(&answers) {
        let wanted = native.decide(visit);
        let got = match answer {
            Ok(reply) if reply.is_success() => reply.version().map(str::to_owned),
            Ok(reply) => Some(format!("status {}", reply.status)),
            Err(error) => Some(error.clone()),
        };
        if got == wanted.version {
            right += 1;
        } else {
            let user = visit.user.chars().take(80).collect::<String>();
            let (wanted, rule) = (wanted.version, wanted.rule);
            eprintln!("{NAME}: {case}: {user}: {got:?}, not {wanted:?} by {rule:?}");
        }
    }
    Ok(Row::exact(NAME, case, visits.len(), right))
}
