//! `graylane explain`: which version answers a request, and why.

mod closed;
mod show;
mod story;
mod words;

use std::hash::{BuildHasher, Hasher, RandomState};

use super::input::File;
use super::output::{Exit, Format, Said};
use super::request::{Parts, Proxy};
use crate::Moment;

const EXAMPLES: &str = "Examples:
  graylane explain policy.yaml -H 'x-user-id: 42'
  graylane explain policy.yaml --host pay.example.com --path '/cart?beta=1' --ip 203.0.113.7
  graylane explain wasmplugin.yaml --node sidecar~ -H 'x-gray-version: v2' --format json";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
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

pub(super) fn run(args: &Args) -> anyhow::Result<Said> {
    let policy = args.file.load(&args.proxy.node())?;
    let standings = closed::standings(&policy.rules, &args.closed)?;
    let moment = Moment {
        now: args.proxy.now()?,
        standings: &standings,
    };
    let mut request = args.parts.request();
    // As a proxy draws: such a request is not sticky there either.
    let [high, low] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
    request.random = Some(u128::from(high) << 64 | u128::from(low));
    let story = story::tell(&policy, &request, moment);
    match args.format {
        Format::Human => Ok(Said::fine(show::human(&story, args.parts.names_host()))),
        Format::Json => Said::json(&story, Exit::Fine),
    }
}
