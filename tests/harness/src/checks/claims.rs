//! Claims of signed tokens: Envoy verifies the token, and graylane reads of it what the core reads
//! of the same claims.

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::Progress;
use crate::client::{Answer, Issuer, Pace, Protocol, Visit, base64, drive, now};
use crate::envoy::{Envoy, Sample, Setup};
use crate::lab::Lab;
use crate::native::{Native, claim_text};
use crate::report::Row;

const NAME: &str = "claims";
/// Users of each kind of claim.
const EACH: u32 = 60;
const ANOTHERS: &str = "for another audience";

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let issuer = Issuer::of_sample()?;
    let backends = lab.backends(&["v1", "v2", "v3", "v4"]).await?;
    let setup = Setup::of("jwt").showing_hop_headers();

    let mut rows = Vec::new();
    let kinds = kinds();
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
    for (case, visits) in refused(&issuer)? {
        // Of whom it is known who they are, it is said that this is not for them.
        let status = if case == ANOTHERS { 403 } else { 401 };
        rows.push(turned_away(&envoy, case, status, visits).await?);
    }
    Ok(rows)
}

/// Values of the claim `v`, by what they are.
fn kinds() -> Vec<(&'static str, Vec<Value>)> {
    let each = |make: &dyn Fn(u32) -> Value| (0..EACH).map(make).collect::<Vec<_>>();
    let odd = |number: u32| f64::from(number).mul_add(1.37, 0.1) / 7.0;
    vec![
        ("text", each(&|n| json!(format!("user-{n}")))),
        (
            "text of eight bytes",
            each(&|n| match n % 4 {
                0 => json!(format!("user{n:04}")),
                // As doubles these are between 2 and 10^19, where numbers of claims are.
                1 => json!(format!("user{n:03}@")),
                2 => json!(format!("{n:07}A")),
                _ => json!(format!("{n:07}C")),
            }),
        ),
        (
            "short and empty text",
            each(&|n| json!(["", "0", "1", "true", "é", "小明"][n as usize % 6])),
        ),
        (
            "long text",
            each(&|n| json!("x".repeat(1_000 + n as usize))),
        ),
        (
            "text with control characters",
            each(&|n| {
                let controls = [
                    "\t",
                    "\n",
                    "\0",
                    "\u{1}",
                    "\0\0\0\0",
                    "user\t123",
                    "\u{7f}1234567",
                ];
                let text = controls[n as usize % controls.len()];
                json!(if n < 30 {
                    text.to_owned()
                } else {
                    format!("{text}{n}")
                })
            }),
        ),
        ("whole numbers", each(&|n| json!(n * n))),
        ("negative numbers", each(&|n| json!(-i64::from(n)))),
        ("fractions", each(&|n| json!(odd(n)))),
        (
            "large numbers",
            each(&|n| json!(1_795_000_000_000_000_u64 + u64::from(n) * 2_718_281_828)),
        ),
        (
            "tiny and huge numbers",
            each(&|n| json!(10f64.powf(f64::from(n) * 5.0 - 150.0))),
        ),
        (
            "doubles that spell a text",
            each(&|n| {
                let bytes = format!("{n:02}abcde@");
                let bytes: [u8; 8] = bytes.as_bytes().try_into().unwrap_or_default();
                json!(f64::from_le_bytes(bytes))
            }),
        ),
        ("truth values", each(&|n| json!(n % 2 == 0))),
        (
            "lists",
            each(&|n| {
                json!([
                    format!("a{n}"),
                    n,
                    n % 2 == 0,
                    odd(n),
                    format!("user{n:04}")
                ])
            }),
        ),
        (
            "odd lists",
            each(&|n| match n % 8 {
                0 => json!([]),
                1 => json!([""]),
                2 => json!(["", ""]),
                3 => json!([[format!("deep-{n}")], { "a": format!("deep-{n}") }]),
                4 => json!([[], {}, null]),
                5 => json!([odd(n)]),
                6 => json!([format!("user{n:03}@")]),
                _ => json!([null, format!("after-{n}")]),
            }),
        ),
        (
            "objects",
            each(&|n| match n % 3 {
                0 => json!({}),
                1 => json!({ format!("name-{n}"): "" }),
                _ => json!({ "inner": format!("user-{n}"), "roles": ["admin", n] }),
            }),
        ),
        ("absent", each(&|_| Value::Null)),
    ]
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

/// What is wrong with a token, and who comes with it.
type Case = (&'static str, Arc<[Visit]>);

/// Tokens that do not hold, each with a claim that would open a rule.
fn refused(issuer: &Issuer) -> Result<Vec<Case>> {
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
