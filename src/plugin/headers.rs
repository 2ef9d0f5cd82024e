//! A request's headers, fetched at the least cost: one by one, or all at once.
//!
//! What a call costs is the host's doing, above all each value that is handed over. In thousands of
//! instructions, measured by `make bench`: one header that is there 10.7, one that is not 1.9; all
//! of them 10, and 0.9 for each. Which is less depends on the traffic: which headers come, and
//! whether the first value will do. The next request is most likely as the last one was.

use std::cell::{Cell, OnceCell};
use std::iter;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{Bytes, MapType};

const PRESENT: usize = 107;
const ABSENT: usize = 19;
const ALL: usize = 100;
const EACH_OF_ALL: usize = 9;

/// How many headers a request is thought to have before one was seen: a browser's.
const USUAL: usize = 16;

/// How many headers are fetched one by one. For any more, all are.
const FEW: usize = 8;

/// What the requests so far have taught: how to fetch the next one's headers. It changes what an
/// answer costs, and never the answer.
#[derive(Debug)]
pub(super) struct Habit {
    all_at_once: Cell<bool>,
    /// How many headers the last request had of which all were fetched.
    count: Cell<usize>,
}

impl Default for Habit {
    fn default() -> Self {
        Self {
            all_at_once: Cell::new(false),
            count: Cell::new(USUAL),
        }
    }
}

/// What has been fetched so far. For one header nothing is allocated but what the host hands over.
pub(super) struct Headers<'r> {
    /// One by one, each once.
    few: OnceCell<First<'r>>,
    all: OnceCell<Vec<(String, Bytes)>>,
    /// Whether all are fetched for the first that is asked for.
    at_once: bool,
    /// Of all, which have been asked for, by their places: those beyond the 64th hardly matter.
    asked: Cell<u64>,
    /// How often one was asked for that is not among all.
    missed: Cell<usize>,
    /// Whether a first value was not enough.
    beyond: Cell<bool>,
}

/// The first value of a header that was fetched alone.
struct First<'r> {
    name: &'r str,
    value: Option<Bytes>,
    next: OnceCell<Box<Self>>,
}

impl<'r> First<'r> {
    fn fetch(name: &'r str) -> Self {
        let value = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name);
        Self {
            name,
            value: value.ok().flatten(),
            next: OnceCell::new(),
        }
    }

    fn is(&self, name: &str) -> bool {
        std::ptr::eq(self.name, name) || self.name == name
    }
}

impl<'r> Headers<'r> {
    pub(super) fn new(habit: &Habit) -> Self {
        Self {
            few: OnceCell::new(),
            all: OnceCell::new(),
            at_once: habit.all_at_once.get(),
            asked: Cell::new(0),
            missed: Cell::new(0),
            beyond: Cell::new(false),
        }
    }

    /// Shows each value of a header to `see`, in order, until it answers `true`; tells whether it
    /// did.
    pub(super) fn any(&self, name: &'r str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let Some(first) = self.first(name) else {
            return self.any_of_all(name, see);
        };
        match &first.value {
            None => false,
            Some(value) if see(value) => true,
            // A pseudo-header has one value.
            Some(_) if name.starts_with(':') => false,
            Some(_) => {
                self.beyond.set(true);
                values(self.all(), name).skip(1).any(see)
            }
        }
    }

    /// A header that is one of the few.
    fn first(&self, name: &'r str) -> Option<&First<'r>> {
        if self.at_once {
            return None;
        }
        let known = self.few().find(|first| first.is(name));
        if known.is_some() || self.all.get().is_some() || self.few().count() == FEW {
            return known;
        }
        Some(match self.few().last() {
            None => self.few.get_or_init(|| First::fetch(name)),
            Some(last) => last.next.get_or_init(|| Box::new(First::fetch(name))),
        })
    }

    /// Those that were fetched one by one.
    fn few(&self) -> impl Iterator<Item = &First<'r>> {
        iter::successors(self.few.get(), |first| first.next.get().map(|next| &**next))
    }

    fn any_of_all(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let all = self.all();
        let Some(at) = all.iter().position(|(header, _)| header == name) else {
            self.missed.set(self.missed.get().saturating_add(1));
            return false;
        };
        let place = u32::try_from(at).ok().and_then(|at| 1u64.checked_shl(at));
        self.asked.set(self.asked.get() | place.unwrap_or_default());
        let mut values = values(all.get(at..).unwrap_or_default(), name);
        if values.next().is_some_and(&mut *see) {
            return true;
        }
        self.beyond.set(self.beyond.get() || !name.starts_with(':'));
        values.any(see)
    }

    fn all(&self) -> &[(String, Bytes)] {
        self.all.get_or_init(|| {
            hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default()
        })
    }

    /// Weighs what this request has cost, or would have, either way.
    pub(super) fn teach(&self, habit: &Habit) {
        if let Some(all) = self.all.get() {
            habit.count.set(all.len());
        }
        let at_once = habit
            .count
            .get()
            .saturating_mul(EACH_OF_ALL)
            .saturating_add(ALL);
        let asked = usize::try_from(self.asked.get().count_ones()).unwrap_or_default();
        let few = self
            .few()
            .map(|first| first.value.as_ref().map_or(ABSENT, |_| PRESENT));
        let one_by_one = few
            .chain([
                asked.saturating_mul(PRESENT),
                self.missed.get().saturating_mul(ABSENT),
                if self.beyond.get() { at_once } else { 0 },
            ])
            .fold(0, usize::saturating_add);
        habit.all_at_once.set(at_once < one_by_one);
    }
}

/// The values of a header, in order.
pub(super) fn values<'h>(all: &'h [(String, Bytes)], name: &str) -> impl Iterator<Item = &'h [u8]> {
    all.iter()
        .filter(move |(header, _)| header == name)
        .map(|(_, value)| value.as_slice())
}
