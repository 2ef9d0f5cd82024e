//! A proxy of several workers, without a proxy.

use std::cell::RefCell;

use graylane::guard::{
    Because, Counts, Fleet, Guarded, Judged, Outcome, Record, Standing, State, Worker, announcement,
};
use graylane::{Bucket, Node, Policy, Rules, SCALE};
use serde_json::{Value, json};

use crate::memory::Memory;

/// What workers look at so often, in milliseconds: as the module's ticks.
pub(crate) const TICK: u32 = 250;

/// 2026-11-21, in the afternoon.
const BEGIN: u64 = 1_795_269_600_000;

/// A proxy with one guarded version.
pub(crate) struct Proxy {
    rules: Rules,
    shared: Memory,
    workers: Vec<(Worker, RefCell<Record>)>,
    pub(crate) now: u64,
    /// What of a request is due.
    due: f64,
    /// How many requests there have been: each draws its own chance.
    requests: u64,
    seed: u64,
    /// All changes, with the time since the beginning in milliseconds.
    pub(crate) changes: Vec<(u64, State, Because)>,
    pub(crate) standing: Standing,
    pub(crate) window: Counts,
    /// What other proxies tell.
    pub(crate) fleet: Option<Fleet>,
}

/// How answers go wrong, in percent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ills {
    pub(crate) failed: f64,
    pub(crate) slow: f64,
    /// The baseline's.
    pub(crate) beside: f64,
}

/// One answer in a hundred goes wrong, and as many of the baseline's.
pub(crate) const HEALTHY: Ills = Ills {
    failed: 1.0,
    slow: 1.0,
    beside: 1.0,
};

/// As many failures, in percent.
pub(crate) fn failing(failed: f64) -> Ills {
    Ills { failed, ..HEALTHY }
}

impl Proxy {
    pub(crate) fn new(guard: &Value, seed: u64) -> Self {
        let policy = json!({
            "schema": "graylane/v1",
            "services": [{
                "name": "checkout",
                "baseline": "v1",
                "versions": [{ "name": "v1" }, { "name": "v2", "guard": guard }],
            }],
        });
        let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
        let rules = Rules::compile(policy, &Node::default()).unwrap();
        let mut proxy = Self {
            rules,
            shared: Memory::default(),
            workers: Vec::new(),
            now: BEGIN,
            due: 0.0,
            requests: 0,
            seed,
            changes: Vec::new(),
            standing: Standing::default(),
            window: Counts::default(),
            fleet: None,
        };
        (0..4).for_each(|_| proxy.start_worker());
        proxy
    }

    /// One worker more.
    pub(crate) fn start_worker(&mut self) {
        let id = 1_000 + self.requests + self.workers.len() as u64;
        let record = Record::new(guard(&self.rules));
        self.workers.push((Worker::new(id), RefCell::new(record)));
    }

    /// A worker dies; the next one begins with nothing.
    pub(crate) fn restart_worker(&mut self) {
        self.workers.remove(0);
        self.start_worker();
    }

    pub(crate) fn since_begin(&self) -> u64 {
        self.now - BEGIN
    }

    /// So many requests a second, for so many milliseconds, of which some go wrong.
    pub(crate) fn run(&mut self, milliseconds: u64, rate: f64, ills: Ills) {
        let until = self.now + milliseconds;
        while self.now < until {
            self.now += u64::from(TICK);
            self.due += rate * f64::from(TICK) / 1_000.0;
            while self.due >= 1.0 {
                self.due -= 1.0;
                self.request(ills);
            }
            self.tick();
        }
    }

    /// As [`Proxy::run`], until the version stands so; in milliseconds, `None` if it never does.
    pub(crate) fn run_until(
        &mut self,
        state: State,
        most: u64,
        rate: f64,
        ills: Ills,
    ) -> Option<u64> {
        let begin = self.now;
        while self.standing.state != state {
            if self.now - begin > most {
                return None;
            }
            self.run(TICK.into(), rate, ills);
        }
        Some(self.now - begin)
    }

    fn is(&self, what: &str, percent: f64) -> bool {
        let key = format!("{}/{}", self.seed, self.requests);
        f64::from(Bucket::of(what, key.as_bytes()).number()) < percent / 100.0 * f64::from(SCALE)
    }

    fn request(&mut self, ills: Ills) {
        self.requests += 1;
        let failed = |percent| {
            if self.is("failed", percent) {
                Outcome::Failed
            } else {
                Outcome::Good
            }
        };
        let took = |slow| Some(if self.is("slow", slow) { 2_000 } else { 5 });
        // Where nobody gets the version, nobody can say how it answers.
        if matches!(self.standing.state, State::Closed) {
            return;
        }
        let worker = usize::try_from(self.requests).unwrap() % self.workers.len();
        let mut record = self.workers[worker].1.borrow_mut();
        let watched = record.watch(Some(self.now));
        record.answered(watched, self.now);
        record.ended(
            watched,
            self.now,
            failed(ills.failed),
            took(ills.slow),
            || Some(format!("request-{}", self.requests)),
        );
        if record.wants_beside(self.now) {
            let watched = record.watch_beside(Some(self.now));
            record.answered(watched, self.now);
            record.ended(watched, self.now, failed(ills.beside), took(0.0), || None);
        }
    }

    /// So many failures on one worker, and right after them as many answers that are none.
    pub(crate) fn burst(&mut self, failures: u32) {
        let record = &self.workers[0].1;
        for outcome in [Outcome::Failed, Outcome::Good] {
            for _ in 0..failures {
                let watched = record.borrow_mut().watch(None);
                let mut record = record.borrow_mut();
                record.ended(watched, self.now, outcome, None, || None);
            }
        }
    }

    /// Requests that begin on every worker, and get no answer.
    pub(crate) fn hang(&mut self, each: u32) {
        for (_, record) in &self.workers {
            for _ in 0..each {
                record.borrow_mut().watch(Some(self.now));
            }
        }
    }

    /// What it tells the other proxies, as JSON.
    pub(crate) fn announcement(&self) -> String {
        let versions = std::iter::once((7, "checkout/v2".to_owned()));
        announcement(&self.shared, self.now, versions).to_json()
    }

    fn tick(&mut self) {
        let guarded = [Guarded {
            key: 7,
            guard: guard(&self.rules),
        }];
        for (worker, record) in &self.workers {
            let judged = worker.tick(
                &self.shared,
                self.now,
                &[(7, record)],
                &guarded,
                self.fleet.as_ref(),
            );
            let [
                Judged {
                    standing,
                    seen,
                    change,
                },
            ] = &judged[..]
            else {
                panic!("{judged:?}")
            };
            (self.standing, self.window) = (*standing, seen.answers());
            if let Some((_, because)) = change {
                let since = self.now - BEGIN;
                self.changes.push((since, standing.state, *because));
            }
        }
    }
}

fn guard(rules: &Rules) -> &graylane::rules::Guard {
    let [service] = rules.services() else {
        panic!("one service")
    };
    service.versions().find_map(|own| own.guard()).unwrap()
}
