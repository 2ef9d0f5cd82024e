//! `graylane check`: refuses what is wrong, and warns of what is legal but cannot be meant.

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
use std::path::PathBuf;

use dump::Dump;
use serde::Serialize;

use super::input::{self, Loaded, Mark, Refusal};
use super::output::{BAD, DIM, Exit, Format, GOOD, Said, WARN, styled};
use super::request::Proxy;

const EXAMPLES: &str = "Examples:
  graylane check policy.yaml
  graylane check --strict istio/*.yaml envoy/bootstrap.yaml
  kubectl get wasmplugins -A -o yaml | graylane check --format json -
  curl -s localhost:9901/config_dump | graylane check --config-dump -

Exit codes: 0 fine, 1 a policy is refused (with --strict: or warned of), 2 a file cannot be read";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Policies, `WasmPlugin`s or Envoy's configurations, as YAML or JSON; `-` is standard input
    #[arg(required_unless_present = "config_dump", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What a proxy has in force, from `/config_dump` of its admin interface: whether it has a route
    /// and a cluster for what the policies name; without a FILE, those that are in it
    #[arg(long, value_name = "DUMP")]
    config_dump: Option<PathBuf>,
    /// Refuse what is warned of, too
    #[arg(long)]
    strict: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    proxy: Proxy,
}

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

pub(super) fn run(args: &Args) -> anyhow::Result<Said> {
    let mut checked = Vec::new();
    let (node, now) = (args.proxy.node(), args.proxy.now()?);
    let dump = args.config_dump.as_deref();
    // What is in force counts where nothing else is given.
    let dump = dump.map(|dump| Dump::read(dump, args.files.is_empty()));
    let (dump, in_force) = dump.transpose()?.unzip();
    let files = args.files.iter().map(|file| input::read(file));
    for sources in files.chain(in_force.map(Ok)) {
        match sources {
            Ok(sources) => {
                let policies = sources.into_iter().map(|source| source.load(&node));
                let look = |policy: Loaded| look(&policy, now, dump.as_ref());
                checked.extend(policies.map(|policy| policy.map_or_else(refused, look)));
            }
            Err(error) => checked.push(refused(error.downcast()?)),
        }
    }
    let mut findings = checked.iter().flat_map(|checked| &checked.findings);
    let fails = findings.any(|finding| match finding.severity {
        Severity::Error => true,
        Severity::Warning => args.strict,
        Severity::Note => false,
    });
    let exit = if fails { Exit::Refused } else { Exit::Fine };
    match args.format {
        Format::Json => Said::json(&checked, exit),
        Format::Human => Ok(Said {
            text: checked.iter().map(human).collect(),
            exit,
        }),
    }
}

fn refused(refusal: Refusal) -> Checked {
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
