//! `graylane retire`: waits until no proxy has anything open on a version, nor sends it more.

mod counts;
mod policy;
mod show;
mod watch;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::bail;
use humantime::format_duration;

use super::admin::Admin;
use super::clock;
use super::input::File;
use super::output::{Exit, Said, WARN, styled};
use crate::Node;
use counts::{Counts, counts};
use show::Waiting;
use watch::{Told, Watch};

const EXAMPLES: &str = "Examples:
  graylane retire checkout/v1 --admin http://127.0.0.1:9901
  graylane retire checkout/v1 policy.yaml --admin http://10.0.0.1:9901 --admin http://10.0.0.2:9901

Exit codes: 0 idle, 3 not idle, or the policy still sends users there, 2 a proxy cannot be asked";

/// Between two looks. Proxies tell what is open once a second.
const LOOK: Duration = Duration::from_secs(1);
/// A shorter quiet time could pass between two tellings of a proxy.
const SHORTEST: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The version, such as checkout/v1
    #[arg(value_name = "SERVICE/VERSION")]
    version: Version,
    /// The policy to come or in force, which may no longer send users there; `-` is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The policy, where the file holds several: a filter's or `WasmPlugin`'s name
    #[arg(long, value_name = "NAME", requires = "file")]
    policy: Option<String>,
    /// A proxy's admin interface, such as <http://127.0.0.1:9901>; as often as there are proxies
    #[arg(long = "admin", value_name = "URL", required = true)]
    admins: Vec<Admin>,
    /// How long nothing may be open and no request come
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = quiet)]
    quiet: Duration,
    /// When to give up
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time)]
    timeout: Duration,
}

/// A service's version.
#[derive(Clone, Debug)]
struct Version {
    service: String,
    name: String,
}

/// A proxy, and what it has said of the version.
struct Proxy<'a> {
    admin: &'a Admin,
    watch: Watch,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.name)
    }
}

impl FromStr for Version {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (service, name) = text.split_once('/').ok_or("write it as checkout/v1")?;
        Ok(Self {
            service: service.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// A time, as `10s` or `5m`.
pub(super) fn time(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text).map_err(|_| "write it as 10s or 5m")
}

fn quiet(text: &str) -> Result<Duration, &'static str> {
    match time(text)? {
        time if time < SHORTEST => Err("use 2s or more; proxies tell what is open once a second"),
        time => Ok(time),
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Said> {
    if args.timeout < args.quiet {
        bail!(
            "--timeout {} is shorter than --quiet {}; make it longer",
            format_duration(args.timeout),
            format_duration(args.quiet)
        );
    }
    let version = &args.version;
    if let Some(file) = args.file.clone() {
        let policy = args.policy.clone();
        let policy = File { file, policy }.load(&Node::default())?;
        if let Some(how) = policy::sends(&policy, version, clock::moment(None)?)? {
            return Ok(Said {
                text: show::still_sent(version, &policy.source.label, &how),
                exit: Exit::NotMet,
            });
        }
    }
    let mut proxies = first_look(args)?;
    let waiting = Waiting::new(args);
    let began = Instant::now();
    loop {
        let now = Instant::now();
        let mut watches = proxies.iter().map(|proxy| &proxy.watch);
        if watches.all(|watch| watch.is_quiet_for(args.quiet, now)) {
            return Ok(Said::fine(show::idle(args)));
        }
        if began.elapsed() >= args.timeout {
            return Ok(Said {
                text: show::busy(args, &proxies, now),
                exit: Exit::NotMet,
            });
        }
        waiting.show(&proxies, now);
        sleep(LOOK);
        for proxy in &mut proxies {
            look(proxy, version, &waiting);
        }
    }
}

/// Asks a proxy again. One that no longer answers may still have streams open, so it is waited for.
fn look(proxy: &mut Proxy<'_>, version: &Version, waiting: &Waiting<'_>) {
    let told = match counts(proxy.admin) {
        Ok(counts) => Told::of(&counts, version),
        Err(error) => Told::Silent(format!("{error:#}")),
    };
    if let (Told::Silent(why), false) = (&told, proxy.watch.is_silent()) {
        let warning = styled(WARN, "warning:");
        waiting.say(&format!(
            "{warning} {why}; it is asked again, since streams may be open there; if it is gone \
             for good, leave it out"
        ));
    }
    proxy.watch.hear(told, Instant::now());
}

/// Asks every proxy once: each has to have the filter, and one to have seen the version.
fn first_look(args: &Args) -> anyhow::Result<Vec<Proxy<'_>>> {
    let version = &args.version;
    let mut known = BTreeSet::new();
    let mut proxies = Vec::new();
    for admin in &args.admins {
        let counts = counts(admin)?;
        if counts.is_empty() {
            bail!(
                "{admin} has no count of graylane's: its proxy has not the filter, or has decided \
                 nothing since it started; leave it out, or name the admin interface of another"
            );
        }
        known.extend(versions_of(&counts, &version.service));
        let told = Told::of(&counts, version);
        let watch = Watch::new(told, Instant::now());
        proxies.push(Proxy { admin, watch });
    }
    if !known.contains(&version.name) {
        let known: Vec<_> = known.into_iter().collect();
        let known = match &known[..] {
            [] => "nor for another version of that service".to_owned(),
            known => format!("only for {}", known.join(", ")),
        };
        bail!(
            "no proxy has decided a request for {version} since it started, {known}; if \
             the name is right, nothing is open there"
        );
    }
    Ok(proxies)
}

fn versions_of(counts: &Counts, service: &str) -> impl Iterator<Item = String> {
    let own = counts.keys().filter(move |(name, _)| name == service);
    own.map(|(_, version)| version.clone())
}
