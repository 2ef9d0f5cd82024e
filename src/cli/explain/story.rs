//! The story of a decision: what was asked, in order, and what came of it.

use serde::Serialize;
use serde_json::Value;

use super::words;
use crate::cli::input::Loaded;
use crate::cli::layout;
use crate::rules::explain::Trace;
use crate::rules::{Missing, Rule, Service};
use crate::{
    Bucket, Decision, HeaderEffect, Id, Moment, Reason, Request, decide, effects, rewritten,
};

/// A decision, and how it came about.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Story {
    pub(super) service: Option<String>,
    pub(super) version: Option<String>,
    pub(super) cluster: Option<String>,
    pub(super) rule: Option<String>,
    pub(super) reason: &'static str,
    /// The reason as a sentence.
    pub(super) why: &'static str,
    pub(super) rules: Vec<Asked>,
    pub(super) headers: Vec<Header>,
    /// What the answer sets, unless it is publicly cacheable or sets them itself.
    pub(super) cookies: Vec<String>,
}

/// A rule, and what came of asking it.
#[derive(Debug, Serialize)]
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) outcome: Outcome,
    /// What it would send the request to, were it no dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) would: Option<String>,
    /// `None`: it concerns everybody, or is not asked.
    pub(super) when: Option<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) split: Option<Split>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// It does not concern the request.
    NotConcerned,
    /// It concerns the request, and leaves it to the next.
    PassedOn,
    /// It concerns the request, and is only counted.
    DryRun,
    Decides,
    /// Something before it decides.
    NotAsked,
}

/// A condition as it is written, and how it came out.
#[derive(Debug, Serialize)]
pub(super) struct Condition {
    #[serde(rename = "condition")]
    pub(super) text: String,
    pub(super) holds: bool,
    /// What the request has at the place that it looks at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) had: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<Condition>,
}

/// What a split made of the request.
#[derive(Debug, Serialize)]
pub(super) struct Split {
    pub(super) salt: String,
    pub(super) keys: Vec<Key>,
    /// The cookie by which the user is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<String>,
    /// The id that the user gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) minted: Option<String>,
    /// The user's bucket, or where there is no key and the split draws, the one drawn.
    pub(super) bucket: Option<u32>,
    pub(super) drawn: bool,
    pub(super) slices: Vec<Slice>,
}

#[derive(Debug, Serialize)]
pub(super) struct Key {
    #[serde(rename = "key")]
    pub(super) name: String,
    pub(super) had: Vec<String>,
    pub(super) used: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Slice {
    pub(super) version: String,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) has_user: bool,
}

/// A header as it goes on: its one value, or none.
#[derive(Debug, Serialize)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value: Option<String>,
}

/// Decides, and tells how.
pub(super) fn tell<'p>(policy: &'p Loaded, request: &impl Request<'p>, moment: Moment) -> Story {
    let decision = decide(&policy.rules, request, moment);
    let found = policy.rules.services().iter().enumerate();
    let asked = found
        .filter(|(_, service)| Some(service.name()) == decision.service())
        .flat_map(|(index, service)| {
            let document = &policy.document["services"][index];
            ask(service, document, request, moment, &decision)
        });
    let lines = |name| {
        let mut lines = Vec::new();
        request.any_header(name, &mut |own| {
            lines.push(String::from_utf8_lossy(own).into_owned());
            false
        });
        lines
    };
    let headers = effects(&policy.rules, &decision).map(|effect| match effect {
        HeaderEffect::Set(name, value) => Header::new(name, Some(value.to_owned())),
        HeaderEffect::Remove(name) => Header::new(name, None),
        HeaderEffect::Entry(name, value) => {
            let came = lines("baggage").join(",");
            let members = rewritten(came.as_bytes(), name, value);
            let members = members.map_or(came, |list| String::from_utf8_lossy(&list).into_owned());
            Header::new("baggage", (!members.is_empty()).then_some(members))
        }
        HeaderEffect::AddCookie(name, id) => {
            let mut cookies = lines("cookie");
            cookies.insert(0, format!("{name}={id}"));
            Header::new("cookie", Some(cookies.join("; ")))
        }
    });
    let cookies = decision.new_cookies().into_iter().map(|cookie| cookie.line);
    Story {
        service: decision.service().map(str::to_owned),
        version: decision.version().map(str::to_owned),
        cluster: decision.cluster().map(str::to_owned),
        rule: decision.rule().map(str::to_owned),
        reason: decision.reason().name(),
        why: words::why(decision.reason()),
        rules: asked.collect(),
        headers: headers.collect(),
        cookies: cookies.collect(),
    }
}

impl Header {
    fn new(name: &str, value: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            value,
        }
    }
}

fn ask<'p>(
    service: &'p Service,
    document: &Value,
    request: &impl Request<'p>,
    moment: Moment,
    decision: &Decision<'_>,
) -> Vec<Asked> {
    let dry_runs = decision.dry_runs();
    // A service that runs dry tells last what it would decide.
    let reason = match decision.reason() {
        Reason::DryRun => dry_runs.last().map_or(Reason::NoRule, |dry| dry.reason),
        reason => reason,
    };
    let is = |reason: Reason<'_>, rule: &Rule| {
        let own = reason.rule();
        own.is_some_and(|own| std::ptr::eq(own, rule))
    };
    // Rules are asked in order, up to the one that decides.
    let asked = match reason {
        Reason::Rule(_) | Reason::Kept(_) | Reason::NoKey(_) | Reason::Closed(Some(_)) => {
            let mut rules = service.rules().iter();
            rules
                .position(|rule| is(reason, rule))
                .map_or(0, |at| at + 1)
        }
        Reason::NoRule => service.rules().len(),
        Reason::NoService
        | Reason::Disabled
        | Reason::DryRun
        | Reason::Followed
        | Reason::ForeignTag
        | Reason::Closed(None)
        | Reason::Inbound => 0,
    };
    let rules = service.rules().iter().enumerate().map(|(index, rule)| {
        let document = &document["rules"][index];
        let is_asked = index < asked;
        let concerned = is_asked && rule.concerns(request, moment);
        let trace = is_asked.then(|| rule.explain(request, moment)).flatten();
        let counted = rule.dry_run || matches!(decision.reason(), Reason::DryRun);
        let mut dry_runs = dry_runs.iter().filter(|_| counted);
        let dry = dry_runs.find(|dry| is(dry.reason, rule));
        let own = dry.map_or(reason, |dry| dry.reason);
        let split = rule.split().filter(|_| concerned).map(|split| {
            let document = &document["split"];
            self::split(
                split,
                service.baseline().name(),
                document,
                request,
                (moment, own),
            )
        });
        Asked {
            name: rule.name().to_owned(),
            outcome: match (is_asked, concerned) {
                (false, _) => Outcome::NotAsked,
                (true, false) => Outcome::NotConcerned,
                (true, true) if dry.is_some() => Outcome::DryRun,
                (true, true) if is(reason, rule) => Outcome::Decides,
                (true, true) => Outcome::PassedOn,
            },
            would: dry.map(|dry| dry.version.to_owned()),
            when: trace.map(|trace| condition(trace, &document["when"])),
            split,
        }
    });
    rules.collect()
}

/// Lays the trace of a compiled condition beside its document: `all`, `any` and `not` hold their
/// conditions in the same order in both.
fn condition(trace: Trace, document: &Value) -> Condition {
    let (kind, body) = words::sole_field(document);
    let parts = trace.parts.into_iter().enumerate();
    let parts: Vec<_> = parts
        .map(|(index, part)| condition(part, body.get(index).unwrap_or(body)))
        .collect();
    Condition {
        text: if parts.is_empty() {
            words::test(kind, body)
        } else {
            kind.to_owned()
        },
        holds: trace.holds,
        had: trace.had,
        parts,
    }
}

fn split<'p>(
    split: &'p crate::rules::Split,
    baseline: &str,
    document: &Value,
    request: &impl Request<'p>,
    (moment, reason): (Moment, Reason<'_>),
) -> Split {
    let kept = matches!(reason, Reason::Kept(_));
    let kept = split.keep.as_ref().filter(|_| kept);
    let own = split.bucket(request).filter(|_| kept.is_none());
    let chance = request.random().filter(|_| own.is_none() && kept.is_none());
    let drawn = chance.filter(|_| split.missing == Missing::Random);
    let minted = match (&split.missing, reason) {
        (Missing::Mint(_), Reason::Rule(_)) => chance.map(|bits| Id(bits).to_string()),
        _ => None,
    };
    let bucket = own
        .or_else(|| drawn.map(Bucket::drawn))
        .or_else(|| Some(split.bucket_of(minted.as_ref()?.as_bytes())));
    let bucket = bucket.map(Bucket::number);
    let keys = split.explain(request).into_iter().enumerate();
    // Who is kept is asked for no key.
    let keys = keys.filter(|_| kept.is_none()).map(|(index, trace)| {
        let (kind, body) = words::sole_field(&document["by"][index]);
        Key {
            name: words::key(kind, body),
            had: trace.had,
            used: trace.bucket.is_some(),
        }
    });
    let slices = layout::of_split(split, baseline, moment);
    let slices = slices.into_iter().map(|part| Slice {
        version: part.version.to_owned(),
        first: part.buckets.start,
        last: part.buckets.end - 1,
        has_user: bucket.is_some_and(|bucket| part.buckets.contains(&bucket)),
    });
    Split {
        salt: split.draw().salt().to_owned(),
        keys: keys.collect(),
        kept: kept.map(|keep| keep.cookie().to_owned()),
        minted,
        bucket,
        drawn: drawn.is_some(),
        slices: slices.collect(),
    }
}
