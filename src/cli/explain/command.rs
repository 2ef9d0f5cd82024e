//! The command, as it is typed.

use super::{closed, human, tell};
use crate::Moment;
use crate::cli::input::File;
use crate::cli::output::{Exit, Format, Said};
use crate::cli::request::{Parts, Proxy};

const EXAMPLES: &str = "Examples:
  graylane explain policy.yaml -H 'x-user-id: 42'
  graylane explain policy.yaml --host pay.example.com --path '/cart?beta=1' --ip 203.0.113.7
  graylane explain wasmplugin.yaml --node sidecar~ -H 'x-gray-version: v2' --format json";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    file: File,
    /// For people or for programs
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    parts: Parts,
    #[command(flatten)]
    proxy: Proxy,
    /// A version that its guard has closed in that proxy, as often as there are
    #[arg(long, value_name = "SERVICE/VERSION", help_heading = "The proxy")]
    closed: Vec<String>,
}

pub(in crate::cli) fn run(args: &Args) -> anyhow::Result<Said> {
    let policy = args.file.load(&args.proxy.node())?;
    let standings = closed::standings(&policy.rules, &args.closed)?;
    let moment = Moment {
        now: args.proxy.now()?,
        standings: &standings,
    };
    let story = tell(&policy, args.parts.request(), moment);
    match args.format {
        Format::Human => Ok(Said::fine(human(&story, args.parts.names_host()))),
        Format::Json => Said::json(&story, Exit::Fine),
    }
}
