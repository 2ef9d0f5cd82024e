//! Conditions: whom a rule concerns.

use super::checks::{not_empty, one_of};
use super::name;
use super::network::Networks;
use super::source::Source;
use super::text::Test;
use crate::error::{Error, Place};
use crate::limits::{MAX_CONDITION_DEPTH, MAX_CONDITIONS};
use crate::policy::{Condition as Document, Match, Text};
use crate::request::Request;

/// Whom a rule concerns.
#[derive(Debug)]
pub(super) enum Condition {
    Text { source: Source, test: Test },
    SourceIp(Networks),
    All(Box<[Condition]>),
    Any(Box<[Condition]>),
    Not(Box<Condition>),
}

impl Condition {
    /// Compiles a rule's `when`. `headers` tells which headers are the policy's own.
    pub(super) fn compile(
        place: &Place<'_>,
        document: Document,
        headers: &super::Headers,
    ) -> Result<Self, Error> {
        let mut compiler = Compiler {
            headers,
            conditions: 0,
        };
        compiler.condition(place, document, 1)
    }

    /// Whether the request is one of them.
    pub(super) fn holds(&self, request: &impl Request) -> bool {
        match self {
            Self::Text { source, test } => match test {
                Test::Present(present) => source.any(request, &mut |_| true) == *present,
                Test::Value(pattern) => source.any(request, &mut |value| pattern.is_match(value)),
            },
            Self::SourceIp(networks) => request
                .source_ip()
                .is_some_and(|address| networks.contains(address)),
            Self::All(conditions) => conditions.iter().all(|each| each.holds(request)),
            Self::Any(conditions) => conditions.iter().any(|each| each.holds(request)),
            Self::Not(condition) => !condition.holds(request),
        }
    }
}

/// Which part of the request a test of text looks at.
#[derive(Clone, Copy)]
enum Subject {
    Header,
    Cookie,
    Query,
    Path,
    Method,
    Host,
}

/// A condition's one field.
enum Choice {
    Text(Subject, Box<Match>),
    SourceIp(Vec<Text>),
    All(Vec<Document>),
    Any(Vec<Document>),
    Not(Box<Document>),
}

struct Compiler<'a> {
    headers: &'a super::Headers,
    conditions: usize,
}

impl Compiler<'_> {
    fn condition(
        &mut self,
        place: &Place<'_>,
        document: Document,
        depth: usize,
    ) -> Result<Condition, Error> {
        self.conditions = self.conditions.saturating_add(1);
        if self.conditions > MAX_CONDITIONS {
            return Err(place.error(format!(
                "is one condition above {MAX_CONDITIONS} in this rule; make it several rules, or a set with `in`"
            )));
        }
        if depth > MAX_CONDITION_DEPTH {
            return Err(place.error(format!(
                "nests deeper than {MAX_CONDITION_DEPTH} conditions; flatten it"
            )));
        }
        let text = |subject| move |document| Choice::Text(subject, document);
        let (field, choice) = one_of(
            place,
            [
                ("header", document.header.map(text(Subject::Header))),
                ("cookie", document.cookie.map(text(Subject::Cookie))),
                ("query", document.query.map(text(Subject::Query))),
                ("path", document.path.map(text(Subject::Path))),
                ("method", document.method.map(text(Subject::Method))),
                ("host", document.host.map(text(Subject::Host))),
                ("source_ip", document.source_ip.map(Choice::SourceIp)),
                ("all", document.all.map(Choice::All)),
                ("any", document.any.map(Choice::Any)),
                ("not", document.not.map(Choice::Not)),
            ],
        )?;
        let place = place.field(field);
        let below = depth.saturating_add(1);
        Ok(match choice {
            Choice::Text(subject, document) => self.text(&place, subject, *document)?,
            Choice::SourceIp(networks) => {
                not_empty(&place, &networks, "list at least one network")?;
                Condition::SourceIp(Networks::compile(&place, &networks)?)
            }
            Choice::All(list) => Condition::All(self.list(&place, list, below)?),
            Choice::Any(list) => Condition::Any(self.list(&place, list, below)?),
            Choice::Not(inner) => Condition::Not(Box::new(self.condition(&place, *inner, below)?)),
        })
    }

    fn list(
        &mut self,
        place: &Place<'_>,
        list: Vec<Document>,
        depth: usize,
    ) -> Result<Box<[Condition]>, Error> {
        not_empty(place, &list, "list at least one condition")?;
        let conditions = list.into_iter().enumerate();
        conditions
            .map(|(index, document)| self.condition(&place.index(index), document, depth))
            .collect()
    }

    fn text(
        &self,
        place: &Place<'_>,
        subject: Subject,
        mut document: Match,
    ) -> Result<Condition, Error> {
        let name = document.name.take();
        let at_name = place.field("name");
        let named = || {
            name.clone()
                .ok_or_else(|| place.error("missing field `name`"))
        };
        // A host is compared in lower case, so a pattern's case says nothing.
        let ignore_case = document.ignore_case || matches!(subject, Subject::Host);
        let source = match subject {
            Subject::Header => Source::Header(self.headers.readable(&at_name, named()?)?),
            Subject::Cookie => Source::Cookie(name::key(&at_name, named()?)?),
            Subject::Query => Source::Query(name::key(&at_name, named()?)?),
            Subject::Path | Subject::Method | Subject::Host if name.is_some() => {
                return Err(at_name.error("there is only one; leave `name` out"));
            }
            Subject::Path => Source::Path,
            Subject::Method => Source::Method,
            Subject::Host => Source::Host,
        };
        Ok(Condition::Text {
            source,
            test: Test::compile(place, document, ignore_case)?,
        })
    }
}
