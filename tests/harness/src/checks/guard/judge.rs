//! What became of each case, by the records of its users and the log.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::NAME;
use super::cases::{Case, RELAPSES};
use super::site::{Site, User};
use super::verdicts::Verdict;
use crate::client::Record;
use crate::report::Row;

/// The end of the load, by which every worker must follow; the users who ask seldom are among it.
const LAST: Duration = Duration::from_secs(3);

/// The load and its moments.
pub(super) struct Run {
    pub(super) records: Vec<Record>,
    /// Up to here, every version is as it was.
    pub(super) turned: Instant,
    pub(super) ended: Instant,
}

/// A record and its user.
pub(super) type Asked<'r> = (&'r Record, &'r User);

impl Run {
    pub(super) fn asked<'r>(&'r self, site: &'r Site<'_>) -> impl Iterator<Item = Asked<'r>> {
        let records = self.records.iter();
        records.filter_map(|record| Some((record, site.users.get(&record.user)?)))
    }
}

/// The rows of what each case's users saw.
pub(super) fn rows(site: &Site<'_>, run: &Run) -> Result<Vec<Row>> {
    let verdicts = Verdict::all(site.envoy.log())?;
    let before = run
        .asked(site)
        .filter(|(record, _)| record.answered < run.turned);
    let before: Vec<_> = before.collect();
    let right = before.iter().filter(|asked| is_by(asked, None)).count();
    let mut rows = vec![
        all(
            "before they turn: answered as the core says",
            before.len(),
            right,
        ),
        others(site, run),
    ];
    rows.extend(
        site.cases
            .iter()
            .map(|case| row(site, run, case, &verdicts)),
    );
    let sane = |verdict: &&Verdict| {
        let case = site
            .cases
            .iter()
            .find(|case| verdict.is_on(case.service, case.version));
        let sane = case.is_some_and(|case| is_sane(case, verdict, &traces(site, run, case)));
        if !sane {
            eprintln!("{NAME}: {verdict:?}");
        }
        sane
    };
    let sane = verdicts.iter().filter(sane).count();
    rows.push(all(
        "lines whose numbers and traces can be",
        verdicts.len(),
        sane,
    ));
    Ok(rows)
}

/// A row of which all are to be right, and some there.
pub(super) fn all(rule: impl Into<String>, of: usize, right: usize) -> Row {
    let passed = of > 0 && right == of;
    Row::judged(NAME, rule, of, right, "exact", passed)
}

/// Whoever is on a baseline stays there, whatever becomes of the canary.
fn others(site: &Site<'_>, run: &Run) -> Row {
    let others = run.asked(site).filter(|(_, user)| user.canary.is_none());
    let others: Vec<_> = others.collect();
    let right = others.iter().filter(|asked| is_by(asked, None)).count();
    all(
        "users of the baselines: answered by them",
        others.len(),
        right,
    )
}

/// The verdicts on a version, and who answered its users in the end.
fn row(site: &Site<'_>, run: &Run, case: &Case, verdicts: &[Verdict]) -> Row {
    let name = case.name();
    let own = verdicts
        .iter()
        .filter(|verdict| verdict.is_on(case.service, case.version));
    let mut shown: Vec<_> = own.map(Verdict::short).collect();
    let wanted = case.verdicts.join(", ");
    let users = |(_, user): &Asked<'_>| user.canary.as_ref() == Some(&name);
    let last = run.asked(site).filter(users);
    let last = last.filter(|(record, _)| run.ended - record.sent < LAST);
    let last: Vec<_> = last.collect();
    let closed = case
        .verdicts
        .last()
        .is_some_and(|last| last.contains("→ closed"));
    let by = closed.then_some(case.baseline.name());
    let right = last.iter().filter(|asked| is_by(asked, by)).count();
    let mut passed = !last.is_empty() && right == last.len();
    if case.service == RELAPSES {
        // It goes on trying.
        shown.truncate(case.verdicts.len());
        passed = true;
    }
    let shown = shown.join(", ");
    passed &= shown == wanted;
    let none = |text: String| {
        if text.is_empty() {
            "no verdict".to_owned()
        } else {
            text
        }
    };
    let by = by.unwrap_or("itself");
    Row::judged(
        NAME,
        &name,
        format!("{}; then by {by}", none(wanted)),
        format!("{}; {right} of {}", none(shown), last.len()),
        "exact",
        passed,
    )
}

/// Whether this backend answered; without one, whichever the core says.
pub(super) fn is_by((record, user): &Asked<'_>, backend: Option<&str>) -> bool {
    let by = record.version.as_deref();
    match (backend, &user.canary) {
        (Some(backend), _) => by == Some(backend),
        // A call that failed does not tell who failed it.
        (None, Some(canary)) if user.is_calling => by.is_none_or(|by| by == canary),
        (None, Some(canary)) => by == Some(canary),
        (None, None) => by == Some(user.baseline),
    }
}

/// The traces of a canary's users who have seen it fail.
fn traces<'r>(site: &'r Site<'_>, run: &'r Run, case: &Case) -> BTreeSet<&'r str> {
    let name = case.name();
    let own = |(record, user): &Asked<'_>| {
        let failed = record.status.is_none_or(|status| status >= 500);
        user.canary.as_ref() == Some(&name) && failed
    };
    let own = run.asked(site).filter(own);
    own.map(|(_, user)| &*user.trace).collect()
}

/// Whether a line can be true: of what the policy says, and of who saw a failure.
fn is_sane(case: &Case, verdict: &Verdict, traces: &BTreeSet<&str>) -> bool {
    let Verdict {
        answers,
        failed,
        slow,
        ..
    } = *verdict;
    let ids = &verdict.trace_ids;
    verdict.cluster == format!("checkout-{}", case.name())
        && Some(verdict.window_ms) == case.window_ms()
        && verdict.is_past(&case.guard)
        && failed <= answers
        && slow <= answers
        && ids.is_empty() == (failed == 0)
        && ids.len() <= 5
        && ids.iter().all(|id| traces.contains(&**id))
}
