//! A request's headers, fetched at the least cost.
//!
//! What a call costs is the host's doing, above all each value that is handed over. In thousands of
//! instructions, measured by `make bench`: a header's first value 10.7; the property that is all its
//! values in one 13.3; all headers 10, and 0.9 for each. Which is least depends on the traffic:
//! which headers come, and whether the first value will do. The next request is most likely as the
//! last one was.

use std::cell::{Cell, OnceCell};

use proxy_wasm::hostcalls;
use proxy_wasm::types::{Bytes, MapType};

// In hundreds of instructions.
const FIRST: usize = 107;
const NO_FIRST: usize = 19;
const JOINED: usize = 133;
const FIRST_AND_JOINED: usize = FIRST + JOINED;
const ALL: usize = 100;
const EACH_OF_ALL: usize = 9;

/// How many headers a request is thought to have before one was seen: a browser's.
const USUAL: usize = 16;

/// Beyond the first two headers, for so many it is remembered how they were found. For any more,
/// all are fetched.
const OTHERS: usize = 6;

/// What the requests so far have taught: how to fetch the next one's headers. It changes what an
/// answer costs, and never the answer.
#[derive(Debug)]
pub(super) struct Habit {
    all_at_once: Cell<bool>,
    /// The headers whose first value was not enough, by [`mark`].
    beyond: Cell<u64>,
    /// The headers in whose values there are commas.
    commas: Cell<u64>,
    /// How many headers the last request had of which all were fetched.
    count: Cell<usize>,
}

impl Default for Habit {
    fn default() -> Self {
        Self {
            all_at_once: Cell::new(false),
            beyond: Cell::new(0),
            commas: Cell::new(0),
            count: Cell::new(USUAL),
        }
    }
}

/// One bit for a name. Names that share one are taken for each other.
fn mark(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    let ends = ends.map_or(0, |(first, last)| {
        u32::from(*first).wrapping_mul(7) ^ u32::from(*last)
    });
    1u64.wrapping_shl(ends)
}

/// Whether the name's mark is among these.
fn has(marks: &Cell<u64>, name: &str) -> bool {
    marks.get() & mark(name) > 0
}

fn note(marks: &Cell<u64>, name: &str, on: bool) {
    let others = marks.get() & !mark(name);
    marks.set(if on { others | mark(name) } else { others });
}

/// What has been fetched so far.
pub(super) struct Headers<'h, 'r> {
    habit: &'h Habit,
    few: [Slot<'r>; 2],
    others: OnceCell<Box<[Slot<'r>; OTHERS]>>,
    all: OnceCell<Vec<(String, Bytes)>>,
    /// The one list that anybody asks for, in one.
    list: OnceCell<Option<Bytes>>,
}

type Slot<'r> = OnceCell<Asked<'r>>;

/// A header that was asked for.
struct Asked<'r> {
    name: &'r str,
    found: Found,
    /// Whether the first value was not enough.
    beyond: Cell<bool>,
    /// Whether the first value is the only one, where that was looked up.
    is_only: OnceCell<bool>,
}

enum Found {
    Nothing,
    First(Bytes),
    /// At this place among all.
    Among(usize),
}

impl<'h, 'r> Headers<'h, 'r> {
    pub(super) fn new(habit: &'h Habit) -> Self {
        Self {
            habit,
            few: [OnceCell::new(), OnceCell::new()],
            others: OnceCell::new(),
            all: OnceCell::new(),
            list: OnceCell::new(),
        }
    }

    /// Shows each value of a header to `see`, in order, until it answers `true`; tells whether it
    /// did.
    pub(super) fn any(&self, name: &'r str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let Some(asked) = self.asked(name) else {
            return values(self.all(), name).any(see);
        };
        let (first, others) = match &asked.found {
            Found::Nothing => return false,
            Found::First(value) => (&**value, None),
            Found::Among(at) => match self.all().get(*at..) {
                Some([(_, value), others @ ..]) => (&**value, Some(others)),
                _ => return false,
            },
        };
        if see(first) {
            return true;
        }
        // A pseudo-header has one value.
        if name.starts_with(':') {
            return false;
        }
        asked.beyond.set(true);
        match others {
            Some(others) => values(others, name).any(see),
            None if self.is_only(asked, first) => false,
            None => values(self.all(), name).skip(1).any(see),
        }
    }

    /// Shows a header that is a list, line by line or all in one.
    pub(super) fn list(&self, name: &'r str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        if self.habit.all_at_once.get() || self.all.get().is_some() {
            return self.any(name, see);
        }
        let list = self.list.get_or_init(|| Some(self.joined(name)?.0));
        list.as_deref().is_some_and(see)
    }

    /// What is known of a header, or is found out now; `None` if it is one too many.
    fn asked(&self, name: &'r str) -> Option<&Asked<'r>> {
        let few = self.few.iter().find_map(|slot| self.at(slot, name));
        few.or_else(|| {
            let others = self.others.get_or_init(Box::default);
            others.iter().find_map(|slot| self.at(slot, name))
        })
    }

    /// If the slot has the header, or is free and so gets it.
    fn at<'s>(&self, slot: &'s Slot<'r>, name: &'r str) -> Option<&'s Asked<'r>> {
        let asked = slot.get_or_init(|| self.ask(name));
        let same = std::ptr::eq(asked.name, name) || asked.name == name;
        same.then_some(asked)
    }

    fn ask(&self, name: &'r str) -> Asked<'r> {
        let mut is_only = None;
        let found = if self.habit.all_at_once.get() || self.all.get().is_some() {
            let at = self.all().iter().position(|(header, _)| header == name);
            at.map_or(Found::Nothing, Found::Among)
        } else {
            let joined = has(&self.habit.beyond, name).then(|| self.joined(name));
            let value = match joined.flatten() {
                // Between values there is a comma, as there may be in one.
                Some((joined, true)) => {
                    let first = first(name);
                    is_only = Some(first.as_ref().map(Vec::len) == Some(joined.len()));
                    first
                }
                Some((only, false)) => {
                    is_only = Some(true);
                    Some(only)
                }
                None => first(name),
            };
            value.map_or(Found::Nothing, Found::First)
        };
        Asked {
            name,
            found,
            beyond: Cell::new(false),
            is_only: is_only.map_or_else(OnceCell::new, OnceCell::from),
        }
    }

    fn is_only(&self, asked: &Asked<'_>, first: &[u8]) -> bool {
        *asked.is_only.get_or_init(|| {
            let joined = self.joined(asked.name);
            joined.is_some_and(|(joined, _)| joined.len() == first.len())
        })
    }

    /// All values of a header, with commas between, and whether there is any comma. `None` also
    /// where the host has no such property.
    fn joined(&self, name: &str) -> Option<(Bytes, bool)> {
        let property = hostcalls::get_property(vec!["request", "headers", name]);
        let joined = property.ok().flatten()?;
        let comma = joined.contains(&b',');
        note(&self.habit.commas, name, comma);
        Some((joined, comma))
    }

    fn all(&self) -> &[(String, Bytes)] {
        self.all.get_or_init(|| {
            hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default()
        })
    }

    /// Weighs what this request's headers would have cost either way.
    pub(super) fn teach(&self) {
        let habit = self.habit;
        let beyond = |slot: &Slot<'_>| slot.get().is_some_and(|asked| asked.beyond.get());
        let more = self.others.get().is_some() || self.all.get().is_some();
        if !more && habit.beyond.get() == 0 && !self.few.iter().any(beyond) {
            // One or two first values that were enough: nothing is less.
            return;
        }
        let others = self.others.get().into_iter().flat_map(|others| &**others);
        let slots = self.few.iter().chain(others);
        let mut one_by_one = 0usize;
        for asked in slots.map_while(OnceCell::get) {
            let beyond = asked.beyond.get();
            note(&habit.beyond, asked.name, beyond);
            let cost = match asked.found {
                Found::Nothing => NO_FIRST,
                _ if !beyond => FIRST,
                _ if has(&habit.commas, asked.name) => FIRST_AND_JOINED,
                _ => JOINED,
            };
            one_by_one = one_by_one.saturating_add(cost);
        }
        if let Some(all) = self.all.get() {
            habit.count.set(all.len());
        }
        let each = habit.count.get().saturating_mul(EACH_OF_ALL);
        habit.all_at_once.set(each.saturating_add(ALL) < one_by_one);
    }
}

/// The first value of a header.
fn first(name: &str) -> Option<Bytes> {
    let value = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name);
    value.ok().flatten()
}

/// The values of a header, in order.
pub(super) fn values<'h>(all: &'h [(String, Bytes)], name: &str) -> impl Iterator<Item = &'h [u8]> {
    all.iter()
        .filter(move |(header, _)| header == name)
        .map(|(_, value)| value.as_slice())
}
