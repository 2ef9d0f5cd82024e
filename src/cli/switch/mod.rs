//! `graylane switch`: closes versions and lanes, and sets shares, over a policy that stays as it is.

mod entries;
mod names;

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::centre::{Document, To, Written};
use super::output::{Exit, Format, GOOD, Said, styled};
use crate::policy::Switches;
pub(super) use entries::{Edit, Entries};
pub(super) use names::Names;

const EXAMPLES: &str = "Examples:
  graylane switch checkout/v2=closed --to etcd://10.0.0.5:2379/graylane/checkout/switches
  graylane switch checkout/v2= pay/v7=5 --policy policy.yaml --to consul://10.0.0.5:8500/graylane/switches
  graylane switch --to etcd://10.0.0.5:2379/graylane/checkout/switches

Exit codes: 0 it is in force there, 2 it cannot be written, 4 others write again and again";

/// How often it is begun anew where others write at the same time.
const TRIES: u32 = 16;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// `checkout/v2=closed`, `checkout/v2=5` for a share of 5 %, `checkout/v2=` to take it out, and
    /// the same with a lane's name; none: what is switched is told
    #[arg(value_name = "NAME=VALUE")]
    edits: Vec<Edit>,
    #[command(flatten)]
    to: To,
    /// Take all that is there out first
    #[arg(long)]
    clear: bool,
    /// The policy that has the names: a file, or its address at a centre
    #[arg(long, value_name = "FILE|URL")]
    policy: Option<Names>,
    /// For people or for programs
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// What was done.
#[derive(Serialize)]
struct Report {
    to: String,
    changed: bool,
    switches: Entries,
}

/// A switch document, and the policy that it is for, where that is known.
pub(super) struct Switchboard {
    document: Document,
    names: Option<(Names, super::centre::Credentials)>,
}

/// What came of edits.
pub(super) enum Edited {
    Done {
        changed: bool,
        switches: Entries,
    },
    /// Others wrote, each time.
    Changed,
}

pub(super) fn run(args: &Args) -> Result<Said> {
    let board = Switchboard::new(&args.to, args.policy.as_ref())?;
    let (exit, changed, switches) = match board.edit(&args.edits, args.clear)? {
        Edited::Done { changed, switches } => (Exit::Fine, changed, switches),
        Edited::Changed => {
            let text = format!(
                "{}: others write it again and again; look at it, and try anew\n",
                board.document
            );
            return Ok(Said {
                text,
                exit: Exit::Changed,
            });
        }
    };
    if args.format == Format::Json {
        let to = board.document.to_string();
        let report = Report {
            to,
            changed,
            switches,
        };
        return Said::json(&report, exit);
    }
    let done = if changed { "switched" } else { "as it was" };
    let text = format!("{}: {}: {switches}\n", board.document, styled(GOOD, done));
    Ok(Said { text, exit })
}

impl Switchboard {
    pub(super) fn new(to: &To, names: Option<&Names>) -> Result<Self> {
        let document = to.open()?;
        ensure!(
            document.wasm_plugin().is_none(),
            "{document}: a WasmPlugin has no switches; close a version in its policy, by `enabled: \
             false`"
        );
        let names = names.map(|names| (names.clone(), to.credentials().clone()));
        Ok(Self { document, names })
    }

    /// Why the policy has no place for the edits; `None` where it has, or is not known.
    pub(super) fn refusal(&self, edits: &[Edit]) -> Result<Option<String>> {
        let mut alone = Entries::default();
        alone.edit(edits);
        match &self.names {
            Some((names, credentials)) => names.refusal(edits, &alone.document()?, credentials),
            None => Ok(None),
        }
    }

    /// Reads what is there, edits it, and writes it unless somebody else was first; then all over.
    pub(super) fn edit(&self, edits: &[Edit], clear: bool) -> Result<Edited> {
        for again in 0..TRIES {
            // Those who collided are not to collide again.
            sleep(Duration::from_millis(u64::from(
                again * (std::process::id() % 50 + 1),
            )));
            let seen = self.document.read()?;
            let before = if clear {
                Entries::default()
            } else {
                let before = Entries::read(seen.document.as_deref());
                before.with_context(|| {
                    format!("{}: put it right, or begin anew by --clear", self.document)
                })?
            };
            let mut switches = before.clone();
            switches.edit(edits);
            let bytes = switches.document()?;
            Switches::parse(&bytes)?;
            if let Some((names, credentials)) = &self.names
                && let Some(why) = names.refusal(edits, &bytes, credentials)?
            {
                bail!("{why}");
            }
            let there = seen.document.as_deref().unwrap_or(b"{}");
            if there == bytes || !clear && before == switches {
                return Ok(Edited::Done {
                    changed: false,
                    switches,
                });
            }
            let (most, why) = self.document.most();
            if bytes.len() > most {
                bail!(
                    "{}: the switches have {} bytes, above {most}: {why}",
                    self.document,
                    bytes.len()
                );
            }
            if self.document.write(&bytes, &seen)? == Written::Done {
                return Ok(Edited::Done {
                    changed: true,
                    switches,
                });
            }
        }
        Ok(Edited::Changed)
    }
}
