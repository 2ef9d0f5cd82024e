//! Envoy's answer equals the native core's, for every single user: zero tolerance.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use super::people::{mixed_users, policy};
use crate::Progress;
use crate::client::{Answer, Pace, Visit, drive};
use crate::envoy::{Form, Setup};
use crate::lab::Lab;
use crate::native::{Native, Verdict};
use crate::report::Row;

const NAME: &str = "agree";
/// Enough for the samples that differ only in how they route.
const FEW: usize = 2_000;

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let policy = policy(&[("v2", 10.0)]);
    let setup = Setup::of("standalone").policy(&policy);
    let mut rows = compare(lab, &setup, &policy, lab.users()).await?.rows();
    let few = FEW.min(lab.users());
    for (case, setup) in [
        ("policy as JSON text", setup.form(Form::Json)),
        (
            "sample header-routes",
            Setup::of("header-routes").policy(&policy),
        ),
        ("sample subset", Setup::of("subset").policy(&policy)),
        ("sample dynamic", Setup::of("dynamic").policy(&policy)),
    ] {
        let tally = compare(lab, &setup, &policy, few).await?;
        rows.push(Row::exact(NAME, case, tally.users, tally.right()));
    }
    Ok(rows)
}

/// Asks Envoy as it is set up, and the core under `policy`, of the same users.
pub(super) async fn compare(
    lab: &Lab,
    setup: &Setup,
    policy: &Value,
    users: usize,
) -> Result<Tally> {
    let native = Native::compile(policy)?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let envoy = lab
        .envoy(&setup.clone().showing_hop_headers(), &backends)
        .await?;
    let visits = mixed_users(users);
    let progress = Progress::of(&format!("agree: {}", setup.sample), visits.len());
    let answers = drive(envoy.address(), &visits, Pace::default(), progress).await?;

    let mut tally = Tally::default();
    for (visit, answer) in visits.iter().zip(&answers) {
        tally.add(visit, answer, &native.decide(visit));
    }
    tally.show_examples();
    Ok(tally)
}

/// How many were asked, and who was answered otherwise: the user, and how.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) users: usize,
    canary: usize,
    pub(super) unanswered: Vec<Wrong>,
    pub(super) version: Vec<Wrong>,
    tag: Vec<Wrong>,
    cluster: Vec<Wrong>,
}

pub(super) struct Wrong {
    user: String,
    how: String,
}

impl Tally {
    fn add(&mut self, visit: &Visit, answer: &Answer, verdict: &Verdict) {
        self.users += 1;
        let wrong = |how: String| Wrong {
            user: visit.user.clone(),
            how,
        };
        let wanted = verdict.version.as_deref();
        if wanted != Some("v1") {
            self.canary += 1;
        }
        let reply = match answer {
            Ok(reply) if reply.is_success() => reply,
            Ok(reply) => {
                return self
                    .unanswered
                    .push(wrong(format!("status {}", reply.status)));
            }
            Err(error) => return self.unanswered.push(wrong(error.clone())),
        };
        if reply.version() != wanted {
            let (got, rule) = (reply.version(), &verdict.rule);
            self.version
                .push(wrong(format!("{got:?}, not {wanted:?} by {rule:?}")));
        }
        // Exactly one value each, and the right one.
        for (header, wanted, wrongs) in [
            ("x-gray-version", wanted, &mut self.tag),
            (
                "x-gray-cluster",
                verdict.cluster.as_deref(),
                &mut self.cluster,
            ),
        ] {
            let seen = reply.seen(header);
            let wanted: Vec<_> = wanted.iter().map(|text| text.as_bytes()).collect();
            if seen != wanted {
                let values = seen.iter().map(|value| value.escape_ascii().to_string());
                wrongs.push(wrong(format!("{header} {:?}", values.collect::<Vec<_>>())));
            }
        }
    }

    /// How many users were answered right in every respect.
    fn right(&self) -> usize {
        let wrong: BTreeSet<&str> = self
            .cases()
            .into_iter()
            .flat_map(|(_, wrong)| wrong)
            .map(|wrong| wrong.user.as_str())
            .collect();
        self.users - wrong.len()
    }

    fn cases(&self) -> [(&'static str, &[Wrong]); 4] {
        [
            ("answered", &self.unanswered),
            ("version as the core says", &self.version),
            ("one right x-gray-version", &self.tag),
            ("one right x-gray-cluster", &self.cluster),
        ]
    }

    /// A few examples say more than ten thousand.
    fn show_examples(&self) {
        for (rule, wrong) in self.cases() {
            for Wrong { user, how } in wrong.iter().take(3) {
                eprintln!("{NAME}: {rule}: {user}: {how}");
            }
        }
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<_> = self
            .cases()
            .into_iter()
            .map(|(rule, wrong)| Row::exact(NAME, rule, self.users, self.users - wrong.len()))
            .collect();
        // Agreement on a constant would prove nothing.
        let both = self.canary > 0 && self.canary < self.users;
        let observed = format!("{} of {}", self.canary, self.users);
        rows.push(Row::judged(
            NAME,
            "users on the canary",
            "some, not all",
            observed,
            "",
            both,
        ));
        rows
    }
}
