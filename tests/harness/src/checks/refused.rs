//! A policy with a mistake is refused: the one before stays in force, and the log says why.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::people::{policy, with_user};
use crate::Progress;
use crate::client::{Pace, Visit, drive};
use crate::envoy::{Envoy, Form, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "refused";
const PATIENCE: Duration = Duration::from_secs(30);
const USERS: usize = 300;

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let good = policy(&[("v2", 40.0)]);
    let native = Native::compile(&good)?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let users: Arc<[Visit]> = (0..USERS)
        .map(|number| with_user(Visit::of(format!("user-{number}"))))
        .collect();
    let mut rows = Vec::new();
    for form in [Form::Struct, Form::Json] {
        let setup = Setup::of("dynamic").policy(&good).form(form);
        let envoy = lab.envoy(&setup, &backends).await?;
        for (mistake, bad) in mistakes(&good) {
            let case = format!("{mistake}, as {form:?}");
            let sentence = match Native::compile(&bad) {
                Ok(_) => bail!("{mistake}: the core accepts it"),
                Err(error) => error.root_cause().to_string(),
            };
            let logged = envoy.log().end();
            envoy.policy_file()?.replace(&bad)?;
            let line = envoy.log().wait(&sentence, logged, PATIENCE).await;
            rows.push(match line {
                Ok(_) => Row::exact(
                    NAME,
                    &case,
                    "a sentence in the log",
                    "a sentence in the log",
                ),
                Err(_) => Row::judged(NAME, &case, sentence, "not in the log", "exact", false),
            });
            rows.push(still(&case, &envoy, &users, &native).await?);
        }
        // And the next good one is taken as if nothing had been.
        let next = policy(&[("v2", 0.0)]);
        let logged = envoy.log().end();
        envoy.policy_file()?.replace(&next)?;
        envoy
            .log()
            .wait("policy in force", logged, PATIENCE)
            .await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let case = format!("a right one afterwards, as {form:?}");
        rows.push(still(&case, &envoy, &users, &Native::compile(&next)?).await?);
    }
    Ok(rows)
}

/// Policies with one mistake each.
fn mistakes(good: &Value) -> [(&'static str, Value); 3] {
    let with = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        if let Some(place) = bad.pointer_mut(pointer) {
            *place = value;
        }
        bad
    };
    [
        (
            "a share above 100 %",
            with("/services/0/rules/1/split/to/0/percent", json!(120)),
        ),
        (
            "an unknown field",
            with("/services/0/rules/0/when/header", json!({ "nmae": "x-qa" })),
        ),
        (
            "an unknown version",
            with("/services/0/rules/0/use", json!("v9")),
        ),
    ]
}

/// How many users are answered as the core says.
async fn still(case: &str, envoy: &Envoy, users: &Arc<[Visit]>, native: &Native) -> Result<Row> {
    let progress = Progress::of(&format!("refused: {case}"), users.len());
    let answers = drive(envoy.address(), users, Pace::default(), progress).await?;
    let right = users
        .iter()
        .zip(&answers)
        .filter(|(visit, answer)| native.is_right(visit, answer))
        .count();
    Ok(Row::exact(
        NAME,
        format!("{case}: users as before"),
        users.len(),
        right,
    ))
}
