//! The access log of the sample says of every request who got what and why, as the core does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use super::people::{mixed_users, policy};
use crate::Progress;
use crate::client::{Answer, Pace, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "logs";
const USERS: usize = 2_000;
/// Enough where the same is shown once more.
const FEW: usize = 200;
/// How long a line may take to be written, and a counter to be told.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut rows = annotated(lab).await?;
    rows.extend(bare(lab).await?);
    rows.extend(shown(lab).await?);
    Ok(rows)
}

/// The policy of these checks: whom no key names is on the baseline by no rule.
pub(super) fn annotating() -> Value {
    let mut policy = policy(&[("v2", 20.0)]);
    policy["annotate"] = true.into();
    policy["services"][0]["rules"][1]["split"]["missing"] = "next".into();
    policy
}

/// The sample with a policy. Where its spans go nobody listens.
pub(super) fn sample(policy: &Value) -> Setup {
    Setup::of("telemetry")
        .policy(policy)
        .leading_to("otel", ([127, 0, 0, 1], 9).into())
}

async fn annotated(lab: &Lab) -> Result<Vec<Row>> {
    let policy = annotating();
    let native = Native::compile(&policy)?;
    let visits = mixed_users(USERS.min(lab.users()));
    let (answers, lines, broken) = logged(lab, &policy, &visits).await?;
    let mut rows = vec![
        Row::exact(
            NAME,
            "users that were answered",
            visits.len(),
            well(&answers),
        ),
        Row::exact(NAME, "lines that are no JSON", 0, broken),
    ];
    let (mut alike, mut buckets, mut reasons) = (0, 0, BTreeSet::new());
    let mut wrong = Vec::new();
    for visit in visits.iter() {
        let wanted = native.annotation(visit);
        let verdict = native.decide(visit);
        let line = lines.get(&visit.path).unwrap_or(&Value::Null);
        if line["gray"] != wanted {
            let (user, got) = (&visit.user, &line["gray"]);
            wrong.push(format!("{user}: {got}, not {wanted}"));
        }
        alike += usize::from(
            line["gray_version"] == json!(verdict.version)
                && line["upstream_cluster"] == json!(verdict.cluster)
                && line["status"] == 200
                && line["method"] == "GET"
                && [
                    "time",
                    "duration",
                    "upstream_host",
                    "trace_id",
                    "request_id",
                ]
                .iter()
                .all(|field| !line[*field].is_null()),
        );
        buckets += usize::from(wanted.get("bucket").is_some());
        reasons.insert(wanted["reason"].as_str().unwrap_or_default().to_owned());
    }
    for how in wrong.iter().take(3) {
        eprintln!("{NAME}: {how}");
    }
    rows.push(Row::exact(
        NAME,
        "version, rule, reason, bucket as the core says",
        visits.len(),
        visits.len() - wrong.len(),
    ));
    rows.push(Row::exact(
        NAME,
        "tag, cluster, status and the rest of the line",
        visits.len(),
        alike,
    ));
    // Agreement on a constant would prove nothing.
    let both = buckets > 0 && buckets < visits.len() && reasons.len() > 1;
    let reasons = reasons.into_iter().collect::<Vec<_>>().join(", ");
    rows.push(Row::judged(
        NAME,
        "decided by a bucket; reasons",
        "some, not all; several",
        format!("{buckets} of {}; {reasons}", visits.len()),
        "",
        both,
    ));
    Ok(rows)
}

/// A policy that does not annotate: the log has the tag alone.
async fn bare(lab: &Lab) -> Result<Vec<Row>> {
    let mut policy = annotating();
    policy["annotate"] = false.into();
    let native = Native::compile(&policy)?;
    let visits = mixed_users(FEW.min(lab.users()));
    let (_, lines, _) = logged(lab, &policy, &visits).await?;
    let right = visits.iter().filter(|visit| {
        let line = lines.get(&visit.path).unwrap_or(&Value::Null);
        line.get("gray").is_none() && line["gray_version"] == json!(native.decide(visit).version)
    });
    Ok(vec![Row::exact(
        NAME,
        "without `annotate`: the tag, and no decision",
        visits.len(),
        right.count(),
    )])
}

/// What docs/logs.md shows beside the log: a header for the browser; and the tags that were not
/// believed, where Envoy leaves them to the module.
async fn shown(lab: &Lab) -> Result<Vec<Row>> {
    const SHOWN: &str = "x-gray-reason";
    let policy = annotating();
    let native = Native::compile(&policy)?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = sample(&policy).without_native_stripping();
    let setup = setup.edited(|tree| {
        let host = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/\
                    route_config/virtual_hosts/0";
        if let Some(host) = tree.pointer_mut(host) {
            let value = "%CEL(filter_state['wasm.graylane'].reason)%";
            let header = json!({ "header": { "key": SHOWN, "value": value } });
            host["response_headers_to_add"] = json!([header]);
        }
    });
    let envoy = lab.envoy(&setup, &backends).await?;
    let visits: Arc<[Visit]> = mixed_users(FEW.min(lab.users()))
        .iter()
        .enumerate()
        .map(|(number, visit)| match number % 4 {
            0 => visit.clone().with("x-gray-version", "v2"),
            // An empty one is none.
            1 => visit.clone().with("x-gray-version", ""),
            _ => visit.clone(),
        })
        .collect();
    let answers = ask(&envoy, &visits).await?;
    let right = visits.iter().zip(&answers).filter(|(visit, answer)| {
        let wanted = native.annotation(visit);
        let header = answer
            .as_ref()
            .ok()
            .and_then(|reply| reply.headers.get(SHOWN));
        header.is_some_and(|header| wanted["reason"] == *String::from_utf8_lossy(header.as_bytes()))
    });
    let right = right.count();
    let forged = visits.len().div_ceil(4) as u64;
    let until = Instant::now() + PATIENCE;
    let counted = loop {
        let stats = envoy.admin().stats("graylane_tags_dropped_total").await?;
        let counted = stats.values().sum::<u64>();
        if counted >= forged || Instant::now() > until {
            break counted;
        }
        tokio::time::sleep(POLL).await;
    };
    Ok(vec![
        Row::exact(
            NAME,
            "the reason as a header of the answer",
            visits.len(),
            right,
        ),
        Row::exact(
            NAME,
            "tags that were not believed, counted",
            forged,
            counted,
        ),
    ])
}

/// Asks as these users: the answers, the lines of the access log by their paths, and how many lines
/// were none.
async fn logged(
    lab: &Lab,
    policy: &Value,
    visits: &Arc<[Visit]>,
) -> Result<(Vec<Answer>, BTreeMap<String, Value>, usize)> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let envoy = lab.envoy(&sample(policy), &backends).await?;
    let answers = ask(&envoy, visits).await?;
    let until = Instant::now() + PATIENCE;
    loop {
        let text = envoy.log().since(0);
        // Envoy's own lines begin with the time in brackets.
        let lines = text.lines().filter(|line| line.starts_with('{'));
        let lines: Vec<_> = lines.map(serde_json::from_str::<Value>).collect();
        if lines.len() >= visits.len() || Instant::now() > until {
            let broken = lines.iter().filter(|line| line.is_err()).count();
            let lines = lines.into_iter().flatten();
            let by_path =
                |line: Value| (line["path"].as_str().unwrap_or_default().to_owned(), line);
            return Ok((answers, lines.map(by_path).collect(), broken));
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn ask(envoy: &Envoy, visits: &Arc<[Visit]>) -> Result<Vec<Answer>> {
    let progress = Progress::of(NAME, visits.len());
    drive(envoy.address(), visits, Pace::default(), progress).await
}

fn well(answers: &[Answer]) -> usize {
    let replies = answers.iter().flatten();
    replies.filter(|reply| reply.is_success()).count()
}
