//! What an older Envoy does otherwise: found, and held against what is known.

use serde::Serialize;

use super::{Tried, minor};
use crate::checks::Check;

/// Which releases something is known of.
#[derive(Clone, Copy, Debug)]
enum Releases {
    /// From this minor on, and before that one.
    Minors(u32, u32),
    /// This one.
    One(&'static str),
}

impl Releases {
    fn has(self, release: &str) -> bool {
        match self {
            Self::Minors(from, before) => {
                minor(release).is_some_and(|minor| (from..before).contains(&minor))
            }
            Self::One(one) => one == release,
        }
    }
}

/// Something that some releases do otherwise.
struct Known {
    releases: Releases,
    /// What of it: a sample, a check, a row of a check. `*` is everything.
    what: &'static str,
    why: &'static str,
}

const NO_WASM: Releases = Releases::One("1.38.3");
/// Before what two samples need: fields of `geoip`, and tags of spans by a format.
const OLD: Releases = Releases::Minors(0, 37);

const KNOWN: [Known; 7] = [
    Known {
        releases: NO_WASM,
        what: "*",
        why: "its wheel is built without V8, and runs no wasm filter",
    },
    Known {
        releases: OLD,
        what: "sample geo",
        why: "instead of `geo_field_keys` it has `geo_headers_to_add`",
    },
    Known {
        releases: OLD,
        what: "geo",
        why: "needs the sample geo",
    },
    Known {
        releases: OLD,
        what: "sample telemetry",
        why: "a tag of a span has no `value`: take those two out",
    },
    Known {
        releases: OLD,
        what: "logs",
        why: "needs the sample telemetry",
    },
    Known {
        releases: OLD,
        what: "traces",
        why: "needs the sample telemetry, for its spans",
    },
    Known {
        releases: Releases::Minors(37, 40),
        what: "logs: without `annotate`: the tag, and no decision",
        why: "what is not there is `null` in a line, and not left out",
    },
];

/// Whether the release is known to run no wasm filter.
pub(super) fn has_no_wasm(release: &str) -> bool {
    NO_WASM.has(release)
}

/// Something that is not as in the release that everything is written for.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    pub(super) release: &'static str,
    pub(super) what: String,
    pub(super) observed: String,
    /// Why, where that is known.
    pub(super) known: Option<&'static str>,
}

impl Difference {
    fn new(release: &'static str, what: String, observed: String) -> Self {
        let known = KNOWN
            .iter()
            .find(|known| known.releases.has(release) && (known.what == what || known.what == "*"));
        Self {
            release,
            what,
            observed,
            known: known.map(|known| known.why),
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.known.is_some()
    }
}

/// All of them; and what is known but was not found, which is none of the known ones.
pub(super) fn of(all: &[Tried], checks: &[Check]) -> Vec<Difference> {
    let mut found = Vec::new();
    for tried in all {
        let begin = found.len();
        for (sample, refusal) in &tried.samples {
            if let Some(refusal) = refusal {
                let what = format!("sample {sample}");
                found.push(Difference::new(tried.release, what, refusal.clone()));
            }
        }
        for row in tried.checks.iter().flat_map(|(_, rows)| rows) {
            if !row.passed {
                // The whole check, where it could not be made.
                let what = match row.rule.as_str() {
                    "—" => row.check.clone(),
                    rule => format!("{}: {rule}", row.check),
                };
                let observed = format!("{}, not {}", row.observed, row.expected);
                found.push(Difference::new(tried.release, what, observed));
            }
        }
        let missing: Vec<_> = KNOWN
            .iter()
            .filter(|known| known.releases.has(tried.release) && was_tried(known.what, checks))
            // Where nothing runs, nothing runs otherwise.
            .filter(|known| known.what == "*" || !has_no_wasm(tried.release))
            .filter(|known| {
                let mut own = found.iter().skip(begin);
                !own.any(|difference| difference.known == Some(known.why))
            })
            .collect();
        found.extend(missing.into_iter().map(|known| Difference {
            release: tried.release,
            what: known.what.to_owned(),
            observed: format!("as in the others, although known as: {}", known.why),
            known: None,
        }));
    }
    found
}

/// Whether it is a sample, or one of these checks.
fn was_tried(what: &str, checks: &[Check]) -> bool {
    let check = what.split(':').next().unwrap_or(what);
    what == "*" || what.starts_with("sample ") || checks.iter().any(|own| own.name() == check)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Row;

    fn tried(release: &'static str, refusal: Option<&str>, rows: Vec<Row>) -> Tried {
        Tried {
            release,
            envoy: String::new(),
            samples: vec![("standalone", None), ("geo", refusal.map(str::to_owned))],
            checks: vec![("agree".to_owned(), rows)],
        }
    }

    #[test]
    fn what_differs_and_is_not_known_is_told_apart() {
        let wrong = Row::exact("agree", "answered", 10, 9);
        let all = [
            tried(
                "1.40.0",
                None,
                vec![Row::exact("agree", "answered", 10, 10)],
            ),
            tried("1.39.3", Some("no such field"), vec![wrong]),
        ];
        let found = of(&all, &[Check::Agree]);
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.release, one.what.as_str(), one.known))
            .collect();
        let expected = [
            ("1.39.3", "sample geo", None),
            ("1.39.3", "agree: answered", None),
        ];
        assert_eq!(told, expected);
        assert_eq!(found[1].observed, "9, not 10");
    }

    #[test]
    fn what_is_known_has_to_be_so() {
        let refused = of(&[tried("1.36.4", Some("no such field"), Vec::new())], &[]);
        let geo = refused.iter().find(|one| one.what == "sample geo");
        assert!(geo.is_some_and(Difference::is_known));
        let taken = of(&[tried("1.36.4", None, Vec::new())], &[]);
        let geo = taken.iter().find(|one| one.what == "sample geo");
        assert!(geo.is_some_and(|geo| geo.observed.starts_with("as in the others")));
        assert!(geo.is_some_and(|geo| !geo.is_known()));
        let without = tried("1.38.3", Some("compiled without"), Vec::new());
        let found = of(&[without], &[Check::Logs]);
        assert!(found.iter().all(Difference::is_known));
    }
}
