//! The guards of a policy, natively: one worker, which sees what a vector says was answered.

use std::cell::RefCell;

use graylane::guard::{Ended, Guarded, Record, Standing, Worker, outcome};
use graylane::{Moment, Rules, decide};

use super::memory::Memory;
use super::vectors::Step;

/// What a version answered.
struct Answered<'s>(&'s Step);

impl Ended for Answered<'_> {
    fn code(&self) -> u64 {
        self.0.status.into()
    }

    fn flags(&self) -> u64 {
        0
    }

    fn is_from_upstream(&self) -> bool {
        true
    }

    fn grpc_status(&self) -> Option<u8> {
        self.0.grpc_status
    }

    fn is_by_other(&self, _: &str) -> bool {
        false
    }
}

/// How the versions stand after all this, by their numbers.
pub(crate) fn standings(rules: &Rules, before: &[Step]) -> Vec<Standing> {
    let services = rules.services().iter();
    let guarded = services.flat_map(|service| {
        let guards = service
            .versions()
            .filter_map(|version| Some((version, version.guard()?)));
        guards.map(|(version, guard)| (service.name(), version, guard))
    });
    let guarded: Vec<_> = guarded.collect();
    let records = guarded.iter();
    let records = records.map(|(_, _, guard)| RefCell::new(Record::new(guard)));
    let records: Vec<_> = records.collect();
    let all = guarded.iter().zip(0..);
    let all = all.map(|((_, _, guard), key)| Guarded { key, guard });
    let all: Vec<_> = all.collect();
    let told: Vec<_> = (0..).zip(&records).collect();
    let (worker, shared) = (Worker::new(1), Memory::default());
    let last = guarded.iter().map(|(_, version, _)| version.number() + 1);
    let mut standings = vec![Standing::default(); last.max().unwrap_or_default()];
    for step in before {
        let now = step.now;
        let Some(request) = &step.request else {
            let judged = worker.tick(&shared, now, &told, &all, None);
            for ((_, version, _), judged) in guarded.iter().zip(judged) {
                standings[version.number()] = judged.standing;
            }
            continue;
        };
        let standings = &standings;
        for _ in 0..step.times {
            let decision = decide(rules, request, Moment { now, standings });
            let at = guarded.iter().position(|(service, version, _)| {
                decision.service() == Some(service) && decision.version() == Some(version.name())
            });
            let Some(at) = at else { continue };
            let mut record = records[at].borrow_mut();
            let watched = record.watch(Some(now));
            record.answered(watched, now);
            record.ended(watched, now, outcome(&Answered(step), ""), Some(0), || None);
        }
    }
    standings
}
