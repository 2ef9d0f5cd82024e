//! `graylane rollback`: the document before, or the one in force, switched off.

use anyhow::{Result, bail};

use super::How;
use super::change::{Change, Keeps};
use crate::Node;
use crate::cli::centre::To;
use crate::cli::input;
use crate::cli::output::Said;

const EXAMPLES: &str = "Examples:
  graylane rollback --to etcd://10.0.0.5:2379/graylane/checkout
  graylane rollback --to consul://10.0.0.5:8500/graylane/checkout --disable --yes

Exit codes: 0 it is in force there, 1 the policy is refused, 2 it cannot be written, 3 more than \
--max-moved would move, 4 the document was changed meanwhile";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    to: To,
    /// Leave the policy, but switch it off: everybody gets the baselines
    #[arg(long)]
    disable: bool,
    #[command(flatten)]
    how: How,
}

pub(in crate::cli) fn run(args: &Args) -> Result<Said> {
    let document = args.to.open()?;
    let seen = document.read()?;
    let label = document.to_string();
    let (bytes, keeps) = if args.disable {
        let Some(bytes) = &seen.document else {
            bail!("{document}: there is no document that could be switched off");
        };
        let mut policy = input::of_centre(&label, bytes.clone(), &Node::default())?.document;
        policy["enabled"] = false.into();
        (serde_json::to_vec(&policy)?, Keeps::Before)
    } else {
        let Some(bytes) = document.previous()? else {
            bail!(
                "{document}: nobody has kept a document before this one; publish the one that you \
                 want, or switch the policy off by --disable"
            );
        };
        (bytes, Keeps::After)
    };
    let policy = input::of_centre(&label, bytes.clone(), &Node::default())?;
    let change = Change {
        document: &document,
        seen,
        how: &args.how,
        keeps,
    };
    change.make(&policy, &bytes)
}
