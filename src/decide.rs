//! Which version answers a request, and why: the one function that everything else serves.

use crate::baggage::first_entry;
use crate::bucket::Bucket;
use crate::decision::{Assigned, Decision, DryRun, Id, Reason, Tag};
use crate::moment::Moment;
use crate::navigation::is_navigation;
use crate::policy::Stamp;
use crate::request::Request;
use crate::rules::{Action, Carrier, Hit, Missing, Rule, Rules, Service, Split, Version};

/// Decides which version answers the request.
///
/// In this order: the service by its host; `enabled`; in the mesh, the tag; the rules, of which the
/// first that concerns the request decides; the baseline. A closed version is the baseline. Whatever
/// is not understood goes to the baseline.
#[must_use]
pub fn decide<'r>(rules: &'r Rules, request: &impl Request<'r>, moment: Moment) -> Decision<'r> {
    let Some(service) = rules.service(request) else {
        return Decision {
            service: None,
            version: None,
            stamped: None,
            mirror: None,
            reason: Reason::NoService,
            bucket: None,
            tag: if rules.believes(request, moment) {
                Tag::Keep
            } else {
                Tag::Remove
            },
            assigned: None,
            dry_runs: Vec::new(),
        };
    };
    let incoming = incoming(rules, service, request, moment);
    let mut dry_runs = Vec::new();
    let mut outcome = match incoming {
        _ if !(rules.enabled && service.enabled) => Outcome::baseline(service, Reason::Disabled),
        Incoming::Canary(version) => {
            let outcome = Outcome::of(version, Reason::Followed);
            outcome.unless_closed(service, moment, || is_drawn(version, request))
        }
        Incoming::Foreign => Outcome::baseline(service, Reason::ForeignTag),
        Incoming::None => ask_rules(service, request, moment, &mut dry_runs),
    };
    // A second decision may be another one, where it draws or a step of a ramp has come between.
    // It is asked for only where it would show.
    let shows = !std::ptr::eq(outcome.version, service.baseline())
        || outcome.assigned.is_some()
        || service.dry_run
        || !dry_runs.is_empty();
    if matches!(incoming, Incoming::None) && shows && rules.is_behind(request) {
        dry_runs.clear();
        outcome = Outcome::baseline(service, Reason::Inbound);
    } else if service.dry_run && !matches!(outcome.reason, Reason::Disabled) {
        dry_runs.push(DryRun {
            service: service.name(),
            version: outcome.version.name(),
            reason: outcome.reason,
        });
        outcome = Outcome::baseline(service, Reason::DryRun);
    }
    let Outcome {
        version,
        stamped,
        reason,
        bucket,
        assigned,
    } = outcome;
    let off = matches!(reason, Reason::Disabled | Reason::DryRun | Reason::Inbound);
    Decision {
        service: Some(service),
        version: Some(version),
        mirror: if off {
            None
        } else {
            let copy = service.mirror(request, moment, version);
            copy.filter(|_| !rules.is_behind(request))
        },
        reason,
        bucket,
        tag: match incoming {
            Incoming::None if matches!(reason, Reason::Inbound) => Tag::Keep,
            Incoming::None => stamp(rules, service, stamped),
            // Off for this service alone: a tag may well be about the next one.
            Incoming::Canary(_) if off || matches!(reason, Reason::Closed(_)) => Tag::Keep,
            Incoming::Canary(_) => Tag::Write,
            Incoming::Foreign => Tag::Keep,
        },
        stamped: Some(stamped),
        assigned,
        dry_runs,
    }
}

/// Whether the request came to an edge with a tag that is not believed. An empty one is none.
///
/// It costs a look at each request, and decides nothing: it is for those who count such tags.
#[must_use]
pub fn drops_tag<'r>(rules: &'r Rules, request: &impl Request<'r>, moment: Moment) -> bool {
    let mut has_tag = false;
    if rules.believes_everybody() {
        return has_tag;
    }
    first_tag(rules, request, &mut |tag| has_tag = !tag.is_empty());
    has_tag && !rules.believes(request, moment)
}

/// Shows the tag that the request came with.
fn first_tag<'r>(rules: &'r Rules, request: &impl Request<'r>, read: &mut dyn FnMut(&[u8])) {
    let name = &rules.headers.version;
    match rules.carrier {
        Carrier::Header => {
            request.any_header(name, &mut |tag| {
                read(tag);
                true
            });
        }
        Carrier::Baggage => first_entry(request, name, read),
    }
}

/// What a request's tag says to a service.
#[derive(Clone, Copy)]
enum Incoming<'r> {
    /// Nothing: there is none, an empty one, or some service's baseline.
    None,
    /// One of its versions, other than the baseline, or that one's lane.
    Canary(&'r Version),
    /// Something else.
    Foreign,
}

fn incoming<'r>(
    rules: &'r Rules,
    service: &'r Service,
    request: &impl Request<'r>,
    moment: Moment,
) -> Incoming<'r> {
    let mut incoming = Incoming::None;
    if !rules.believes_some() {
        return incoming;
    }
    first_tag(rules, request, &mut |tag| {
        let Ok(tag) = str::from_utf8(tag) else {
            incoming = Incoming::Foreign;
            return;
        };
        let own = service.destinations().find(|version| version.tag() == tag);
        incoming = match own {
            Some(version) if tag != service.baseline().tag() => Incoming::Canary(version),
            // Applications that pass a tag on often pass on an empty one where there was none.
            None if !tag.is_empty() && !rules.is_baseline(tag) => Incoming::Foreign,
            _ => Incoming::None,
        };
    });
    // Whom to believe is asked last: most requests have no tag.
    match incoming {
        Incoming::None => Incoming::None,
        _ if rules.believes(request, moment) => incoming,
        _ => Incoming::None,
    }
}

/// A version for the request, and what the user is to bring along next time.
struct Outcome<'r> {
    version: &'r Version,
    /// Whose tag the request gets: the version's, or that of its lane which goes on without it.
    stamped: &'r Version,
    reason: Reason<'r>,
    bucket: Option<Bucket>,
    assigned: Option<Box<Assigned<'r>>>,
}

impl<'r> Outcome<'r> {
    fn of(version: &'r Version, reason: Reason<'r>) -> Self {
        Self {
            version,
            stamped: version,
            reason,
            bucket: None,
            assigned: None,
        }
    }

    fn baseline(service: &'r Service, reason: Reason<'r>) -> Self {
        Self::of(service.baseline(), reason)
    }

    /// The baseline, if the version is closed, or is tried again by others: `tries` tells.
    fn unless_closed(
        mut self,
        service: &'r Service,
        moment: Moment,
        tries: impl FnOnce() -> bool,
    ) -> Self {
        let version = self.version;
        if version.is_closed(moment) || version.is_probing(moment) && !tries() {
            self.version = service.baseline();
            self.reason = Reason::Closed(self.reason.rule());
            // An id is for good; a cookie that keeps is for those who were there.
            let minted = self.assigned.filter(|assigned| assigned.minted.is_some());
            self.assigned = minted.map(|mut assigned| {
                assigned.kept = None;
                assigned
            });
            if !version.is_in_open_lane(moment) {
                self.stamped = self.version;
            }
        }
        self
    }
}

/// Whether a request without a bucket of its own tries the version again: so many of them, by lot.
fn is_drawn<'r>(version: &Version, request: &impl Request<'r>) -> bool {
    let retry = version.guard().and_then(|guard| guard.retry);
    let bucket = request.random().map(Bucket::drawn);
    let both = retry.zip(bucket);
    both.is_some_and(|(retry, bucket)| bucket.number() < retry.share.buckets())
}

/// Whether a user of the split tries the version again: the first ones that it had.
fn is_first(hit: Option<Hit<'_>>, version: &Version) -> bool {
    let retry = version.guard().and_then(|guard| guard.retry);
    let both = hit.zip(retry);
    both.is_some_and(|(hit, retry)| {
        std::ptr::eq(hit.version, version) && hit.is_among_first(retry.share)
    })
}

fn ask_rules<'r>(
    service: &'r Service,
    request: &impl Request<'r>,
    moment: Moment,
    dry_runs: &mut Vec<DryRun<'r>>,
) -> Outcome<'r> {
    let decided = service.ask(request, |rule| {
        if !rule.concerns(request, moment) {
            return None;
        }
        let outcome = match &rule.action {
            Action::Use(version) => {
                Outcome::of(version, Reason::Rule(rule))
                    .unless_closed(service, moment, || is_drawn(version, request))
            }
            Action::Split(split) => ask_split(service, rule, split, request, moment)?,
        };
        if !rule.dry_run {
            return Some(outcome);
        }
        dry_runs.push(DryRun {
            service: service.name(),
            version: outcome.version.name(),
            reason: outcome.reason,
        });
        None
    });
    decided.unwrap_or_else(|| Outcome::baseline(service, Reason::NoRule))
}

/// `None`: the next rule is asked.
fn ask_split<'r>(
    service: &'r Service,
    rule: &'r Rule,
    split: &'r Split,
    request: &impl Request<'r>,
    moment: Moment,
) -> Option<Outcome<'r>> {
    let keep = split.keep.as_ref();
    if let Some(version) = keep.and_then(|keep| keep.version(request)) {
        let outcome = Outcome::of(version, Reason::Kept(rule));
        return Some(outcome.unless_closed(service, moment, || {
            let bucket = split.bucket(request);
            is_first(bucket.and_then(|bucket| split.hit(bucket, moment)), version)
        }));
    }
    let no_key = Outcome::baseline(service, Reason::NoKey(rule));
    let mut minted = None;
    let bucket = match (split.bucket(request), &split.missing) {
        (Some(bucket), _) => bucket,
        (None, Missing::Baseline) => return Some(no_key),
        (None, Missing::Next) => return None,
        (None, Missing::Random) => match request.random() {
            Some(bits) => Bucket::drawn(bits),
            None => return Some(no_key),
        },
        (None, Missing::Mint(cookie)) => match mint(service, request) {
            Some(id) => {
                minted = Some((&**cookie, id));
                split.bucket_of(id.to_string().as_bytes())
            }
            None => return Some(no_key),
        },
    };
    let hit = split.hit(bucket, moment);
    let version = hit.map(|hit| hit.version);
    let kept = keep.and_then(|keep| keep.mark(version?.name()));
    let assigned = match (minted, kept) {
        (None, None) => None,
        _ => service.cookies.kept_by(request).map(|secure| {
            Box::new(Assigned {
                cookies: &service.cookies,
                secure,
                minted,
                kept,
            })
        }),
    };
    let version = version.unwrap_or(service.baseline());
    let mut outcome = Outcome::of(version, Reason::Rule(rule));
    outcome.bucket = Some(bucket);
    outcome.assigned = assigned;
    Some(outcome.unless_closed(service, moment, || is_first(hit, version)))
}

/// A fresh id, where the user can be given one: for a page, and where a browser would keep it.
fn mint<'r>(service: &'r Service, request: &impl Request<'r>) -> Option<Id> {
    if !is_navigation(request) {
        return None;
    }
    service.cookies.kept_by(request)?;
    request.random().map(Id)
}

fn stamp(rules: &Rules, service: &Service, version: &Version) -> Tag {
    match rules.stamp {
        Stamp::Canary if version.name() == service.baseline().name() => Tag::Remove,
        Stamp::All | Stamp::Canary => Tag::Write,
    }
}
