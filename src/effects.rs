//! What a decision does to the request.

use crate::decide::{Decision, Tag};
use crate::rules::Rules;

/// What becomes of one request header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderEffect<'r> {
    /// It has just this value, whatever it had before.
    Set(&'r str, &'r str),
    /// It is gone.
    Remove(&'r str),
}

/// What a decision does to the request.
pub type Effects<'r> = std::iter::Flatten<std::array::IntoIter<Option<HeaderEffect<'r>>, 2>>;

/// What a decision does to the request: each header once.
///
/// The cluster header is this hop's alone, so it is never left as it came, unless no version of
/// the policy names a cluster: then nothing routes by it.
pub fn effects<'r>(rules: &'r Rules, decision: &Decision<'r>) -> Effects<'r> {
    let tag = &*rules.headers.version;
    let tag = match (decision.tag(), decision.version()) {
        (Tag::Write, Some(version)) => Some(HeaderEffect::Set(tag, version)),
        (Tag::Remove, _) => Some(HeaderEffect::Remove(tag)),
        (Tag::Keep, _) | (Tag::Write, None) => None,
    };
    let header = &*rules.headers.cluster;
    let cluster = rules.names_clusters.then(|| match decision.cluster() {
        Some(cluster) => HeaderEffect::Set(header, cluster),
        None => HeaderEffect::Remove(header),
    });
    [tag, cluster].into_iter().flatten()
}
