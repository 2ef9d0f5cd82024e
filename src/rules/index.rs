//! Which rules a request can concern at all, found without looking at each.
//!
//! Many rules wait for an exact value of one header, cookie, host and so on. Where several in a row
//! do, the request's value leads to those that wait for it, and the others are never looked at.

use std::mem;

use super::Rule;
use super::condition::Condition;
use super::exact::Exact;
use super::source::Source;
use crate::request::Request;
use crate::sort::sorted;

/// From so many in a row on, a look at the value is cheaper than one at each rule.
const WORTH_IT: usize = 8;

/// A rule that waits for more values than this is looked at each time: it has a set of its own, and
/// a second copy of that would cost more than the look.
const MOST_VALUES: usize = 64;

/// The rules of a service, in their order, as positions in its list.
#[derive(Debug)]
pub(super) struct Index {
    parts: Box<[Part]>,
}

#[derive(Debug)]
enum Part {
    /// Each of these, up to the second.
    Every(usize, usize),
    /// Those of some that wait for the request's values.
    Waiting(Box<[Wait]>),
}

/// What some rules wait for.
#[derive(Debug)]
struct Wait {
    source: Source,
    ignore_case: bool,
    /// The first of them.
    first: usize,
    /// The values, in their order, and in lower case where case is ignored; each with those that
    /// wait for it.
    values: Vec<(Exact, Vec<usize>)>,
}

/// A value that a rule cannot do without, at a place of the request: any of these.
pub(super) struct Anchor<'c> {
    pub(super) source: &'c Source,
    pub(super) ignore_case: bool,
    pub(super) values: &'c [Exact],
}

impl Index {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut parts = Vec::new();
        let mut from = 0usize;
        let waits = |rule: &Rule| anchor(rule).is_some();
        for row in rules.chunk_by(|one, next| waits(one) == waits(next)) {
            let to = from.saturating_add(row.len());
            let waiting = row.len() >= WORTH_IT && row.first().is_some_and(waits);
            match parts.last_mut() {
                _ if waiting => parts.push(Part::Waiting(all_waits(row, from))),
                Some(Part::Every(_, end)) => *end = to,
                _ => parts.push(Part::Every(from, to)),
            }
            from = to;
        }
        Self {
            parts: parts.into(),
        }
    }

    /// Shows the rules that can concern the request to `ask`, in their order, until it has an
    /// answer. Nothing of the request is read before the first rule that waits for it is due.
    pub(super) fn first<'r, T>(
        &'r self,
        rules: &'r [Rule],
        request: &impl Request<'r>,
        mut ask: impl FnMut(&'r Rule) -> Option<T>,
    ) -> Option<T> {
        self.parts.iter().find_map(|part| match part {
            Part::Every(from, to) => rules.get(*from..*to)?.iter().find_map(&mut ask),
            Part::Waiting(waits) => {
                let mut due = Vec::new();
                let mut ask = |at: usize| rules.get(at).and_then(&mut ask);
                let found = waits.iter().find_map(|wait| {
                    // In order, and without those that wait for what was not read yet.
                    let ready = due.partition_point(|&at| at < wait.first);
                    let found = due.drain(..ready).find_map(&mut ask);
                    if found.is_none() {
                        wait.add_to(&mut due, request);
                    }
                    found
                });
                found.or_else(|| due.drain(..).find_map(ask))
            }
        })
    }
}

impl Wait {
    fn new(anchor: &Anchor<'_>, first: usize) -> Self {
        Self {
            source: anchor.source.clone(),
            ignore_case: anchor.ignore_case,
            first,
            values: Vec::new(),
        }
    }

    fn has_the_place_of(&self, anchor: &Anchor<'_>) -> bool {
        self.ignore_case == anchor.ignore_case && self.source == *anchor.source
    }

    fn add(&mut self, Exact(value): &Exact, rule: usize) {
        let mut value = value.clone();
        if self.ignore_case {
            value.make_ascii_lowercase();
        }
        self.values.push((Exact(value), vec![rule]));
    }

    /// Once all are added: orders the values, each once.
    fn order(&mut self) {
        for (value, rules) in sorted(mem::take(&mut self.values)) {
            match self.values.last_mut() {
                Some((last, of_last)) if *last == value => of_last.extend(rules),
                _ => self.values.push((value, rules)),
            }
        }
    }

    /// Adds the rules that wait for a value that the request has.
    fn add_to<'r>(&'r self, due: &mut Vec<usize>, request: &impl Request<'r>) {
        let mut places = Vec::new();
        self.source.any(request, &mut |value| {
            let compare = |(own, _): &(Exact, _)| own.compare(value, self.ignore_case);
            places.extend(self.values.binary_search_by(compare));
            false
        });
        // A request may repeat a value as often as it likes, for which many rules may wait.
        places = sorted(places);
        places.dedup();
        let found = places.iter().filter_map(|place| self.values.get(*place));
        let before = due.len();
        due.extend(found.flat_map(|(_, rules)| rules));
        if due.len() > before {
            *due = sorted(mem::take(due));
            due.dedup();
        }
    }
}

/// What the rules of a row wait for, by who is first; the row begins at `from`.
fn all_waits(row: &[Rule], from: usize) -> Box<[Wait]> {
    let mut waits: Vec<Wait> = Vec::new();
    for (at, rule) in (from..).zip(row) {
        let Some(anchor) = anchor(rule) else { continue };
        let known = waits.iter().position(|wait| wait.has_the_place_of(&anchor));
        let place = known.unwrap_or(waits.len());
        if known.is_none() {
            waits.push(Wait::new(&anchor, at));
        }
        if let Some(wait) = waits.get_mut(place) {
            anchor.values.iter().for_each(|value| wait.add(value, at));
        }
    }
    waits.iter_mut().for_each(Wait::order);
    waits.into()
}

fn anchor(rule: &Rule) -> Option<Anchor<'_>> {
    let anchor = rule.when.as_ref().and_then(Condition::anchor);
    anchor.filter(|anchor| anchor.values.len() <= MOST_VALUES)
}
