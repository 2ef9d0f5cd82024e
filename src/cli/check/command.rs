//! The command, as it is typed.

use std::path::PathBuf;

use super::dump::Dump;
use super::{Severity, human, look, refused};
use crate::cli::input::{self, Loaded};
use crate::cli::output::{Exit, Format, Said};
use crate::cli::request::Proxy;

const EXAMPLES: &str = "Examples:
  graylane check policy.yaml
  graylane check --strict istio/*.yaml envoy/bootstrap.yaml
  kubectl get wasmplugins -A -o yaml | graylane check --format json -
  curl -s localhost:9901/config_dump | graylane check --config-dump -

Exit codes: 0 fine, 1 a policy is refused (with --strict: or warned of), 2 a file cannot be read";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
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

pub(in crate::cli) fn run(args: &Args) -> anyhow::Result<Said> {
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
