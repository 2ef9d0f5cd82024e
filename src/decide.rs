//! Which version answers a request, and why: the one function that everything else serves.

use crate::bucket::Bucket;
use crate::policy::{Missing, Stamp};
use crate::request::Request;
use crate::rules::{Action, Rule, Rules, Service, Version};

/// What a decision may know beside the policy and the request. The caller draws it, so that the
/// decision itself has no clock and no source of chance.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// Random bits, for `missing: random`; zero where [`Rules::needs_random`] is false.
    pub random: u32,
    /// The wall clock, in milliseconds since the Unix epoch; zero where [`Rules::needs_clock`] is
    /// false.
    pub now: u64,
}

/// The answer to one request.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'r> {
    service: Option<&'r Service>,
    version: Option<&'r Version>,
    mirror: Option<&'r Version>,
    reason: Reason<'r>,
    tag: Tag,
}

/// Why a version was decided on.
#[derive(Clone, Copy, Debug)]
pub enum Reason<'r> {
    /// No service has the request's host, so there is nothing to decide.
    NoService,
    /// The policy or the service is not enabled.
    Disabled,
    /// The tag that the request came with names a version of this service.
    Followed,
    /// The tag that the request came with is not about this service.
    ForeignTag,
    /// This rule sends the request, or a part of the users that has it, to the version.
    Rule(&'r Rule),
    /// This rule splits, and the request has none of its keys.
    NoKey(&'r Rule),
    /// No rule concerns the request.
    NoRule,
}

/// What becomes of the tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// It names the version decided on.
    Write,
    /// There is none.
    Remove,
    /// It travels on as it came.
    Keep,
}

impl Reason<'_> {
    /// Its name in data: `no_service`, `disabled`, `followed`, `foreign_tag`, `rule`, `no_key` or
    /// `no_rule`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoService => "no_service",
            Self::Disabled => "disabled",
            Self::Followed => "followed",
            Self::ForeignTag => "foreign_tag",
            Self::Rule(_) => "rule",
            Self::NoKey(_) => "no_key",
            Self::NoRule => "no_rule",
        }
    }
}

impl<'r> Decision<'r> {
    /// The service that the request is for.
    #[must_use]
    pub fn service(&self) -> Option<&'r str> {
        self.service.map(Service::name)
    }

    /// The version that answers. `None` just where there is no service.
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
        match self.reason {
            Reason::Rule(rule) | Reason::NoKey(rule) => Some(rule.name()),
            _ => None,
        }
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Reason<'r> {
        self.reason
    }

    /// What becomes of the tag.
    #[must_use]
    pub fn tag(&self) -> Tag {
        self.tag
    }
}

/// Decides which version answers the request.
///
/// In this order: the service by its host; `enabled`; in the mesh, the tag; the rules, of which the
/// first that concerns the request decides; the baseline. Whatever is not understood goes to the
/// baseline.
#[must_use]
pub fn decide<'r>(rules: &'r Rules, request: &impl Request, moment: Moment) -> Decision<'r> {
    let Some(service) = rules.service(request) else {
        return Decision {
            service: None,
            version: None,
            mirror: None,
            reason: Reason::NoService,
            tag: if rules.believes(request, moment) {
                Tag::Keep
            } else {
                Tag::Remove
            },
        };
    };
    let decided = |version: &'r Version, reason, tag| Decision {
        service: Some(service),
        version: Some(version),
        mirror: match reason {
            Reason::Disabled => None,
            _ => service.mirror(request, moment, version),
        },
        reason,
        tag,
    };
    let baseline = service.baseline();
    let incoming = incoming(rules, service, request, moment);
    if !(rules.enabled && service.enabled) {
        // Off for this service alone: a tag may well be about the next one.
        let tag = match incoming {
            Incoming::None => stamp(rules, service, baseline),
            Incoming::Canary(_) | Incoming::Foreign => Tag::Keep,
        };
        return decided(baseline, Reason::Disabled, tag);
    }
    match incoming {
        Incoming::Canary(version) => return decided(version, Reason::Followed, Tag::Write),
        Incoming::Foreign => return decided(baseline, Reason::ForeignTag, Tag::Keep),
        Incoming::None => {}
    }
    let (version, reason) = ask_rules(service, request, moment);
    decided(version, reason, stamp(rules, service, version))
}

/// What a request's tag says to a service.
enum Incoming<'r> {
    /// Nothing: there is none, an empty one, or some service's baseline.
    None,
    /// One of its versions, other than the baseline.
    Canary(&'r Version),
    /// Something else.
    Foreign,
}

fn incoming<'r>(
    rules: &Rules,
    service: &'r Service,
    request: &impl Request,
    moment: Moment,
) -> Incoming<'r> {
    let mut incoming = Incoming::None;
    if !rules.believes_some() {
        return incoming;
    }
    request.any_header(&rules.headers.version, &mut |tag| {
        let Ok(tag) = str::from_utf8(tag) else {
            incoming = Incoming::Foreign;
            return true;
        };
        let own = service.versions().find(|version| version.name() == tag);
        incoming = match own {
            Some(version) if tag != service.baseline().name() => Incoming::Canary(version),
            // Applications that pass a tag on often pass on an empty one where there was none.
            None if !tag.is_empty() && !rules.is_baseline(tag) => Incoming::Foreign,
            _ => Incoming::None,
        };
        true
    });
    // Whom to believe is asked last: most requests have no tag.
    match incoming {
        Incoming::None => Incoming::None,
        _ if rules.believes(request, moment) => incoming,
        _ => Incoming::None,
    }
}

fn ask_rules<'r>(
    service: &'r Service,
    request: &impl Request,
    moment: Moment,
) -> (&'r Version, Reason<'r>) {
    let baseline = service.baseline();
    for rule in service.rules() {
        if !rule.concerns(request, moment) {
            continue;
        }
        let split = match &rule.action {
            Action::Use(version) => return (version, Reason::Rule(rule)),
            Action::Split(split) => split,
        };
        let bucket = match (split.bucket(request), split.missing) {
            (Some(bucket), _) => bucket,
            (None, Missing::Random) => Bucket::project(moment.random),
            (None, Missing::Baseline) => return (baseline, Reason::NoKey(rule)),
            (None, Missing::Next) => continue,
        };
        return (
            split.version(bucket, moment.now).unwrap_or(baseline),
            Reason::Rule(rule),
        );
    }
    (baseline, Reason::NoRule)
}

fn stamp(rules: &Rules, service: &Service, version: &Version) -> Tag {
    match rules.stamp {
        Stamp::Canary if version.name() == service.baseline().name() => Tag::Remove,
        Stamp::All | Stamp::Canary => Tag::Write,
    }
}
