//! `graylane simulate`: generated users through a policy, and their shares held against it.

mod chart;
mod count;
mod plan;
mod plot;
mod show;
mod users;

use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;

use super::input::{File, Loaded};
use super::output::{Exit, Format, Said};
use super::request::{Parts, Proxy};
use count::Shares;
use users::{Carrier, Crowd};

const EXAMPLES: &str = "Examples:
  graylane simulate policy.yaml
  graylane simulate policy.yaml --users 100000 --key cookie:uid --svg shares.svg
  graylane simulate policy.yaml --service pay -H 'x-user-tier: premium' --format json

Exit codes: 0 each share is what the policy says, but for chance; 3 one is not; 1 the policy is refused";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    file: File,
    /// How many users each service gets
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    users: u64,
    /// What carries a user's id, as `header:NAME`, `cookie:NAME`, `query:NAME`, `claim:NAME` or
    /// `source_ip`; by default, every key of the policy's splits
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<Carrier>,
    /// Other users for each number
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u32,
    /// This service alone
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Draw the versions' shares into this file, and those of ramps over time
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// For people or for programs
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    parts: Parts,
    #[command(flatten)]
    proxy: Proxy,
}

/// What came of it.
#[derive(Serialize)]
struct Outcome {
    users: u64,
    seed: u32,
    /// The moment, in milliseconds since the Unix epoch.
    #[serde(skip)]
    now: u64,
    /// Whether each share is what the policy says, but for chance.
    ok: bool,
    services: Vec<Shares>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Said> {
    let policy = args.file.load(&args.proxy.node())?;
    let keys = if args.keys.is_empty() {
        users::keys(&policy.document)
    } else {
        args.keys.clone()
    };
    let now = args.proxy.now()?;
    let mut services = Vec::new();
    for (index, host) in visited(args, &policy)? {
        let mut request = args.parts.request();
        request.host = host;
        let crowd = Crowd::new(&request, &keys, args.seed);
        services.push(count::shares(&policy.rules, index, crowd, args.users, now)?);
    }
    let outcome = Outcome {
        users: args.users,
        seed: args.seed,
        now,
        ok: services.iter().all(Shares::ok),
        services,
    };
    if let Some(file) = &args.svg {
        svg::save(file, &chart::draw(&outcome))
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let exit = if outcome.ok { Exit::Fine } else { Exit::NotMet };
    match args.format {
        Format::Human => Ok(Said {
            text: show::human(&outcome, &keys),
            exit,
        }),
        Format::Json => Said::json(&outcome, exit),
    }
}

/// The services that users go to, each with a host by which they reach it.
fn visited(args: &Args, policy: &Loaded) -> anyhow::Result<Vec<(usize, String)>> {
    let given = args.parts.names_host().then(|| args.parts.request().host);
    let services = policy.rules.services().iter().enumerate();
    let chosen = services.filter(|(_, service)| {
        let chosen = args.service.as_deref();
        chosen.is_none_or(|chosen| chosen == service.name())
    });
    let mut reached = Vec::new();
    for (index, _) in chosen {
        let hosts = match &given {
            Some(host) => vec![host.clone()],
            None => super::hosts::of(&policy.document["services"][index]),
        };
        let own = super::hosts::answered(&policy.rules, index, &hosts);
        reached.extend(own.map(|host| (index, host)));
    }
    anyhow::ensure!(
        !reached.is_empty(),
        "no such service is reached; see `graylane check`"
    );
    Ok(reached)
}
