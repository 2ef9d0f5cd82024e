//! `graylane publish` and `graylane rollback`: a policy at a config centre, put in place of another.

mod ask;
mod change;
mod rollback;

use anyhow::{Result, bail, ensure};

use super::centre::To;
use super::diff;
use super::input::File;
use super::output::{Exit, Format, Said};
use crate::Node;
use change::{Change, Keeps};

pub(super) use rollback::{Args as RollbackArgs, run as rollback};

const EXAMPLES: &str = "Examples:
  graylane publish policy.yaml --to etcd://10.0.0.5:2379/graylane/checkout
  GRAYLANE_TOKEN=… graylane publish policy.yaml --to consul+https://consul.infra/graylane/checkout --max-moved 10% --yes
  graylane publish policy.yaml --to k8s://istio-system/checkout --print > wasmplugin.json

Exit codes: 0 it is in force there, 1 the policy is refused, 2 it cannot be written, 3 more than \
--max-moved would move, 4 the document was changed meanwhile";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    how: How,
    /// Print the `WasmPlugin` with the policy in it, for a pipeline that applies it, and write
    /// nothing
    #[arg(long)]
    print: bool,
}

/// How a change is made.
#[derive(Debug, clap::Args)]
struct How {
    /// How many users of a rule may move, such as 10%; if more would, nothing is written, and the
    /// exit code is 3
    #[arg(long, value_name = "PERCENT", value_parser = diff::limit)]
    max_moved: Option<u32>,
    /// Write without asking
    #[arg(long)]
    yes: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<Said> {
    let policy = args.file.load(&Node::default())?;
    let document = args.to.open()?;
    let plugin = document.wasm_plugin();
    if args.print {
        let Some(plugin) = plugin else {
            bail!("--print is for k8s://NAMESPACE/NAME; leave it out, or print a WasmPlugin");
        };
        return Said::json(&plugin.manifest(&policy.document)?, Exit::Fine);
    }
    ensure!(
        policy.document.get("remote").is_none() || plugin.is_some(),
        "{}: remote: is in a policy for a centre, where proxies refuse it; leave it to the filter's \
         own configuration",
        policy.source.label
    );
    let change = Change {
        document: &document,
        seen: document.read()?,
        how: &args.how,
        keeps: Keeps::Before,
    };
    change.make(&policy, &serde_json::to_vec(&policy.document)?)
}
