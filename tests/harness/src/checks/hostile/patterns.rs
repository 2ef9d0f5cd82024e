//! Patterns that take others' matchers for ever, and values that are made for them.

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::NAME;
use crate::Progress;
use crate::backend::Fleet;
use crate::checks::failed;
use crate::client::{Bounds, Load, Pace, Protocol, Visit, drive};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

/// Each with a value that it has.
const PATTERNS: [(&str, &str); 7] = [
    ("(a+)+$", "aaa"),
    ("(a|a)*", "aaaa"),
    ("(.*)*x", "aaax"),
    ("(a?){60}a{60}", AS),
    ("(?:(?:a?){60})*b", "aab"),
    (
        "(?:.*a){40}b",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
    ),
    ("((a|b|aa|ab|ba|bb)+)+c", "abbabc"),
];
const AS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// Bytes of values that it nearly has: what is looked at, four times that, and nearly all that Envoy
/// takes.
const LENGTHS: [usize; 3] = [1_000, 4_096, 58_000];
const TIMES: usize = 5;

pub(super) async fn rows(lab: &Lab, backends: &Fleet) -> Result<Vec<Row>> {
    let policy = policy();
    let native = Native::compile(&policy)?;
    let envoy = lab
        .envoy(&Setup::of("dynamic").policy(&policy), backends)
        .await?;
    let (visits, matching) = visits();
    let beside: Arc<[Visit]> = vec![Visit::of("beside")].into();
    let load = Load::start(envoy.address(), &beside, Bounds::default());
    let progress = Progress::of("hostile: patterns", visits.len());
    let answers = drive(envoy.address(), &visits, Pace::default(), progress).await?;
    let records = load.stop().await?;
    let right = visits.iter().zip(&answers);
    let right = right.filter(|(visit, answer)| native.is_right(visit, answer));
    let canary = answers
        .iter()
        .flatten()
        .filter(|reply| reply.version() == Some("v2"));
    Ok(vec![
        Row::exact(
            NAME,
            format!(
                "{} patterns, values to 58,000 bytes: answered as the core says",
                PATTERNS.len()
            ),
            visits.len(),
            right.count(),
        ),
        Row::exact(
            NAME,
            "patterns: those on v2 are those that match",
            matching,
            canary.count(),
        ),
        failed(NAME, "patterns: beside them", &records),
    ])
}

/// A rule for each pattern, on a header of its own.
fn policy() -> Value {
    let rules: Vec<_> = PATTERNS
        .iter()
        .enumerate()
        .map(|(number, (pattern, _))| {
            let header = json!({ "name": format!("x-{number}"), "matches": pattern });
            json!({ "name": format!("p{number}"), "when": { "header": header }, "use": "v2" })
        })
        .collect();
    let version = |name: &str| json!({ "name": name, "cluster": format!("checkout-{name}") });
    json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [version("v1"), version("v2")],
            "rules": rules,
        }],
    })
}

/// Values that match and values that nearly do, and how many do.
fn visits() -> (Arc<[Visit]>, usize) {
    let mut visits = Vec::new();
    let mut matching = 0;
    for (number, (_, value)) in PATTERNS.iter().enumerate() {
        let name = format!("x-{number}");
        let of = |value: &str| Visit::of(&*name).with(&name, value);
        for time in 0..TIMES {
            let protocol = [Protocol::Http1, Protocol::Http2][time % 2];
            visits.push(of(value).over(protocol));
            matching += 1;
            for length in LENGTHS {
                let near = of(&format!("{}!", "a".repeat(length)));
                // Backends take no such header by HTTP/2.
                let is_long = length > 10_000;
                visits.push(if is_long { near } else { near.over(protocol) });
            }
        }
    }
    (visits.into(), matching)
}
