//! Tokens that do not hold: Envoy turns them away.

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{NAME, ask};
use crate::client::{Issuer, Protocol, Visit, base64, now};
use crate::envoy::Envoy;
use crate::report::Row;

const ANOTHERS: &str = "for another audience";

pub(super) async fn check(envoy: &Envoy, issuer: &Issuer) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (case, visits) in cases(issuer)? {
        // Of whom it is known who they are, it is said that this is not for them.
        let status = if case == ANOTHERS { 403 } else { 401 };
        rows.push(turned_away(envoy, case, status, visits).await?);
    }
    Ok(rows)
}

/// What is wrong with a token, and who comes with it.
type Case = (&'static str, Arc<[Visit]>);

/// Tokens that do not hold, each with a claim that would open a rule.
fn cases(issuer: &Issuer) -> Result<Vec<Case>> {
    let premium = |claims: Value| {
        let mut all = json!({ "sub": "user-1", "tier": "premium" });
        if let (Some(all), Value::Object(claims)) = (all.as_object_mut(), claims) {
            all.extend(claims);
        }
        all
    };
    let good = issuer.token(&premium(json!({})));
    let parts: Vec<_> = good.split('.').collect();
    ensure!(parts.len() == 3, "a token has three parts");
    let basic = issuer.token(&json!({ "sub": "user-1", "tier": "basic" }));
    let basic: Vec<_> = basic.split('.').collect();
    let mut broken = parts[2].to_owned();
    let other = if broken.starts_with('A') { "B" } else { "A" };
    broken.replace_range(..1, other);
    let none = json!({ "alg": "none" });
    let payload = Issuer::payload(&premium(json!({})));
    let unsigned = [none.to_string(), payload.to_string()].map(|part| base64(part.as_bytes()));
    let tokens = [
        (
            "another's signature",
            [parts[0], parts[1], basic[2]].join("."),
        ),
        ("a claim changed", [basic[0], parts[1], basic[2]].join(".")),
        ("a bit changed", [parts[0], parts[1], &broken].join(".")),
        ("unsigned", format!("{}.", unsigned.join("."))),
        (
            "signed by a stranger",
            Issuer::stranger()?.token(&premium(json!({}))),
        ),
        (
            "expired",
            issuer.token(&premium(json!({ "exp": now() - 600 }))),
        ),
        (
            "not yet valid",
            issuer.token(&premium(json!({ "nbf": now() + 600 }))),
        ),
        (
            "of another issuer",
            issuer.token(&premium(json!({ "iss": "https://other.example.com" }))),
        ),
        (
            "without an issuer",
            issuer.token(&premium(json!({ "iss": null }))),
        ),
        (
            ANOTHERS,
            issuer.token(&premium(json!({ "aud": "billing" }))),
        ),
        // JSON may have it, the standard for tokens has not.
        (
            "whose subject is a number",
            issuer.token(&premium(json!({ "sub": 1 }))),
        ),
        ("that is none", "premium".to_owned()),
    ];
    let visits = |token: &String| {
        let visits = (0..20_usize).map(|number| {
            let protocol = [Protocol::Http1, Protocol::Http2][number % 2];
            let visit = Visit::of(format!("user-{number}")).over(protocol);
            if number < 16 {
                visit.bearing(token)
            } else {
                // Envoy takes a token from there too.
                visit.to(&format!("/?access_token={token}"))
            }
        });
        visits.collect()
    };
    Ok(tokens
        .iter()
        .map(|(case, token)| (*case, visits(token)))
        .collect())
}

/// Envoy answers by itself; no version sees the request.
async fn turned_away(envoy: &Envoy, case: &str, status: u16, visits: Arc<[Visit]>) -> Result<Row> {
    let answers = ask(envoy, case, &visits).await?;
    let mut right = 0;
    for answer in &answers {
        match answer {
            Ok(reply) if reply.status == status && reply.echo.is_none() => right += 1,
            Ok(reply) => eprintln!("{NAME}: {case}: {}, {:?}", reply.status, reply.version()),
            Err(error) => eprintln!("{NAME}: {case}: {error}"),
        }
    }
    Ok(Row::exact(
        NAME,
        format!("a token {case}: {status}"),
        visits.len(),
        right,
    ))
}
