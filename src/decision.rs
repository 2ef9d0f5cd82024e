//! The answer to one request.

use std::fmt;

use crate::answer::NewCookie;
use crate::bucket::Bucket;
use crate::rules::{Cookies, Rule, Service, Version};

/// The answer to one request.
#[derive(Clone, Debug)]
pub struct Decision<'r> {
    pub(crate) service: Option<&'r Service>,
    pub(crate) version: Option<&'r Version>,
    /// The version whose tag the request gets, where it gets one.
    pub(crate) stamped: Option<&'r Version>,
    pub(crate) mirror: Option<&'r Version>,
    pub(crate) reason: Reason<'r>,
    /// The user's, where a split has decided by it.
    pub(crate) bucket: Option<Bucket>,
    pub(crate) tag: Tag,
    /// In a box, since it is large and rare, and a decision is moved.
    pub(crate) assigned: Option<Box<Assigned<'r>>>,
    pub(crate) dry_runs: Vec<DryRun<'r>>,
}

/// Why a version was decided on.
#[derive(Clone, Copy, Debug)]
pub enum Reason<'r> {
    /// No service has the request's host, so there is nothing to decide.
    NoService,
    /// The policy or the service is not enabled.
    Disabled,
    /// The service only counts what it would decide.
    DryRun,
    /// The tag that the request came with names a version of this service.
    Followed,
    /// The tag that the request came with is not about this service.
    ForeignTag,
    /// This rule sends the request, or a part of the users that has it, to the version.
    Rule(&'r Rule),
    /// This rule splits, and keeps the user on the version of before.
    Kept(&'r Rule),
    /// This rule splits, and the request has none of its keys.
    NoKey(&'r Rule),
    /// No rule concerns the request.
    NoRule,
    /// The version that the tag or this rule is for is closed.
    Closed(Option<&'r Rule>),
    /// The request has come in to the service that it is for: whoever sent it has decided.
    Inbound,
}

/// What becomes of the tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// It names the version decided on, or that one's lane.
    Write,
    /// There is none.
    Remove,
    /// It travels on as it came.
    Keep,
}

/// What would have been decided, were it no dry run.
#[derive(Clone, Copy, Debug)]
pub struct DryRun<'r> {
    /// The service that the request is for.
    pub service: &'r str,
    /// The version.
    pub version: &'r str,
    /// Why.
    pub reason: Reason<'r>,
}

/// An id for a user who has none: 128 random bits, written as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub u128);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What the user is to bring along next time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assigned<'r> {
    pub(crate) cookies: &'r Cookies,
    /// Whether the cookies are `Secure`.
    pub(crate) secure: bool,
    /// The name of the cookie that a fresh id is kept in, and the id.
    pub(crate) minted: Option<(&'r str, Id)>,
    /// The name of the cookie that keeps the user on the version, and what it says.
    pub(crate) kept: Option<(&'r str, &'r str)>,
}

impl Assigned<'_> {
    fn new_cookies(&self) -> Vec<NewCookie> {
        let minted = self.minted.map(|(name, id)| (name, id.to_string()));
        let kept = self.kept.map(|(name, mark)| (name, mark.to_owned()));
        let both = minted.into_iter().chain(kept);
        both.map(|(name, value)| NewCookie {
            name: name.to_owned(),
            line: self.cookies.line(name, &value, self.secure),
        })
        .collect()
    }
}

impl<'r> Reason<'r> {
    /// The names that reasons have in data.
    pub const NAMES: [&'static str; 11] = [
        "no_service",
        "disabled",
        "dry_run",
        "followed",
        "foreign_tag",
        "rule",
        "kept",
        "no_key",
        "no_rule",
        "closed",
        "inbound",
    ];

    /// The number of its name among [`Self::NAMES`].
    #[must_use]
    pub fn number(&self) -> usize {
        match self {
            Self::NoService => 0,
            Self::Disabled => 1,
            Self::DryRun => 2,
            Self::Followed => 3,
            Self::ForeignTag => 4,
            Self::Rule(_) => 5,
            Self::Kept(_) => 6,
            Self::NoKey(_) => 7,
            Self::NoRule => 8,
            Self::Closed(_) => 9,
            Self::Inbound => 10,
        }
    }

    /// Its name in data, one of [`Self::NAMES`].
    #[must_use]
    pub fn name(&self) -> &'static str {
        Self::NAMES.get(self.number()).copied().unwrap_or_default()
    }

    /// The rule that decided.
    #[must_use]
    pub fn rule(&self) -> Option<&'r Rule> {
        match self {
            Self::Rule(rule) | Self::Kept(rule) | Self::NoKey(rule) => Some(rule),
            Self::Closed(rule) => *rule,
            _ => None,
        }
    }
}

impl<'r> Decision<'r> {
    /// The service that the request is for.
    #[must_use]
    pub fn service(&self) -> Option<&'r str> {
        self.service.map(Service::name)
    }

    /// The version that answers, or the lane where that goes through a service which has no version
    /// in it. `None` just where there is no service.
    #[must_use]
    pub fn version(&self) -> Option<&'r str> {
        self.version.map(Version::name)
    }

    /// The cluster that this hop goes to, where the version names one.
    #[must_use]
    pub fn cluster(&self) -> Option<&'r str> {
        self.version.and_then(Version::cluster)
    }

    /// The cluster that gets a copy of the request, of which nobody awaits the answer.
    #[must_use]
    pub fn mirror(&self) -> Option<&'r str> {
        self.mirror.and_then(Version::cluster)
    }

    /// The rule that decided.
    #[must_use]
    pub fn rule(&self) -> Option<&'r str> {
        self.reason.rule().map(Rule::name)
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Reason<'r> {
        self.reason
    }

    /// The user's bucket, where a split has decided by it: also where the version that it is for
    /// is closed, and never where a cookie keeps the user.
    #[must_use]
    pub fn bucket(&self) -> Option<Bucket> {
        self.bucket
    }

    /// What becomes of the tag.
    #[must_use]
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// The cookies that the answer is to set, as far as it can: see [`crate::settable`].
    #[must_use]
    pub fn new_cookies(&self) -> Vec<NewCookie> {
        let assigned = self.assigned.as_ref();
        assigned
            .map(|assigned| assigned.new_cookies())
            .unwrap_or_default()
    }

    /// Whether the user is given a fresh id.
    #[must_use]
    pub fn mints(&self) -> bool {
        let assigned = self.assigned.as_ref();
        assigned.is_some_and(|assigned| assigned.minted.is_some())
    }

    /// What would have been decided, in the order in which it was asked.
    #[must_use]
    pub fn dry_runs(&self) -> &[DryRun<'r>] {
        &self.dry_runs
    }
}
