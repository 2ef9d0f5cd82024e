//! A share shrinks, and who was on the canary stays there, as long as the policy has it.

use std::sync::Arc;

use anyhow::Result;
use serde_json::Value;

use super::people::{policy, with_user};
use crate::Progress;
use crate::client::{Answer, Pace, Protocol, Reply, Visit, drive};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "keep";
const USERS: usize = 1_000;

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let users: Arc<[Visit]> = (0..USERS)
        .map(|number| {
            let visit = with_user(Visit::of(format!("user-{number}")));
            visit.over([Protocol::Http1, Protocol::Http2][number % 2])
        })
        .collect();
    let mut rows = Vec::new();

    let before = ask(lab, &backends, &keeping(30.0), &users, "at 30 %", &mut rows).await?;
    let marked: Arc<[Visit]> = users
        .iter()
        .zip(&before)
        .map(|(visit, answer)| bringing(visit.clone(), answer))
        .collect();
    let on_canary = canaries(&before);
    let brought = marked.iter().zip(users.iter());
    let brought = brought.filter(|(marked, visit)| marked.headers.len() > visit.headers.len());
    rows.push(Row::exact(
        NAME,
        "at 30 %: on the canary, and told so",
        on_canary,
        brought.count(),
    ));

    let mut off = keeping(30.0);
    off["services"][0]["enabled"] = false.into();
    let mut release = keeping(30.0);
    release["services"][0]["rules"][1]["split"]["salt"] = "the next release".into();
    for (case, policy, stay) in [
        ("at 5 %", keeping(5.0), Some(on_canary)),
        ("at 0 %", keeping(0.0), Some(on_canary)),
        ("off", off, Some(0)),
        ("another salt", release, None),
    ] {
        let answers = ask(lab, &backends, &policy, &marked, case, &mut rows).await?;
        let both = before.iter().zip(&answers);
        let stayed = both
            .filter(|(before, now)| is_canary(before) && is_canary(now))
            .count();
        rows.push(if let Some(stay) = stay {
            let case = format!("{case}: who stays on the canary");
            Row::exact(NAME, case, stay, stayed)
        } else {
            // Another draw: about as many of them as of everybody.
            let some = stayed > 0 && stayed < on_canary;
            let case = format!("{case}: who is there again");
            Row::judged(NAME, case, "some, not all", stayed, "", some)
        });
    }
    Ok(rows)
}

fn keeping(percent: f64) -> Value {
    let mut policy = policy(&[("v2", percent)]);
    policy["services"][0]["rules"][1]["split"]["keep"] = true.into();
    policy
}

/// Every user once, through an Envoy of this policy: each as the core says.
async fn ask(
    lab: &Lab,
    backends: &crate::backend::Fleet,
    policy: &Value,
    visits: &Arc<[Visit]>,
    case: &str,
    rows: &mut Vec<Row>,
) -> Result<Vec<Answer>> {
    let native = Native::compile(policy)?;
    let envoy = lab
        .envoy(&Setup::of("standalone").policy(policy), backends)
        .await?;
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    let answers = drive(envoy.address(), visits, Pace::default(), progress).await?;
    let right = visits
        .iter()
        .zip(&answers)
        .filter(|(visit, answer)| native.is_right(visit, answer));
    let case = format!("{case}: answered as the core says");
    rows.push(Row::exact(NAME, case, visits.len(), right.count()));
    Ok(answers)
}

/// The visit with the cookies that the answer set.
fn bringing(visit: Visit, answer: &Answer) -> Visit {
    let cookies = answer.as_ref().map(Reply::cookies).unwrap_or_default();
    let pairs = cookies.iter().filter_map(|line| line.split(';').next());
    let pairs: Vec<_> = pairs.collect();
    if pairs.is_empty() {
        return visit;
    }
    visit.with("cookie", pairs.join("; "))
}

fn is_canary(answer: &Answer) -> bool {
    let reply = answer.as_ref().ok();
    reply.is_some_and(|reply| reply.version() == Some("v2"))
}

fn canaries(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| is_canary(answer)).count()
}
