//! Guards: whatever is answered, and whatever stands in shared data, a version's standing changes by
//! a limit that its guard has, and what all workers have seen adds up.

use std::cell::RefCell;

use arbitrary::{Result, Unstructured};
use graylane::guard::{Because, Counts, Guarded, Judged, Outcome, Record, State, Worker, recalled};
use graylane::rules::Guard;
use graylane::{Rules, Shared};
use serde_json::{Value, json};

use crate::support;
use crate::support::memory::Memory;

/// What the verdict is about.
const KEY: u64 = 7;

/// 2026-11-21, in the afternoon, in milliseconds since the Unix epoch.
const BEGIN: u64 = 1_795_269_600_000;

/// Where workers and verdicts are.
const SLOTS: [&str; 4] = [
    "graylane/1/workers",
    "graylane/1/verdicts",
    "graylane/1/worker/0",
    "graylane/1/worker/1",
];

/// Steps of one life, so that a run is short.
const STEPS: usize = 200;

/// A policy with one version that is guarded so.
pub(crate) fn guarded(guard: &Value) -> Rules {
    compiled(guard).expect("the guard is right")
}

fn compiled(guard: &Value) -> Option<Rules> {
    let versions = [
        json!({ "name": "v1" }),
        json!({ "name": "v2", "guard": guard }),
    ];
    let service = json!({ "name": "s", "baseline": "v1", "versions": versions });
    let policy = json!({ "schema": "graylane/v1", "services": [service] });
    support::load(&support::json(&policy)).ok()
}

pub(crate) fn run(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Ok(document) = document(&mut bytes) else {
        return;
    };
    let Some(rules) = compiled(&document) else {
        return;
    };
    let mut versions = rules.services()[0].versions();
    let guard = versions
        .find_map(|own| own.guard())
        .expect("one is guarded");
    let mut proxy = Proxy::new(&document, guard);
    for _ in 0..STEPS {
        if bytes.is_empty() || proxy.step(&mut bytes).is_err() {
            break;
        }
    }
    proxy.tick(0);
    proxy.tick(1);
    proxy.adds_up();
}

/// A guard, mostly a right one.
fn document(bytes: &mut Unstructured<'_>) -> Result<Value> {
    let mut guard = json!({
        "window": bytes.choose(&["1s", "10s", "30s", "1h"])?,
        "min_requests": bytes.int_in_range(1..=20)?,
    });
    let percent = |bytes: &mut Unstructured<'_>| bytes.int_in_range(0..=100u8);
    if bytes.arbitrary()? {
        guard["max_error_percent"] = percent(bytes)?.into();
    }
    if bytes.arbitrary()? {
        guard["max_slow"] = json!({ "over": "800ms", "percent": percent(bytes)? });
    }
    if bytes.arbitrary()? {
        guard["above_baseline"] = json!({ "error_percent": percent(bytes)? });
        if guard.get("max_slow").is_some() {
            guard["above_baseline"]["slow_percent"] = percent(bytes)?.into();
        }
    }
    if bytes.arbitrary()? {
        guard["consecutive_failures"] = bytes.int_in_range(1..=9)?.into();
    }
    guard["then"] = (*bytes.choose(&["rollback", "pause", "observe"])?).into();
    if bytes.arbitrary()? {
        guard["retry_after"] = (*bytes.choose(&["1s", "10m"])?).into();
    }
    Ok(guard)
}

/// A proxy of two workers, and what is known of it by plainly counting.
struct Proxy<'g> {
    document: &'g Value,
    guard: &'g Guard,
    shared: Memory,
    workers: [(Worker, RefCell<Record>); 2],
    now: u64,
    /// Answers by when they came, while nothing has been forgotten.
    answers: Vec<(u64, Counts)>,
    total: Counts,
    /// Whether anything ever was other than well.
    ills: bool,
    /// Whether what was counted here has to be what was counted there.
    exact: bool,
    /// Whether shared data is what the workers wrote.
    intact: bool,
    last: Option<Judged>,
}

impl<'g> Proxy<'g> {
    fn new(document: &'g Value, guard: &'g Guard) -> Self {
        let worker = |id| (Worker::new(id), RefCell::new(Record::new(guard)));
        Self {
            document,
            guard,
            shared: Memory::default(),
            workers: [worker(11), worker(12)],
            now: BEGIN,
            answers: Vec::new(),
            total: Counts::default(),
            ills: false,
            exact: true,
            intact: true,
            last: None,
        }
    }

    fn step(&mut self, bytes: &mut Unstructured<'_>) -> Result<()> {
        let which = usize::from(bytes.arbitrary::<bool>()?);
        match bytes.int_in_range(0..=9u8)? {
            0..=3 => self.request(which, bytes)?,
            4 => self.request_beside(which, bytes)?,
            5 => self.pass(bytes.arbitrary::<u16>()?.into()),
            6 | 7 => {
                self.tick(which);
                self.pass(250);
            }
            8 => {
                // A clock that is set, forwards or back.
                self.now = bytes.arbitrary()?;
                self.exact = false;
                self.ills = true;
            }
            _ => {
                let slot = *bytes.choose(&SLOTS)?;
                let length = bytes.int_in_range(0..=300usize)?.min(bytes.len());
                self.shared.set(slot, bytes.bytes(length)?, None);
                (self.exact, self.intact, self.ills) = (false, false, true);
            }
        }
        Ok(())
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now = self.now.saturating_add(milliseconds);
    }

    fn request(&mut self, which: usize, bytes: &mut Unstructured<'_>) -> Result<()> {
        let outcome = *bytes.choose(&[Outcome::Good, Outcome::Failed, Outcome::Nothing])?;
        let took = u64::from(bytes.arbitrary::<u16>()?);
        let mut record = self.workers[which].1.borrow_mut();
        let times = record.times();
        let watched = record.watch(times.then_some(self.now));
        if bytes.ratio(1, 8)? {
            // It gets no answer.
            self.ills = true;
            return Ok(());
        }
        record.answered(watched, self.now);
        let slow = times && took > 800;
        record.ended(watched, self.now, outcome, times.then_some(took), || {
            Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned())
        });
        if outcome == Outcome::Nothing && !slow {
            return Ok(());
        }
        let failed = outcome == Outcome::Failed;
        self.ills |= failed || slow;
        let counts = Counts {
            answers: 1,
            failed: failed.into(),
            slow: slow.into(),
        };
        self.answers.push((self.now, counts));
        add(&mut self.total, counts);
        Ok(())
    }

    fn request_beside(&mut self, which: usize, bytes: &mut Unstructured<'_>) -> Result<()> {
        let outcome = *bytes.choose(&[Outcome::Good, Outcome::Failed])?;
        let mut record = self.workers[which].1.borrow_mut();
        if record.wants_beside(self.now) {
            let watched = record.watch_beside(Some(self.now));
            record.answered(watched, self.now);
            record.ended(watched, self.now, outcome, Some(1), || None);
        }
        Ok(())
    }

    fn tick(&mut self, which: usize) {
        let (worker, record) = &self.workers[which];
        let guarded = [Guarded {
            key: KEY,
            guard: self.guard,
        }];
        let before = recalled(&self.shared, std::iter::once(KEY));
        let judged = worker.tick(&self.shared, self.now, &[(KEY, record)], &guarded, None);
        let Ok([judged]) = <[Judged; 1]>::try_from(judged) else {
            panic!("one version, one verdict")
        };
        assert!(judged.seen.traces.len() <= 5);
        let Some((from, because)) = judged.change else {
            assert_eq!(before[0], judged.standing, "a change is told");
            self.last = Some(judged);
            return;
        };
        assert_eq!(before[0], from, "it changes from what it was");
        assert_eq!(judged.standing.change, from.change.wrapping_add(1));
        assert_eq!(judged.standing.since, self.now);
        assert_eq!(
            recalled(&self.shared, std::iter::once(KEY)),
            [judged.standing]
        );
        self.is_allowed(from.state, judged.standing.state, because);
        assert!(self.ills, "all was well: {because:?}");
        self.exact = false;
        self.last = Some(judged);
    }

    /// Whether a guard that is written so can change a version from the one to the other.
    fn is_allowed(&self, from: State, to: State, because: Because) {
        let has = |name: &str| self.document.get(name).is_some();
        let above = |name: &str| self.document["above_baseline"].get(name).is_some();
        let named = match because {
            Because::MaxError => has("max_error_percent"),
            Because::MaxSlow => has("max_slow"),
            Because::ErrorAbove => above("error_percent"),
            Because::SlowAbove => above("slow_percent"),
            Because::Consecutive => has("consecutive_failures"),
            Because::RetryAfter => has("retry_after"),
            Because::Recovered => true,
            Because::Fleet => false,
        };
        let past = match self.document["then"].as_str() {
            Some("pause") => State::Paused,
            Some("observe") => State::Observed,
            _ => State::Closed,
        };
        let way = match because {
            Because::RetryAfter => (from, to) == (State::Closed, State::Probing),
            Because::Recovered => to == State::Open && from != State::Open && from != State::Closed,
            _ if from == State::Probing => to == State::Closed,
            _ => from == State::Open && to == past,
        };
        assert!(
            named && way,
            "{from:?} to {to:?}, {because:?}: {}",
            self.document
        );
    }

    /// What the workers have seen is what there was; no more than that in any case.
    fn adds_up(&self) {
        let Some(judged) = &self.last else { return };
        let seen = judged.seen.answers();
        if self.intact {
            let Counts {
                answers,
                failed,
                slow,
            } = self.total;
            assert!(seen.answers <= answers && seen.failed <= failed && seen.slow <= slow);
        }
        let mut total = Counts::default();
        for (_, record) in &self.workers {
            add(&mut total, record.borrow_mut().take_total());
        }
        assert_eq!(total, self.total);
        if !self.exact {
            return;
        }
        // Eleven parts: ten that are whole, and the one that runs.
        let part = match self.document["window"].as_str() {
            Some("1s") => 100,
            Some("10s") => 1_000,
            Some("30s") => 3_000,
            _ => 360_000,
        };
        let mut expected = Counts::default();
        for (at, counts) in &self.answers {
            if self.now / part - at / part <= 10 {
                add(&mut expected, *counts);
            }
        }
        assert_eq!(seen, expected, "at {}", self.now - BEGIN);
    }
}

fn add(sum: &mut Counts, counts: Counts) {
    sum.answers += counts.answers;
    sum.failed += counts.failed;
    sum.slow += counts.slow;
}
