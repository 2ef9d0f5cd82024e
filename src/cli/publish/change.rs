//! One document put in place of another: compared, asked for, written if nobody else was first.

use std::fmt::Write;

use anyhow::{Result, bail, ensure};
use serde::Serialize;

use super::{How, ask};
use crate::cli::centre::{Document, Seen, Written};
use crate::cli::check::{self, Checked};
use crate::cli::clock::moment;
use crate::cli::diff;
use crate::cli::input::{self, Loaded};
use crate::cli::output::{self, BAD, Exit, Format, GOOD, Said, WARN, styled};
use crate::{Node, revision};

/// A change of a document.
pub(super) struct Change<'a> {
    pub(super) document: &'a Document,
    /// What is there now.
    pub(super) seen: Seen,
    pub(super) how: &'a How,
    pub(super) keeps: Keeps,
}

/// When the document that is there is kept as the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// First: whatever happens then, there is a way back.
    Before,
    /// At last: it takes the place of the one that is restored.
    After,
}

/// What is there, beside what is to come.
enum Compared {
    /// Nothing is.
    Nothing,
    /// Something that proxies refuse, for this reason.
    NoPolicy(String),
    Policy(diff::Change),
}

/// What was done.
#[derive(Serialize)]
struct Report {
    to: String,
    outcome: Outcome,
    /// Of the document to come.
    revision: String,
    /// Of the one that was there; `null` where there was none.
    before: Option<String>,
    remarks: Checked,
    /// `null` where there was nothing to compare with.
    change: Option<diff::Change>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Published,
    /// It was there already.
    InForce,
    /// More users would move than may.
    MovesTooMany,
    /// Somebody else was first.
    ChangedMeanwhile,
}

impl Change<'_> {
    /// Makes it, with this policy, written so.
    pub(super) fn make(&self, policy: &Loaded, bytes: &[u8]) -> Result<Said> {
        let Self { document, how, .. } = self;
        let (most, why) = document.most();
        ensure!(
            bytes.len() <= most,
            "{document}: the policy has {} bytes, above {most}: {why}; split it among several \
             filters",
            bytes.len()
        );
        let now = moment(None)?;
        let compared = self.compared(policy, now);
        let remarks = check::checked(policy, now);
        let human = how.format == Format::Human;
        if human {
            let told = told(&compared, how.max_moved);
            output::print(&format!("{}\n{told}", check::human(&remarks)))?;
        }
        let outcome = self.carry_out(&compared, bytes)?;
        let revision = |bytes: &[u8]| format!("{:08x}", revision(bytes));
        let report = Report {
            to: document.to_string(),
            outcome,
            revision: revision(bytes),
            before: self.seen.document.as_deref().map(revision),
            remarks,
            change: match compared {
                Compared::Policy(change) => Some(change),
                Compared::Nothing | Compared::NoPolicy(_) => None,
            },
        };
        let exit = match outcome {
            Outcome::Published | Outcome::InForce => Exit::Fine,
            Outcome::MovesTooMany => Exit::NotMet,
            Outcome::ChangedMeanwhile => Exit::Changed,
        };
        if human {
            let text = sentence(&report);
            Ok(Said { text, exit })
        } else {
            Said::json(&report, exit)
        }
    }

    fn compared(&self, policy: &Loaded, now: u64) -> Compared {
        let Some(bytes) = &self.seen.document else {
            return Compared::Nothing;
        };
        let label = self.document.to_string();
        match input::of_centre(&label, bytes.clone(), &Node::default()) {
            Ok(old) => Compared::Policy(diff::between(&old, policy, now, self.how.max_moved)),
            Err(refusal) => Compared::NoPolicy(refusal.error.to_string()),
        }
    }

    fn carry_out(&self, compared: &Compared, bytes: &[u8]) -> Result<Outcome> {
        let Self { document, how, .. } = self;
        let before = self.seen.document.as_deref();
        if before.is_some_and(|before| document.is_same(before, bytes)) {
            return Ok(Outcome::InForce);
        }
        if how.max_moved.is_some() {
            match compared {
                Compared::Policy(change) if change.ok => {}
                Compared::Policy(_) => return Ok(Outcome::MovesTooMany),
                Compared::Nothing | Compared::NoPolicy(_) => bail!(
                    "{document}: --max-moved has no policy to compare with; leave it out this once"
                ),
            }
        }
        if !ask::is_wanted(&format!("Write it to {document}?"), how.yes)? {
            bail!("nothing was written");
        }
        // Somebody may have thought for long.
        let seen = document.read()?;
        if seen.document != self.seen.document {
            return Ok(Outcome::ChangedMeanwhile);
        }
        let written = match self.keeps {
            Keeps::Before => self.keep_and_write(bytes, &seen)?,
            Keeps::After => {
                let written = document.write(bytes, &seen)?;
                if let (Some(before), Written::Done) = (before, written) {
                    document.keep(before)?;
                }
                written
            }
        };
        if written == Written::Changed {
            return Ok(Outcome::ChangedMeanwhile);
        }
        Ok(Outcome::Published)
    }
}

impl Change<'_> {
    /// Keeps what is there before it is written over. If that is not done, what was kept until then
    /// is kept again.
    fn keep_and_write(&self, bytes: &[u8], seen: &Seen) -> Result<Written> {
        let document = self.document;
        let Some(before) = &seen.document else {
            return document.write(bytes, seen);
        };
        let kept = document.kept()?;
        document.keep(before)?;
        let written = document.write(bytes, seen);
        if let (Err(_), Some(kept)) = (&written, kept) {
            let now = document.read()?.document;
            if now.as_ref() == Some(before) {
                document.keep(&kept)?;
            }
        }
        written
    }
}

/// What will change, for people.
fn told(compared: &Compared, max_moved: Option<u32>) -> String {
    match compared {
        Compared::Nothing => "nothing is there yet\n".to_owned(),
        Compared::NoPolicy(why) => {
            let what = styled(WARN, "what is there is no policy that a proxy takes");
            format!("{what}: {why}\n")
        }
        Compared::Policy(change) => diff::human(change, max_moved),
    }
}

/// What was done, for people.
fn sentence(report: &Report) -> String {
    let mut text = format!("\n{}: ", report.to);
    let new = &report.revision;
    let done = match report.outcome {
        Outcome::Published => {
            let before = report.before.as_ref();
            let before = before.map_or(String::new(), |old| format!(", before it {old}"));
            format!("{}, revision {new}{before}", styled(GOOD, "published"))
        }
        Outcome::InForce => format!("{}, revision {new}", styled(GOOD, "is there already")),
        Outcome::MovesTooMany => styled(BAD, "nothing was written"),
        Outcome::ChangedMeanwhile => format!(
            "{}; look at the diff again",
            styled(BAD, "was changed meanwhile")
        ),
    };
    let _ = writeln!(text, "{done}");
    text
}
