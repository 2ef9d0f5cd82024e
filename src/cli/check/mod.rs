//! `graylane check`: refuses what is wrong, and warns of what is legal but cannot be meant.

#[cfg(feature = "cli")]
mod command;
mod dump;
mod hosts;
mod idle;
mod keys;
mod lanes;
mod places;
mod rules;
mod salts;
mod times;
mod values;
mod versions;

use std::fmt::Write;

#[cfg(feature = "cli")]
pub(super) use command::{Args, run};
use dump::Dump;
use serde::Serialize;

use super::input::{Loaded, Mark, Refusal};
use super::output::{BAD, DIM, GOOD, WARN, styled};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    /// The policy is refused.
    Error,
    /// It cannot be meant.
    Warning,
    /// It may be meant, but is easily missed.
    Note,
}

/// What a look at a policy found.
struct Finding {
    severity: Severity,
    /// As the core writes it: `services[0].rules[1]`.
    place: String,
    problem: String,
}

/// A policy, and what was found in it.
#[derive(Serialize)]
pub(super) struct Checked {
    policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    holds: Option<Holds>,
    findings: Vec<Located>,
}

#[derive(Serialize)]
struct Holds {
    services: usize,
    rules: usize,
}

/// A finding, and where it stands in the file.
#[derive(Serialize)]
struct Located {
    severity: Severity,
    place: String,
    problem: String,
    line: Option<usize>,
    column: Option<usize>,
    #[serde(skip)]
    at: String,
}

impl Finding {
    fn warning(place: String, problem: String) -> Self {
        Self {
            severity: Severity::Warning,
            place,
            problem,
        }
    }

    fn note(place: String, problem: String) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::warning(place, problem)
        }
    }
}

impl Located {
    fn new(finding: Finding, at: String, mark: Option<Mark>) -> Self {
        Self {
            severity: finding.severity,
            place: finding.place,
            problem: finding.problem,
            line: mark.map(|mark| mark.line),
            column: mark.map(|mark| mark.column),
            at,
        }
    }
}

/// What there is to say of a policy that the core refuses.
pub(super) fn refused(refusal: Refusal) -> Checked {
    let finding = Finding {
        severity: Severity::Error,
        place: refusal.error.place().to_owned(),
        problem: refusal.error.problem().to_owned(),
    };
    Checked {
        policy: refusal.label,
        holds: None,
        findings: vec![Located::new(finding, refusal.at, refusal.mark)],
    }
}

/// Looks at a policy that the core accepts, by itself.
pub(super) fn checked(policy: &Loaded, now: u64) -> Checked {
    look(policy, now, None)
}

/// Looks at a policy that the core accepts, and at the proxy that it is for, where one is known.
fn look(policy: &Loaded, now: u64, dump: Option<&Dump>) -> Checked {
    let looks = [
        hosts::look,
        idle::look,
        keys::look,
        lanes::look,
        rules::look,
        salts::look,
        values::look,
        versions::look,
    ];
    let findings = looks.iter().flat_map(|look| look(policy));
    let findings = findings.chain(times::look(policy, now));
    let findings = findings.chain(dump.into_iter().flat_map(|dump| dump::look(policy, dump)));
    let findings = findings.map(|finding| {
        let mark = policy.source.mark(&finding.place);
        Located::new(finding, policy.source.at(mark), mark)
    });
    let mut findings: Vec<_> = findings.collect();
    findings.sort_by_key(|finding| (finding.line, finding.column));
    let services = policy.rules.services();
    Checked {
        holds: Some(Holds {
            services: services.len(),
            rules: services.iter().map(|service| service.rules().len()).sum(),
        }),
        findings,
        policy: policy.source.label.clone(),
    }
}

pub(super) fn human(checked: &Checked) -> String {
    let mut out = String::new();
    for finding in &checked.findings {
        let (style, severity) = match finding.severity {
            Severity::Error => (BAD, "error"),
            Severity::Warning => (WARN, "warning"),
            Severity::Note => (DIM, "note"),
        };
        let severity = styled(style, severity);
        let Located {
            at, place, problem, ..
        } = finding;
        let _ = writeln!(out, "{at}: {severity}: {place}: {problem}");
    }
    if let Some(holds) = &checked.holds {
        let count = |number: usize, one: &str| match number {
            1 => format!("1 {one}"),
            _ => format!("{number} {one}s"),
        };
        let (services, rules) = (count(holds.services, "service"), count(holds.rules, "rule"));
        let verdict = match &checked.findings[..] {
            [] => styled(GOOD, "fine"),
            some => styled(GOOD, format!("accepted, {}", count(some.len(), "remark"))),
        };
        let _ = writeln!(out, "{}: {verdict}: {services}, {rules}", checked.policy);
    }
    out
}
