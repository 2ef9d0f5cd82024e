//! What the playground asks, and what it is told: by the same functions as the commands, of texts
//! instead of files, all at once.

mod question;
mod shares;

use std::fmt::Display;

use anyhow::Context;
use serde::Serialize;

use super::check::{self, Checked};
use super::diff::{self, Change};
use super::explain::{self, Story};
use super::input::{self, Loaded, Refusal};
use super::request::Asked;
use crate::{Moment, Node};
use question::Question;
use shares::{Shares, Slid};

/// What the text of the policy is called where the commands have the name of a file.
const POLICY: &str = "policy";
/// The same of the policy before.
const BEFORE: &str = "before";

/// All that there is to say. Where a part is absent, nothing was asked for it or something stands
/// against it, which is told.
#[derive(Default, Serialize)]
struct Answer {
    /// The names of the policies in the text, in its order.
    names: Vec<String>,
    /// What `graylane check` says of each of them.
    checked: Vec<Checked>,
    /// The same for people.
    checked_text: String,
    /// What `graylane explain` says.
    explained: Option<Told<Story>>,
    /// What `graylane diff` says.
    changed: Option<Told<Change>>,
    shares: Option<Shares>,
    slid: Option<Slid>,
    /// What of the question cannot be read.
    problems: Vec<Problem>,
}

/// A part for programs, and for people with the styles of a terminal.
#[derive(Serialize)]
struct Told<T> {
    value: T,
    text: String,
}

#[derive(Serialize)]
struct Problem {
    /// The field of the question.
    field: &'static str,
    problem: String,
}

/// Answers a question; both are JSON. The clock and the chance are those of the machine.
///
/// # Errors
/// If it is no question; with what is wrong with it.
pub fn answer(question: &[u8]) -> anyhow::Result<String> {
    let question = serde_json::from_slice(question).context("this is no question")?;
    let mut answer = Answer::default();
    answer.fill(&question);
    Ok(serde_json::to_string(&answer)?)
}

impl Answer {
    fn fill(&mut self, question: &Question) {
        let (Some(node), Some(now)) = (
            self.read("labels", question.place.node()),
            self.read("at", question::moment(&question.at)),
        ) else {
            return;
        };
        let request = self.read("request", question.request.read());
        let Some(policy) = self.check(question, &node, now) else {
            return;
        };
        if let Some(request) = &request {
            self.explain(question, &policy, request, now);
        }
        self.shares = Some(Shares::at(&policy, request.as_ref(), now));
        if let Some(later) = &question.later
            && let Some(later) = self.read("later", question::moment(later))
            && let Some(shares) = &mut self.shares
        {
            shares.look_ahead(&policy, later);
        }
        if let Some(slide) = &question.slide {
            self.slid = Some(slide.carry_out(&policy, request.as_ref(), &node, now));
        }
        if let Some(before) = &question.before {
            self.diff(question, before, &policy, &node, now);
        }
    }

    /// What was read of a field of the question; else the problem is told.
    fn read<T>(&mut self, field: &'static str, read: Result<T, impl Display>) -> Option<T> {
        let problem = |error: &dyn Display| Problem {
            field,
            problem: format!("{error:#}"),
        };
        read.map_err(|error| self.problems.push(problem(&error)))
            .ok()
    }

    /// Looks at every policy of the text; the one that is meant, where it is accepted.
    fn check(&mut self, question: &Question, node: &Node, now: u64) -> Option<Loaded> {
        let sources = match input::in_text(POLICY, question.policy.as_bytes()) {
            Ok(sources) => sources,
            Err(error) => {
                let refusal = self.read("policy", error.downcast::<Refusal>())?;
                self.add(check::refused(refusal));
                return None;
            }
        };
        self.names = sources.iter().map(|source| source.name.clone()).collect();
        let mut meant = None;
        for (index, source) in sources.into_iter().enumerate() {
            let loaded = source.load(node);
            match loaded {
                Ok(policy) => {
                    self.add(check::checked(&policy, now));
                    meant = meant.or((index == question.number).then_some(policy));
                }
                Err(refusal) => self.add(check::refused(refusal)),
            }
        }
        meant
    }

    fn add(&mut self, checked: Checked) {
        self.checked_text += &check::human(&checked);
        self.checked.push(checked);
    }

    fn explain(&mut self, question: &Question, policy: &Loaded, request: &Asked, now: u64) {
        let standings = explain::standings(&policy.rules, &question.closed);
        let Some(standings) = self.read("closed", standings) else {
            return;
        };
        let moment = Moment {
            now,
            standings: &standings,
        };
        let story = explain::tell(policy, request.clone(), moment);
        self.explained = Some(Told {
            text: explain::human(&story, !request.host.is_empty()),
            value: story,
        });
    }

    fn diff(&mut self, question: &Question, before: &str, new: &Loaded, node: &Node, now: u64) {
        let old = input::in_text(BEFORE, before.as_bytes()).and_then(|mut sources| {
            // A policy of the same name, or the one that is there.
            let name = self.names.get(question.number);
            let own = sources.iter().position(|own| Some(&own.name) == name);
            Ok(sources.swap_remove(own.unwrap_or_default()).load(node)?)
        });
        let Some(old) = self.read("before", old) else {
            return;
        };
        let change = diff::between(&old, new, now, None);
        self.changed = Some(Told {
            text: diff::human(&change, None),
            value: change,
        });
    }
}
