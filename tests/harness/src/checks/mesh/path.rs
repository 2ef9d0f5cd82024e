//! What a request becomes on its way through the services: as the core says, and as it was.

use std::collections::BTreeMap;

use crate::backend::{Echo, PASSED_ON};
use crate::client::{Answer, Reply, Visit};
use crate::mesh::{SERVICES, host};
use crate::native::Native;

/// The tag's own header, and the one in which it may be an entry.
pub(super) const TAG: &str = "x-gray-version";
pub(super) const BAGGAGE: &str = "baggage";

/// One application that a request has reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    /// The pod, such as `stock-v1`.
    pub(super) pod: String,
    /// The values of the tag that it saw.
    pub(super) tag: Vec<Vec<u8>>,
    /// Those of `baggage`.
    pub(super) baggage: Vec<Vec<u8>>,
}

/// The way of a request that comes by the edge.
pub(super) fn expected(edge: &Native, inside: &Native, visit: &Visit) -> Vec<Hop> {
    let mut hops = Vec::new();
    let mut here = visit.clone();
    for (number, (service, _)) in SERVICES.into_iter().enumerate() {
        // Only on its way out of a pod, or into the mesh, is it decided which version is next.
        let decides = if number == 0 { edge } else { inside };
        if number > 0 {
            here = passed_on(&here).at(&host(service));
        }
        // The pods have the names of their clusters.
        let pod = decides.decide(&here).cluster.unwrap_or_default();
        here = decides.after(&here);
        hops.push(Hop {
            pod,
            tag: here.values(TAG),
            baggage: here.values(BAGGAGE),
        });
    }
    hops
}

/// What an application sends because of this visit.
fn passed_on(visit: &Visit) -> Visit {
    let mut next = Visit::of(&*visit.user);
    let headers = visit.headers.iter();
    let passed_on = headers.filter(|(name, _)| PASSED_ON.contains(&name.as_str()));
    next.headers.extend(passed_on.cloned());
    next
}

/// The way that a request took, by what each application says.
pub(super) fn taken(answer: &Answer) -> Vec<Hop> {
    let hop = |echo: &Echo| Hop {
        pod: echo.version.clone(),
        tag: echo.header(TAG),
        baggage: echo.header(BAGGAGE),
    };
    echoes(answer).into_iter().map(hop).collect()
}

/// What each application saw, in the order in which they were reached.
pub(super) fn echoes(answer: &Answer) -> Vec<&Echo> {
    let reply = answer.as_ref().ok().filter(|reply| reply.is_success());
    let first = reply.and_then(|reply| reply.echo.as_ref());
    std::iter::successors(first, |&echo| Some(&echo.onward.as_ref()?.echo)).collect()
}

/// Whether no application was shown by what this hop or the one before was routed.
pub(super) fn hides_clusters(answer: &Answer) -> bool {
    let shown = |echo: &&Echo| !echo.header("x-gray-cluster").is_empty();
    !echoes(answer).iter().any(shown)
}

/// Whether no answer, of whichever service, says anything of all this.
pub(super) fn answers_say_nothing(answer: &Answer) -> bool {
    let telling = |name: &str| name.starts_with("x-gray-");
    let outside = |reply: &Reply| reply.headers.keys().any(|name| telling(name.as_str()));
    let inside = |echo: &&Echo| {
        let onward = echo.onward.as_ref();
        onward.is_some_and(|onward| onward.headers.iter().any(|(name, _)| telling(name)))
    };
    !answer.as_ref().is_ok_and(outside) && !echoes(answer).iter().any(inside)
}

/// How many took each way, by the versions of the services in order.
pub(super) fn by_way(ways: &[Vec<Hop>]) -> BTreeMap<String, usize> {
    let mut users_by_way = BTreeMap::new();
    for way in ways {
        let versions = way.iter().filter_map(|hop| hop.pod.rsplit_once('-'));
        let versions: Vec<_> = versions.map(|(_, version)| version).collect();
        *users_by_way.entry(versions.join("→")).or_default() += 1;
    }
    users_by_way
}
