//! What a decision does to the request.

use crate::decision::{Decision, Id, Tag};
use crate::rules::{Carrier, Rules};

/// What becomes of one request header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderEffect<'r> {
    /// It has just this value, whatever it had before.
    Set(&'r str, &'r str),
    /// It is gone.
    Remove(&'r str),
    /// The list `baggage` has one entry of this name, with this value, or none.
    Entry(&'r str, Option<&'r str>),
    /// The cookies have one more, of this name, before the others.
    AddCookie(&'r str, Id),
}

/// What a decision does to the request: each header once.
///
/// The cluster header and the mirror header are this hop's alone, so they are never left as they
/// came, unless no version of the policy names a cluster, or nothing is mirrored: then nothing
/// routes by them.
pub fn effects<'r>(
    rules: &'r Rules,
    decision: &Decision<'r>,
) -> impl Iterator<Item = HeaderEffect<'r>> + use<'r> {
    let headers = &rules.headers;
    let tag = match (decision.tag(), decision.stamped) {
        (Tag::Write, Some(version)) => Some(Some(version.tag())),
        (Tag::Remove, _) => Some(None),
        (Tag::Keep, _) | (Tag::Write, None) => None,
    };
    let tag = tag.map(|tag| match (rules.carrier, tag) {
        (Carrier::Header, Some(tag)) => HeaderEffect::Set(&headers.version, tag),
        (Carrier::Header, None) => HeaderEffect::Remove(&headers.version),
        (Carrier::Baggage, tag) => HeaderEffect::Entry(&headers.version, tag),
    });
    let hop = |used: bool, header, value: Option<_>| {
        let set = value.map(|value| HeaderEffect::Set(header, value));
        used.then_some(set.unwrap_or(HeaderEffect::Remove(header)))
    };
    let cluster = hop(
        rules.routes.by_cluster,
        &*headers.cluster,
        decision.cluster(),
    );
    let mirror = hop(rules.routes.by_mirror, &*headers.mirror, decision.mirror());
    // The application gets to know the id that the user was decided by.
    let minted = decision
        .assigned
        .as_ref()
        .and_then(|assigned| assigned.minted);
    let cookie = minted.map(|(name, id)| HeaderEffect::AddCookie(name, id));
    // Not an array of them: that would be written out and moved for each request.
    tag.into_iter().chain(cluster).chain(mirror).chain(cookie)
}
