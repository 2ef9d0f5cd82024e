//! A request's headers, fetched at the least cost: one by one, or all at once.
//!
//! What a call costs is the host's doing, above all each value that is handed over. In thousands of
//! instructions, measured by `make bench`: one header that is there 10.7, one that is not 1.9; all
//! of them 10, and 0.9 for each. Which is less depends on the traffic: which headers come, and
//! whether the first value will do. The next request is most likely as the last one was.

use std::cell::Cell;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{Bytes, MapType};

const PRESENT: usize = 107;
const ABSENT: usize = 19;
const ALL: usize = 100;
const EACH_OF_ALL: usize = 9;

/// How many headers a request is thought to have before one was seen: a browser's.
const USUAL: usize = 16;

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

/// What has been fetched so far.
#[derive(Default)]
pub(super) struct Headers {
    /// One by one, each once. Where all are fetched, those that are not there.
    first: Vec<(String, Option<Bytes>)>,
    /// Which of all have been asked for, by their places: those beyond the 64th hardly matter.
    present: u64,
    all: Option<Vec<(String, Bytes)>>,
    /// Whether all are fetched for the first that is asked for.
    at_once: bool,
    /// Whether a first value was not enough.
    beyond: bool,
}

impl Headers {
    pub(super) fn new(habit: &Habit) -> Self {
        Self {
            at_once: habit.all_at_once.get(),
            ..Self::default()
        }
    }

    /// Shows each value of a header to `see`, in order, until it answers `true`; tells whether it
    /// did.
    pub(super) fn any(&mut self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        if self.at_once {
            let all = self.all.get_or_insert_with(fetch_all);
            let found = all.iter().position(|(header, _)| header == name);
            if let Some(at) = found {
                self.present |= u32::try_from(at).map_or(0, |at| 1u64.wrapping_shl(at));
                let mut values = values(all.get(at..).unwrap_or_default(), name);
                if values.next().is_some_and(&mut *see) {
                    return true;
                }
                self.beyond |= !name.starts_with(':');
                return values.any(see);
            }
        }
        match self.first(name) {
            None => return false,
            Some(value) if see(value) => return true,
            // A pseudo-header has one value.
            Some(_) if name.starts_with(':') => return false,
            Some(_) => {}
        }
        self.beyond = true;
        let all = self.all.get_or_insert_with(fetch_all);
        values(all, name).skip(1).any(see)
    }

    fn first(&mut self, name: &str) -> Option<&[u8]> {
        let known = self.first.iter().position(|(header, _)| header == name);
        let at = known.unwrap_or_else(|| {
            let value = match &self.all {
                Some(all) => values(all, name).next().map(<[u8]>::to_vec),
                None => hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name)
                    .ok()
                    .flatten(),
            };
            self.first.push((name.to_owned(), value));
            self.first.len().saturating_sub(1)
        });
        self.first.get(at)?.1.as_deref()
    }

    /// Weighs what this request has cost, or would have, either way.
    pub(super) fn teach(&self, habit: &Habit) {
        if let Some(all) = &self.all {
            habit.count.set(all.len());
        }
        let at_once = EACH_OF_ALL
            .saturating_mul(habit.count.get())
            .saturating_add(ALL);
        let one_by_one = self.first.iter().map(|(_, value)| match value {
            Some(_) => PRESENT,
            None => ABSENT,
        });
        let beyond = if self.beyond { at_once } else { 0 };
        let present = usize::try_from(self.present.count_ones()).unwrap_or_default();
        let beyond = PRESENT.saturating_mul(present).saturating_add(beyond);
        let one_by_one = one_by_one.fold(beyond, usize::saturating_add);
        habit.all_at_once.set(at_once < one_by_one);
    }
}

/// The values of a header, in order.
pub(super) fn values<'h>(all: &'h [(String, Bytes)], name: &str) -> impl Iterator<Item = &'h [u8]> {
    all.iter()
        .filter(move |(header, _)| header == name)
        .map(|(_, value)| value.as_slice())
}

fn fetch_all() -> Vec<(String, Bytes)> {
    hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default()
}
