//! A wrong policy must be noticed. A harness that cannot fail shows nothing.

use anyhow::Result;

use super::people::policy;
use super::{agree, shares};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::report::Row;

const NAME: &str = "broken";

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    eprintln!("broken: what follows is wrong on purpose");
    let twelve = Setup::of("standalone").policy(&policy(&[("v2", 12.0)]));
    let ten = policy(&[("v2", 10.0)]);
    let tally = agree::compare(lab, &twelve, &ten, lab.users()).await?;
    // They must differ in who has what version, not in that nobody was answered.
    let differs = tally.unanswered.is_empty() && !tally.version.is_empty();

    // Far enough off that also few users show it.
    let thirty = policy(&[("v2", 30.0)]);
    let found = shares::measure(lab, &thirty, &[("v2", 10.0)]).await?;
    let failed: Vec<_> = found.rows.iter().filter(|row| !row.passed).collect();
    let share_failed = matches!(&*failed, [row] if row.rule == "10 %: v2");
    Ok(vec![
        noticed("agree: Envoy at 12 %, the core at 10 %", differs),
        noticed("shares: Envoy at 30 %, expected 10 %", share_failed),
    ])
}

fn noticed(case: &str, noticed: bool) -> Row {
    let observed = if noticed { "it fails" } else { "it does not" };
    Row::judged(NAME, case, "the check fails", observed, "", noticed)
}
