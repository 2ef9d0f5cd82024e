//! The two sides of a change: what decides about whom, and by which draw.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Moment;
use crate::cli::keys;
use crate::cli::layout::{self, Part};
use crate::rules::{Keep, Rule, Rules, Service, Split};

/// Fields of a split or mirror that say which share whom gets, or who takes part at all. The others
/// say what a user's bucket is.
const NOT_OF_THE_DRAW: [&str; 6] = ["to", "missing", "salt", "keep", "version", "percent"];

/// Stands for a version where nobody is copied; no version has a blank in its name.
const NO_COPY: &str = "no copy";

/// A service in one of the policies.
pub(super) struct Side<'p> {
    pub(super) service: &'p Service,
    /// The service's document, without what is default.
    document: &'p Value,
    /// Whether its rules decide.
    enabled: bool,
    now: u64,
}

/// What decides about some users.
pub(super) struct Ruling<'p> {
    /// The rule's name; `None` where it is the baseline.
    pub(super) name: Option<&'p str>,
    pub(super) parts: Vec<Part<'p>>,
    /// What makes a user's bucket; `None` where no bucket is asked for.
    pub(super) draw: Option<Draw<'p>>,
}

pub(super) struct Draw<'p> {
    salt: &'p str,
    keys: &'p [Value],
    rest: BTreeMap<&'p str, &'p Value>,
    /// What weights add up to: of another sum everybody has another part.
    total: u32,
    keep: Option<&'p Keep>,
}

impl<'p> Side<'p> {
    pub(super) fn new(rules: &'p Rules, at: usize, document: &'p Value, now: u64) -> Self {
        let service = &rules.services()[at];
        Self {
            service,
            document: &document["services"][at],
            enabled: rules.enabled && service.enabled && !service.dry_run,
            now,
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<&'p Rule> {
        self.live()
            .map(|(_, rule)| rule)
            .find(|rule| rule.name() == name)
    }

    /// The rules that decide, and where they stand: those that run dry move nobody.
    fn live(&self) -> impl Iterator<Item = (usize, &'p Rule)> {
        let rules = self.service.rules().iter().enumerate();
        rules.filter(|(_, rule)| !rule.dry_run)
    }

    /// The rules that concern some.
    pub(super) fn conditional(&self) -> impl Iterator<Item = &'p Rule> {
        let rules = self.live().filter(|(index, _)| self.when(*index).is_some());
        rules.map(|(_, rule)| rule)
    }

    /// What decides about whom no rule with a condition concerns.
    pub(super) fn everybody(&self) -> Ruling<'p> {
        let mut open = self.live().filter(|(index, _)| self.when(*index).is_none());
        match open.next() {
            Some((_, rule)) => self.ruling(rule),
            None => self.baseline(None),
        }
    }

    fn when(&self, rule: usize) -> Option<&'p Value> {
        self.document["rules"][rule].get("when")
    }

    fn baseline(&self, name: Option<&'p str>) -> Ruling<'p> {
        Ruling {
            name,
            parts: layout::everybody(self.service.baseline().name()),
            draw: None,
        }
    }

    pub(super) fn ruling(&self, rule: &'p Rule) -> Ruling<'p> {
        if !self.enabled {
            return self.baseline(Some(rule.name()));
        }
        let rules = self.service.rules();
        let at = rules.iter().position(|own| std::ptr::eq(own, rule));
        let document = &self.document["rules"][at.unwrap_or_default()]["split"];
        Ruling {
            name: Some(rule.name()),
            parts: layout::of_rule(rule, self.service.baseline().name(), self.now),
            draw: rule.split().map(|split| Draw::new(split, document)),
        }
    }

    /// The versions that are copied to.
    pub(super) fn copied(&self) -> impl Iterator<Item = &'p str> {
        let slices = self.service.mirrors().iter();
        let slices = slices.flat_map(|mirror| mirror.slices_at(self.now));
        slices.map(|slice| slice.version().name())
    }

    /// Who is copied to a version.
    pub(super) fn copies(&self, version: &str) -> Ruling<'p> {
        let at = self.copied().position(|own| own == version);
        let Some(at) = at.filter(|_| self.enabled) else {
            return Ruling {
                name: None,
                parts: layout::everybody(NO_COPY),
                draw: None,
            };
        };
        let mirror = &self.service.mirrors()[at];
        Ruling {
            name: None,
            parts: layout::of_split(mirror, NO_COPY, Moment::at(self.now)),
            draw: Some(Draw::new(mirror, &self.document["mirror"][at])),
        }
    }
}

impl<'p> Draw<'p> {
    fn new(split: &'p Split, document: &'p Value) -> Self {
        let rest = document.as_object().into_iter().flatten();
        let rest =
            rest.filter(|(field, _)| *field != "by" && !NOT_OF_THE_DRAW.contains(&field.as_str()));
        Self {
            salt: split.draw().salt(),
            keys: document["by"].as_array().map_or(&[], Vec::as_slice),
            rest: rest.map(|(field, value)| (field.as_str(), value)).collect(),
            total: split.draw().total(),
            keep: split.keep.as_ref(),
        }
    }

    /// Whether a cookie keeps those there whom this draw has sent to a version.
    pub(super) fn keeps(&self, other: &Draw<'_>, version: &str) -> bool {
        let says = |keep: Option<&'_ Keep>| {
            let mark = keep?.mark(version)?;
            Some((mark.0.to_owned(), mark.1.to_owned()))
        };
        let (before, after) = (says(self.keep), says(other.keep));
        before.is_some() && before == after
    }

    /// Whether a user's bucket stays. Who has one of the keys that both begin with keeps it,
    /// whatever keys follow.
    pub(super) fn same(&self, other: &Draw<'_>) -> bool {
        let mut keys = self.keys.iter().zip(other.keys);
        self.salt == other.salt
            && self.rest == other.rest
            && self.total == other.total
            && keys.all(|(one, other)| keys::same(one, other))
    }
}
