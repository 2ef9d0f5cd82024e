//! Conditions: whom a rule concerns.

use super::checks::{not_empty, one_of};
use super::clock::Stretch;
use super::index::Anchor;
use super::name;
use super::network::Networks;
use super::scope::Scope;
use super::source::Source;
use super::text::Test;
use crate::error::{Error, Place};
use crate::limits::{MAX_CONDITION_DEPTH, MAX_CONDITIONS};
use crate::moment::Moment;
use crate::policy::{Condition as Document, Match, Proxy, Text, Time};
use crate::request::Request;

/// Whom a rule concerns.
#[derive(Debug)]
pub(super) enum Condition {
    Text {
        source: Source,
        test: Test,
    },
    SourceIp(Networks),
    Time(Stretch),
    /// Whether it is this proxy: known since the policy was compiled.
    Proxy(bool),
    All(Box<[Condition]>),
    Any(Box<[Condition]>),
    Not(Box<Condition>),
}

impl Condition {
    /// Compiles a rule's `when`, or whom the edge trusts.
    pub(super) fn compile(
        place: &Place<'_>,
        document: Document,
        scope: Scope<'_>,
    ) -> Result<Self, Error> {
        let mut compiler = Compiler {
            scope,
            conditions: 0,
        };
        compiler.condition(place, document, 1)
    }

    /// Whether the request is one of them.
    pub(super) fn holds<'r>(&'r self, request: &impl Request<'r>, moment: Moment) -> bool {
        match self {
            Self::Text { source, test } => test.holds(|see| source.any(request, see)),
            Self::SourceIp(networks) => request
                .source_ip()
                .is_some_and(|address| networks.contains(address)),
            Self::Time(stretch) => stretch.contains(moment.now),
            Self::Proxy(holds) => *holds,
            Self::All(conditions) => conditions.iter().all(|each| each.holds(request, moment)),
            Self::Any(conditions) => conditions.iter().any(|each| each.holds(request, moment)),
            Self::Not(condition) => !condition.holds(request, moment),
        }
    }

    /// A value that the request must have for it to hold, if there is one of exact values.
    pub(super) fn anchor(&self) -> Option<Anchor<'_>> {
        match self {
            Self::Text { source, test } => {
                let (values, ignore_case) = test.exact()?;
                Some(Anchor {
                    source,
                    ignore_case,
                    values,
                })
            }
            Self::All(conditions) => conditions.iter().find_map(Self::anchor),
            _ => None,
        }
    }

    /// Whether its answer may change with time.
    pub(super) fn ages(&self) -> bool {
        match self {
            Self::Time(_) => true,
            Self::All(conditions) | Self::Any(conditions) => conditions.iter().any(Self::ages),
            Self::Not(condition) => condition.ages(),
            Self::Text { .. } | Self::SourceIp(_) | Self::Proxy(_) => false,
        }
    }
}

/// Which part of the request a test of text looks at.
#[derive(Clone, Copy)]
enum Subject {
    Header,
    Cookie,
    Query,
    Claim,
    Path,
    Method,
    Host,
}

/// A condition's one field.
enum Choice {
    Text(Subject, Box<Match>),
    SourceIp(Vec<Text>),
    Time(Time),
    Proxy(Box<Proxy>),
    All(Vec<Document>),
    Any(Vec<Document>),
    Not(Box<Document>),
}

struct Compiler<'a> {
    scope: Scope<'a>,
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
                ("claim", document.claim.map(text(Subject::Claim))),
                ("source_ip", document.source_ip.map(Choice::SourceIp)),
                ("time", document.time.map(Choice::Time)),
                ("proxy", document.proxy.map(Choice::Proxy)),
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
            Choice::Time(time) => Condition::Time(Stretch::compile(&place, &time)?),
            Choice::Proxy(proxy) => Condition::Proxy(self.proxy(&place, *proxy)?),
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
        let at_name = place.field("name");
        let name = document.name.take();
        let source = match (subject, name) {
            (Subject::Path | Subject::Method | Subject::Host, Some(_)) => {
                return Err(at_name.error("there is only one; leave `name` out"));
            }
            (Subject::Path, None) => Source::Path,
            (Subject::Method, None) => Source::Method,
            (Subject::Host, None) => {
                // A host is compared in lower case, so a pattern's case says nothing.
                document.ignore_case = true;
                Source::Host
            }
            (_, None) => return Err(place.error("missing field `name`")),
            (Subject::Claim, Some(name)) => Source::Claim(self.scope.claim(&at_name, name)?),
            (subject, Some(name)) => {
                let name = name::single(&at_name, name)?;
                match subject {
                    Subject::Cookie => Source::Cookie(name::key(&at_name, name)?),
                    Subject::Query => Source::Query(name::key(&at_name, name)?),
                    _ => Source::Header(self.scope.header(&at_name, name)?),
                }
            }
        };
        Ok(Condition::Text {
            source,
            test: Test::compile(place, document, self.scope.patterns)?,
        })
    }

    /// Whether it is this proxy.
    fn proxy(&self, place: &Place<'_>, document: Proxy) -> Result<bool, Error> {
        let node = self.scope.node;
        let (field, mut test) = one_of(
            place,
            [
                ("region", document.region),
                ("zone", document.zone),
                ("cluster", document.cluster),
                ("label", document.label),
            ],
        )?;
        let place = place.field(field);
        let at_name = place.field("name");
        let value = match (field, test.name.take()) {
            ("region", None) => Some(&node.region),
            ("zone", None) => Some(&node.zone),
            ("cluster", None) => Some(&node.cluster),
            ("label", Some(name)) => {
                let name = name::claim(&at_name, name::single(&at_name, name)?)?;
                node.labels.get(&*name)
            }
            (_, None) => return Err(place.error("missing field `name`")),
            (_, Some(_)) => return Err(at_name.error("there is only one; leave `name` out")),
        };
        let value = value.filter(|value| !value.is_empty());
        let test = Test::compile(&place, test, self.scope.patterns)?;
        Ok(test.holds(|see| value.is_some_and(|value| see(value.as_bytes()))))
    }
}
