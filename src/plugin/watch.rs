//! One request that a guard looks at, from its beginning to its end.

use std::cell::RefCell;

use super::ended::HostEnded;
use super::host;
use super::in_force::InForce;
use crate::guard::{Ended, Record, Watched, outcome};

/// One request that guards look at.
pub(super) struct Watch {
    /// Which version it is for, by its number.
    number: usize,
    /// When it began, in milliseconds since the Unix epoch, where its version has a guard, or a
    /// guard says what is slow.
    since: Option<u64>,
    /// How long its answer took until its headers, in milliseconds.
    took: Option<u64>,
    /// The versions whose guards look, by their numbers.
    by: Vec<(usize, Watched)>,
}

impl Watch {
    /// A request of the version of this number; `None` if nobody looks at it.
    pub(super) fn begin(in_force: &InForce, number: usize) -> Option<Box<Self>> {
        let own = in_force.record(number).map(|record| (number, record));
        let beside = in_force.compared(number).filter_map(|guarded| {
            let record = in_force.record(guarded)?;
            record
                .borrow_mut()
                .wants_beside(in_force.clock())
                .then_some((guarded, record))
        });
        let by: Vec<_> = own.into_iter().chain(beside).collect();
        if by.is_empty() {
            return None;
        }
        let is_timed = |(guarded, record): &(usize, &RefCell<Record>)| {
            *guarded == number || record.borrow().times()
        };
        let since = by.iter().any(is_timed).then(host::now);
        let by = by.into_iter().map(|(guarded, record)| {
            let mut record = record.borrow_mut();
            let since = since.filter(|_| record.times());
            let watched = if guarded == number {
                record.watch(since)
            } else {
                record.watch_beside(since)
            };
            (guarded, watched)
        });
        Some(Box::new(Self {
            number,
            since,
            took: None,
            by: by.collect(),
        }))
    }

    /// The headers of its answer are there.
    pub(super) fn answered(&mut self, in_force: &InForce) {
        self.stop(in_force);
        let own = self.took.zip(in_force.guarded(self.number));
        if let Some((took, traffic)) = own {
            traffic.answered(took);
        }
    }

    /// Nobody waits for the headers of its answer any more.
    fn stop(&mut self, in_force: &InForce) {
        let since = self.since.filter(|_| self.took.is_none());
        let Some(since) = since else { return };
        self.took = Some(host::now().saturating_sub(since));
        for (guarded, watched) in &self.by {
            if let Some(record) = in_force.record(*guarded) {
                record.borrow_mut().answered(*watched, since);
            }
        }
    }

    /// It has ended. Only while it is logged.
    pub(super) fn ended(mut self, in_force: &InForce) {
        // Nobody waited for the answer, however long that took.
        self.stop(in_force);
        let ended = HostEnded::fetch();
        if let Some(traffic) = in_force.guarded(self.number) {
            traffic.classify(ended.code());
        }
        let outcome = outcome(&ended, in_force.name(self.number));
        let now = in_force.clock();
        for (guarded, watched) in &self.by {
            if let Some(record) = in_force.record(*guarded) {
                let mut record = record.borrow_mut();
                record.ended(*watched, now, outcome, self.took, HostEnded::trace);
            }
        }
    }
}
