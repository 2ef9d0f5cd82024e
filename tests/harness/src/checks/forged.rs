//! Nobody outside chooses a version: forged and doubled headers, with the module alive and dead.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;

use super::people::{policy, with_user};
use crate::Progress;
use crate::client::{Answer, Pace, Protocol, Visit, drive};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::native::Native;
use crate::place;
use crate::report::Row;

const NAME: &str = "forged";
const TAG: &str = "x-gray-version";
const CLUSTER: &str = "x-gray-cluster";
const USERS: usize = 50;

/// What clients try. Each list is sent along with an ordinary request.
pub(super) const FORGERIES: [&[(&str, &[u8])]; 14] = [
    &[(TAG, b"v2")],
    &[(TAG, b"v1")],
    &[(TAG, b"")],
    &[(TAG, b"v9")],
    &[(TAG, b"v2"), (TAG, b"v2")],
    &[(TAG, b"v1"), (TAG, b"v2")],
    &[(TAG, b"v1, v2")],
    &[(TAG, b"v2\xff")],
    &[(CLUSTER, b"checkout-v2")],
    &[(CLUSTER, b"checkout-v2"), (CLUSTER, b"checkout-v2")],
    &[(CLUSTER, b"nowhere")],
    &[(CLUSTER, b"")],
    &[(CLUSTER, b"\xfe\xff")],
    &[
        (TAG, b"v2"),
        (CLUSTER, b"checkout-v2"),
        ("x-gray-mirror", b"checkout-v2"),
    ],
];

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let policy = policy(&[("v2", 20.0)]);
    let mut rows = Vec::new();
    let sample = Setup::of("standalone").policy(&policy);
    let alone = sample
        .clone()
        .without_native_stripping()
        .showing_hop_headers();
    rows.extend(alive(lab, "the module alone", &alone, &policy).await?);
    let shown = sample.clone().showing_hop_headers();
    rows.extend(alive(lab, "the sample", &shown, &policy).await?);
    let routes = Setup::of("header-routes")
        .policy(&policy)
        .showing_hop_headers();
    rows.extend(alive(lab, "header-routes", &routes, &policy).await?);
    let trap = trap()?;
    for name in ["standalone", "header-routes", "subset"] {
        let setup = Setup::of(name).module(&trap);
        rows.extend(dead(lab, &format!("{name}, the module dead"), &setup).await?);
    }
    Ok(rows)
}

/// Users with each forgery, over both protocols.
fn forgers() -> Arc<[Visit]> {
    let mut visits = Vec::new();
    for (kind, forgery) in FORGERIES.iter().enumerate() {
        for number in 0..USERS {
            let mut visit = with_user(Visit::of(format!("user-{number}"))).to(&format!("/{kind}"));
            for (name, value) in *forgery {
                visit = visit.with(name, *value);
            }
            let protocol = [Protocol::Http1, Protocol::Http2][number % 2];
            visits.push(visit.over(protocol));
        }
    }
    visits.into()
}

/// A forged header changes nothing: the answer is that to the same request without it.
async fn alive(lab: &Lab, case: &str, setup: &Setup, policy: &Value) -> Result<Vec<Row>> {
    let native = Native::compile(policy)?;
    let (visits, answers) = ask(lab, case, setup).await?;
    let (mut right, mut clean) = (0, 0);
    for (visit, answer) in visits.iter().zip(&answers) {
        let wanted = native.decide(&with_user(Visit::of(&*visit.user)));
        let Ok(reply) = answer else { continue };
        let version = wanted.version.as_deref();
        right += usize::from(reply.is_success() && reply.version() == version);
        let only = |header, value: Option<&str>| {
            let seen = reply.seen(header);
            seen.len() == 1 && seen.first().map(Vec::as_slice) == value.map(str::as_bytes)
        };
        let cluster = wanted.cluster.as_deref();
        clean += usize::from(only(TAG, version) && only(CLUSTER, cluster));
    }
    Ok(vec![
        Row::exact(
            NAME,
            format!("{case}: answered as without it"),
            visits.len(),
            right,
        ),
        Row::exact(
            NAME,
            format!("{case}: each header one right value"),
            visits.len(),
            clean,
        ),
    ])
}

/// Without the module there is only the baseline, whatever a client sends.
async fn dead(lab: &Lab, case: &str, setup: &Setup) -> Result<Vec<Row>> {
    let (visits, answers) = ask(lab, case, setup).await?;
    let baseline = |answer: &&Answer| {
        let reply = answer.as_ref().ok().filter(|reply| reply.is_success());
        reply.is_some_and(|reply| reply.version() == Some("v1") && reply.seen(TAG).is_empty())
    };
    let home = answers.iter().filter(baseline).count();
    Ok(vec![Row::exact(
        NAME,
        format!("{case}: on the baseline, without a tag"),
        visits.len(),
        home,
    )])
}

async fn ask(lab: &Lab, case: &str, setup: &Setup) -> Result<(Arc<[Visit]>, Vec<Answer>)> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let envoy = lab.envoy(setup, &backends).await?;
    let visits = forgers();
    let progress = Progress::of(&format!("forged: {case}"), visits.len());
    let answers = drive(envoy.address(), &visits, Pace::default(), progress).await?;
    Ok((visits, answers))
}

/// A module that dies on its first request.
fn trap() -> Result<PathBuf> {
    let wasm = wat::parse_str(include_str!("../../fixtures/trap.wat"))
        .context("fixtures/trap.wat is no module")?;
    let path = place::results()?.join("trap.wasm");
    std::fs::write(&path, wasm).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}
