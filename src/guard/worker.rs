//! One worker of the proxy, and how it agrees with the others on a verdict.
//!
//! Each writes what it has seen to a place of its own, so that nothing is ever lost to another's
//! write, and reads the places of all. Each judges the sum; who is first to write a verdict down
//! has passed it.

use std::cell::RefCell;

use super::fleet::{Announcement, Fleet, Member};
use super::limits::Because;
use super::record::Record;
use super::report::{Entry, Report, bytes_of_standings, standings};
use super::seen::Seen;
use super::standing::Standing;
use super::verdict;
use crate::rules::Guard;
use crate::shared::{NOTHING_YET, Shared, bytes, words};
use crate::sort::sorted;

/// Where the workers' places are listed, by their ids.
const WORKERS: &str = "graylane/1/workers";

/// Where verdicts are.
const VERDICTS: &str = "graylane/1/verdicts";

/// Milliseconds without a word after which nothing of a worker's waits any more.
const SILENT: u64 = 5_000;

/// Milliseconds without a word after which a worker is gone, and its place another's.
const GONE: u64 = 60_000;

/// Verdicts that are kept: beyond, the oldest is of a policy of long ago.
const MAX_VERDICTS: usize = 4_096;

/// Workers that have a place: no proxy has as many. What has more is not ours.
const MAX_WORKERS: usize = 1_024;

/// One worker.
#[derive(Debug)]
pub struct Worker {
    id: u64,
}

/// A guarded version of the policy in force.
#[derive(Clone, Copy, Debug)]
pub struct Guarded<'g> {
    /// What the verdict is about.
    pub key: u64,
    /// What is watched.
    pub guard: &'g Guard,
}

/// How a version stands, and what has been seen of it.
#[derive(Debug)]
pub struct Judged {
    /// How it stands.
    pub standing: Standing,
    /// What all workers have seen.
    pub seen: Seen,
    /// How it stood before and why it changed, where it was this worker that wrote that down.
    pub change: Option<(Standing, Because)>,
}

impl Worker {
    /// A worker, by an id that no other has: a random one.
    #[must_use]
    pub fn new(id: u64) -> Self {
        Self { id }
    }

    /// Tells the others what this worker has seen, by what the verdict is about, and judges what
    /// all have, with other proxies if there is a `fleet`; at a moment in milliseconds since the
    /// Unix epoch.
    pub fn tick(
        &self,
        shared: &impl Shared,
        now: u64,
        records: &[(u64, &RefCell<Record>)],
        guarded: &[Guarded<'_>],
        fleet: Option<&Fleet>,
    ) -> Vec<Judged> {
        let (verdicts, written) = shared.get(VERDICTS);
        let mut verdicts = standings(&verdicts);
        for (key, record) in records {
            let standing = standing(&verdicts, *key);
            let mut record = record.borrow_mut();
            if record.change != standing.change {
                record.begin(standing.change);
            }
        }
        let places = self.places(shared, now);
        if let Some(own) = places.iter().position(|worker| *worker == self.id) {
            let entries = records.iter();
            let entries =
                entries.map(|(key, record)| Entry::new(*key, &mut record.borrow_mut(), now));
            let report = Report {
                worker: self.id,
                at: now,
                entries: entries.collect(),
            };
            shared.set(&place(own), &report.to_bytes(), None);
        }
        let reports = reports(shared, places.len(), now);
        let entries = Entries::new(&reports);
        let judged = guarded.iter().map(|Guarded { key, guard }| {
            let before = standing(&verdicts, *key);
            let entries = entries.of(*key, before.change);
            let (next, seen) = if let Some(fleet) = fleet {
                let entries: Vec<_> = entries.collect();
                fleet.judge(*key, guard, before, &entries, now)
            } else {
                let seen = Seen::sum(guard, entries, now);
                let next = verdict::next(guard, &before, &seen, now);
                let next = next.map(|(state, because)| (before.becomes(state, now), because));
                (next, seen)
            };
            Judged {
                standing: next.map_or(before, |(standing, _)| standing),
                seen,
                change: next.map(|(_, because)| (before, because)),
            }
        });
        let mut judged: Vec<_> = judged.collect();
        let changed = judged.iter().zip(guarded);
        let changed = changed.filter(|(judged, _)| judged.change.is_some());
        let changed: Vec<_> = changed
            .map(|(judged, guarded)| (guarded.key, judged.standing))
            .collect();
        if changed.is_empty() {
            return judged;
        }
        verdicts.retain(|(key, _)| !changed.iter().any(|(own, _)| own == key));
        verdicts.extend(changed.iter().copied());
        let surplus = verdicts.len().saturating_sub(MAX_VERDICTS);
        verdicts.drain(..surplus);
        let since = written.unwrap_or(NOTHING_YET);
        let first = shared.set(VERDICTS, &bytes_of_standings(&verdicts), Some(since));
        for judged in &mut judged {
            if !first && let Some((before, _)) = judged.change.take() {
                judged.standing = before;
            }
        }
        for (key, record) in records {
            let own = changed.iter().find(|(own, _)| own == key);
            if let Some((_, standing)) = own.filter(|_| first) {
                record.borrow_mut().begin(standing.change);
            }
        }
        judged
    }

    /// The ids of all workers by their places, this one's among them unless another was first to
    /// take that: then it is for the next time.
    fn places(&self, shared: &impl Shared, now: u64) -> Vec<u64> {
        let (list, written) = shared.get(WORKERS);
        let mut places: Vec<u64> = words(&list).take(MAX_WORKERS).collect();
        if places.contains(&self.id) {
            return places;
        }
        let mut all = 0..places.len();
        let free = all.find(|at| {
            let report = Report::of_bytes(&shared.get(&place(*at)).0);
            report.is_none_or(|report| now.saturating_sub(report.at) > GONE)
        });
        let has_room = places.len() < MAX_WORKERS;
        match free.and_then(|at| places.get_mut(at)) {
            Some(free) => *free = self.id,
            None if has_room => places.push(self.id),
            None => return places,
        }
        let since = written.unwrap_or(NOTHING_YET);
        if !shared.set(WORKERS, &bytes(&places), Some(since)) {
            let own = places.iter_mut().filter(|worker| **worker == self.id);
            own.for_each(|worker| *worker = 0);
        }
        places
    }
}

/// How versions stand by the verdicts that there are, by what those are about.
pub fn recalled(shared: &impl Shared, keys: impl Iterator<Item = u64>) -> Vec<Standing> {
    let verdicts = standings(&shared.get(VERDICTS).0);
    keys.map(|key| standing(&verdicts, key)).collect()
}

/// What all workers have seen of versions, by what verdicts are about and by their names, and how
/// they stand: for other proxies, who need not hear of those of which there is nothing.
pub fn announcement(
    shared: &impl Shared,
    now: u64,
    versions: impl Iterator<Item = (u64, String)>,
) -> Announcement {
    let verdicts = standings(&shared.get(VERDICTS).0);
    let places = words(&shared.get(WORKERS).0).take(MAX_WORKERS).count();
    let reports = reports(shared, places, now);
    let entries = Entries::new(&reports);
    let versions = versions.filter_map(|(key, name)| {
        let standing = standing(&verdicts, key);
        let entries = entries.of(key, standing.change);
        let seen = Entry::joined(key, standing.change, &entries);
        let member = Member {
            name,
            standing,
            seen,
        };
        (member.standing.change > 0 || member.seen.tells()).then_some(member)
    });
    Announcement {
        at: now,
        versions: versions.collect(),
    }
}

/// The number of the last verdict, in whatever version: it moves with each. `None`: there was none.
pub fn last_verdict(shared: &impl Shared) -> Option<u32> {
    shared.get(VERDICTS).1
}

/// What workers tell, to be found by what it is about.
struct Entries<'r> {
    all: Vec<&'r Entry>,
    /// In order what their keys end in, and where each stands.
    order: Vec<(u32, u32)>,
}

impl<'r> Entries<'r> {
    fn new(reports: &'r [Report]) -> Self {
        let all: Vec<_> = reports.iter().flat_map(|report| &report.entries).collect();
        let ends = (0..).zip(&all).map(|(at, entry)| (end(entry.key), at));
        Self {
            order: sorted(ends.collect()),
            all,
        }
    }

    /// What is told of a version since a change of it.
    fn of(&self, key: u64, change: u32) -> impl Iterator<Item = &'r Entry> + Clone {
        let end = end(key);
        let from = self.order.partition_point(|(own, _)| *own < end);
        let own = self.order.get(from..).unwrap_or_default().iter();
        let own = own.take_while(move |(own, _)| *own == end);
        let entries = own.filter_map(|(_, at)| self.all.get(*at as usize).copied());
        entries.filter(move |entry| entry.key == key && entry.change == change)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "it is the end that is asked for"
)]
fn end(key: u64) -> u32 {
    key as u32
}

/// What workers tell. Of one that is silent nothing waits any more.
fn reports(shared: &impl Shared, places: usize, now: u64) -> Vec<Report> {
    let reports = (0..places).filter_map(|at| Report::of_bytes(&shared.get(&place(at)).0));
    let mut reports: Vec<_> = reports.collect();
    for report in &mut reports {
        if now.saturating_sub(report.at) > SILENT {
            for entry in &mut report.entries {
                (entry.own.1, entry.beside.1) = (0, 0);
            }
        }
    }
    reports
}

/// Where a worker's report is, by its place.
fn place(at: usize) -> String {
    format!("graylane/1/worker/{at}")
}

fn standing(verdicts: &[(u64, Standing)], key: u64) -> Standing {
    let own = verdicts.iter().find(|(own, _)| *own == key);
    own.map_or_else(Standing::default, |(_, standing)| *standing)
}
