//! Decisions by their reason. Counted in memory, and told on the tick: a request pays for no
//! hostcall.

use std::cell::RefCell;

use super::count::{self, tag};
use crate::rules::{Service, Version};
use crate::{Decision, Reason, Rules};

/// An id that was minted, where others are reasons.
const MINTED: usize = Reason::NAMES.len();

/// What was decided by one policy.
#[derive(Debug, Default)]
pub(super) struct Decisions(RefCell<Vec<Counted>>);

/// One kind of decision, in order of what it is.
#[derive(Debug)]
struct Counted {
    what: What,
    /// How many there were since this was told.
    count: u32,
    /// The host's number of the counter.
    number: Option<u32>,
}

/// What is counted by itself: a version's number, a rule's place in its service and one more, or 0,
/// and a reason's number, or [`MINTED`]. In one word, which is found with the fewest steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct What(u64);

impl What {
    fn new(decision: &Decision<'_>, reason: usize) -> Self {
        let version = decision.version.map_or(0, Version::number);
        let rule = decision.reason().rule();
        let rule = rule.map_or(0, |rule| rule.number().saturating_add(1));
        Self((version as u64) << 32 | (rule as u64) << 8 | reason as u64)
    }

    /// The version's number, the rule's place, and the reason's number.
    fn parts(self) -> (usize, Option<usize>, usize) {
        let part = |part: u64| usize::try_from(part).unwrap_or_default();
        (
            part(self.0 >> 32),
            part(self.0 >> 8 & 0x00ff_ffff).checked_sub(1),
            part(self.0 & 0xff),
        )
    }
}

impl Decisions {
    /// Counts a decision.
    pub(super) fn count(&self, decision: &Decision<'_>) {
        self.add(What::new(decision, decision.reason().number()));
        if decision.mints() {
            self.add(What::new(decision, MINTED));
        }
    }

    fn add(&self, what: What) {
        let mut all = self.0.borrow_mut();
        match all.binary_search_by_key(&what, |own| own.what) {
            Ok(at) => {
                if let Some(own) = all.get_mut(at) {
                    own.count = own.count.saturating_add(1);
                }
            }
            Err(at) => all.insert(
                at,
                Counted {
                    what,
                    count: 1,
                    number: None,
                },
            ),
        }
    }

    /// Tells the metrics what there is of new, of these rules.
    pub(super) fn tell(&self, rules: &Rules) {
        for own in self.0.borrow_mut().iter_mut().filter(|own| own.count > 0) {
            let number = own.number.or_else(|| series(rules, own.what));
            own.number = number;
            if let Some(number) = number {
                count::increment(number, std::mem::take(&mut own.count));
            }
        }
    }
}

/// The host's number of a series.
fn series(rules: &Rules, what: What) -> Option<u32> {
    let (version, rule, reason) = what.parts();
    let is_of_service = reason != Reason::NoService.number();
    let (name, reason) = match Reason::NAMES.get(reason) {
        Some(reason) => ("decisions_total", tag("reason", reason)),
        None => ("ids_minted_total", String::new()),
    };
    if !is_of_service {
        return count::counter(format!("{reason}graylane_{name}"));
    }
    let (service, version) = found(rules, version)?;
    let rule = rule.and_then(|rule| service.rules().get(rule));
    let version = match name {
        "ids_minted_total" => String::new(),
        _ => tag("version", version.name()),
    };
    let named = |rule: &str| {
        let service = tag("service", service.name());
        format!("{service}{version}{rule}{reason}graylane_{name}")
    };
    count::of_rule(rule, &named)
}

/// The version of this number, and its service.
fn found(rules: &Rules, number: usize) -> Option<(&Service, &Version)> {
    let services = rules.services();
    let begins = |service: &Service| {
        let first = service.versions().next();
        first.is_some_and(|first| first.number() <= number)
    };
    let at = services.partition_point(begins).checked_sub(1)?;
    let service = services.get(at)?;
    let version = service.versions().find(|own| own.number() == number)?;
    Some((service, version))
}
