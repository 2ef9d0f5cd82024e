//! A version that is tried again: by the users whom it would have first, and by nobody else.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::NAME;
use super::cases::{RETRY, RETURNS};
use super::judge::{Asked, Run, is_by};
use super::site::{SHARE, Site, policy};
use crate::native::Native;
use crate::report::Row;

/// How long the workers may take to hear of it from each other.
const HEARD: Duration = Duration::from_millis(500);

/// When a version was certainly probing.
pub(super) struct Probing {
    pub(super) from: Instant,
    pub(super) to: Instant,
}

/// Who tried again: those who would be there if the version had but this part of its share.
pub(super) fn row(site: &Site<'_>, run: &Run, probing: &Probing) -> Result<Row> {
    let first = Native::compile(&policy(site.cases, SHARE * RETRY / 100.0))?;
    let of_first: BTreeSet<_> = site
        .visits_to(RETURNS)
        .filter(|visit| first.decide(visit).version.as_deref() != Some("v1"))
        .map(|visit| &*visit.user)
        .collect();
    let asked = run.asked(site).filter(|(record, user)| {
        let settled = record.sent > probing.from + HEARD && record.answered < probing.to;
        settled && user.service == RETURNS && user.canary.is_some()
    });
    let asked: Vec<Asked<'_>> = asked.collect();
    let tries = |(record, _): &Asked<'_>| of_first.contains(&*record.user);
    let right = asked.iter().filter(|asked| {
        let by = (!tries(asked)).then_some(asked.1.baseline);
        is_by(asked, by)
    });
    let right = right.count();
    let trying = asked.iter().filter(|asked| tries(asked)).count();
    Ok(Row::judged(
        NAME,
        format!("{RETURNS}: while probing, the first {RETRY} % of its users, the others by v1"),
        asked.len(),
        format!("{right}; {trying} of them tried"),
        "exact; some of each",
        right == asked.len() && trying > 0 && trying < asked.len(),
    ))
}
