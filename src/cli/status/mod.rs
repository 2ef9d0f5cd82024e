//! `graylane status`: what is in force, in each proxy of a fleet.

mod fleet;
mod prometheus;
mod show;

use std::str::FromStr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde::Serialize;

use super::admin::Admin;
use super::centre::{Credentials, Document};
use super::output::{Exit, Format, Said};
use super::retire::time;
use crate::revision;
use fleet::{NAMES, Proxy, REVISION};

const EXAMPLES: &str = "Examples:
  graylane status --admin http://10.0.0.1:9901 --admin http://10.0.0.2:9901
  graylane status --prometheus http://prometheus:9090 --expect 1a2b3c4d --wait 60s
  graylane status --admin http://10.0.0.1:9901 --expect etcd://10.0.0.5:2379/graylane/checkout

Exit codes: 0 fine, 3 a proxy has not the revision that --expect says, 2 a proxy cannot be asked";

/// Between two looks, with `--wait`.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A proxy's admin interface, such as <http://127.0.0.1:9901>; as often as there are proxies
    #[arg(
        long = "admin",
        value_name = "URL",
        required_unless_present = "prometheus",
        conflicts_with = "prometheus"
    )]
    admins: Vec<Admin>,
    /// The Prometheus that scrapes the proxies, such as <http://127.0.0.1:9090>
    #[arg(long, value_name = "URL")]
    prometheus: Option<String>,
    /// The revision that every proxy should have, as `publish` prints it, or the address of the
    /// policy whose revision that is; if a proxy has not, the exit code is 3
    #[arg(long, value_name = "REVISION|URL")]
    expect: Option<Expected>,
    /// How long to wait until they have it
    #[arg(long, value_name = "TIME", requires = "expect", value_parser = time)]
    wait: Option<Duration>,
    /// For people or for programs
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    credentials: Credentials,
}

/// What every proxy should have.
#[derive(Clone, Debug)]
enum Expected {
    Revision(u32),
    /// What is at this address.
    At(String),
}

/// What was found.
#[derive(Serialize)]
struct Status {
    proxies: Vec<Proxy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Verdict>,
}

/// Whether every proxy has what it should.
#[derive(Serialize)]
struct Verdict {
    revision: String,
    /// The proxies that have another, or do not answer.
    lacking: Vec<String>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Said> {
    let began = Instant::now();
    let wait = args.wait.unwrap_or_default();
    let expected = args
        .expect
        .as_ref()
        .map(|expected| expected.revision(&args.credentials));
    let expected = expected
        .transpose()?
        .map(|revision| format!("{revision:08x}"));
    let status = loop {
        let status = look(args, expected.as_deref())?;
        let lacks = status.expected.as_ref();
        let lacks = lacks.is_some_and(|verdict| !verdict.lacking.is_empty());
        if !lacks || began.elapsed() >= wait {
            break status;
        }
        sleep(LOOK);
    };
    let silent = status.proxies.iter().any(|proxy| proxy.trouble.is_some());
    let exit = match &status.expected {
        Some(verdict) if !verdict.lacking.is_empty() => Exit::NotMet,
        _ if silent => Exit::Usage,
        _ => Exit::Fine,
    };
    match args.format {
        Format::Json => Said::json(&status, exit),
        Format::Human => Ok(Said {
            text: show::human(&status),
            exit,
        }),
    }
}

/// Asks every proxy once.
fn look(args: &Args, expected: Option<&str>) -> anyhow::Result<Status> {
    let proxies = match &args.prometheus {
        Some(url) => {
            let proxies = prometheus::proxies(url)?;
            if proxies.is_empty() {
                bail!(
                    "{url} has no series of graylane's; have it scrape the proxies' \
                     /stats/prometheus"
                );
            }
            proxies
        }
        None => args.admins.iter().map(ask).collect(),
    };
    let verdict = |revision: &str| {
        let other = |proxy: &&Proxy| proxy.revision.as_deref() != Some(revision);
        let lacking = proxies.iter().filter(other);
        Verdict {
            revision: revision.to_owned(),
            lacking: lacking.map(|proxy| proxy.name.clone()).collect(),
        }
    };
    let expected = expected.map(verdict);
    Ok(Status { proxies, expected })
}

fn ask(admin: &Admin) -> Proxy {
    let name = admin.to_string();
    match admin.metrics(&NAMES) {
        Ok(metrics) if metrics.iter().any(|metric| metric.name == REVISION) => {
            Proxy::of(name, metrics)
        }
        Ok(_) => {
            let trouble = format!(
                "{admin} tells no revision: its proxy has not the filter, or one of an older \
                 version, or no policy was ever in force there"
            );
            Proxy::silent(name, trouble)
        }
        Err(error) => Proxy::silent(name, format!("{error:#}")),
    }
}

impl FromStr for Expected {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains("://") {
            return Ok(Self::At(text.to_owned()));
        }
        let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let revision = u32::from_str_radix(text, 16).ok().filter(|_| digits);
        let revision = revision.ok_or("write it as 1a2b3c4d, eight hexadecimal digits")?;
        Ok(Self::Revision(revision))
    }
}

impl Expected {
    fn revision(&self, credentials: &Credentials) -> anyhow::Result<u32> {
        let address = match self {
            Self::Revision(revision) => return Ok(*revision),
            Self::At(address) => address,
        };
        let document = Document::open(address, credentials)?;
        match document.read()?.document {
            Some(bytes) => Ok(revision(&bytes)),
            None => bail!("{document}: there is no policy that a proxy could have"),
        }
    }
}
