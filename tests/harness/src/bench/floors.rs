//! What the filter is held against: no filter at all, and filters that do next to nothing.

use std::path::Path;

use super::cases::Case;
use super::chain::{Routes, probe};
use super::policies::TENANT;
use super::probes::Probes;
use super::users::each;
use crate::client::Visit;

/// The name of [`no_filter`] for users who bring a tag.
pub(super) const NO_FILTER_TAGGED: &str = "no-filter-tagged";
/// The same for users who name a tenant.
pub(super) const NO_FILTER_TENANTS: &str = "no-filter-tenants";

/// The same for users who bring it in `baggage`.
pub(super) const NO_FILTER_BAGGAGE: &str = "no-filter-baggage";

/// Nothing before the router.
pub(super) fn no_filter() -> Case {
    Case::new("no-filter", "no filter").base(None, Routes::Answers)
}

/// Users who bring a tag.
pub(super) fn tagged() -> Vec<Visit> {
    each(|visit| visit.with("x-gray-version", "v2"))
}

/// Users who bring a tag in `baggage`, beside what others wrote.
pub(super) fn in_baggage() -> Vec<Visit> {
    each(|visit| {
        visit.with(
            "baggage",
            "session=0f8fad5b;ttl=60,x-gray-version=v2,tenant=7",
        )
    })
}

/// Users who name a tenant that no rule has.
pub(super) fn tenants() -> Vec<Visit> {
    each(|visit| visit.with(TENANT, "tenant-of-none"))
}

/// Nothing, and filters that do next to nothing.
pub(super) fn floors(probes: &Probes) -> Vec<Case> {
    let floor =
        |name, title, module: &Path, work| Case::new(name, title).filter(probe(module, work));
    let (whole, trimmed, answering) = (&probes.whole, &probes.trimmed, &probes.answering);
    let without = |name, title, visits| Case {
        visits,
        ..Case::new(name, title).base(None, Routes::Answers)
    };
    let again = floor(
        "floor-follow",
        "probe: get, set anew; answers seen",
        answering,
        "again",
    );
    vec![
        no_filter(),
        without(NO_FILTER_TAGGED, "no filter, a tag", tagged()),
        Case {
            visits: in_baggage(),
            ..Case::new(NO_FILTER_BAGGAGE, "no filter, a tag in baggage")
                .base(None, Routes::Baggage)
        },
        without(NO_FILTER_TENANTS, "no filter, a tenant", tenants()),
        Case {
            visits: tagged(),
            ..again.base(Some(NO_FILTER_TAGGED), Routes::Answers)
        },
        floor("empty", "probe: empty, every callback", whole, "nothing"),
        floor("empty-trimmed", "probe: empty, trimmed", trimmed, "nothing"),
        floor("floor-get", "probe: one get", trimmed, "get"),
        floor("floor", "probe: get, set, count", trimmed, "tag"),
        floor(
            "floor-look",
            "probe: two gets, one in vain; answers seen",
            answering,
            "look",
        ),
        floor(
            "floor-set",
            "probe: get, set; answers seen",
            answering,
            "set",
        ),
        floor(
            "floor-cookie",
            "probe: get cookies, set; answers seen",
            answering,
            "cookie",
        ),
        floor(
            "floor-cluster",
            "probe: get, two sets; answers seen",
            answering,
            "cluster",
        ),
        floor("get-all", "probe: get all, set, count", trimmed, "get-all"),
    ]
}
