//! What goes on with each version, on this worker: its requests, and what a guard sees of them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::count::{CLASSES, Metric, Metrics};
use crate::guard::Record;
use crate::hash::hash;
use crate::rules::Version;

thread_local! {
    /// Of every version that this worker has had. They outlive a configuration, as requests do.
    static ALL: RefCell<Vec<Rc<Traffic>>> = const { RefCell::new(Vec::new()) };
}

/// The traffic of one version.
#[derive(Debug)]
pub(super) struct Traffic {
    /// What a verdict is about; without a guard, what tells the version from others.
    pub(super) key: u64,
    pub(super) version: Box<str>,
    pub(super) record: Option<RefCell<Record>>,
    pub(super) metrics: Metrics,
    /// Requests that have begun since the metrics were told.
    begun: Cell<u32>,
    /// Requests that have ended since then.
    ended: Cell<u32>,
    /// Requests that had begun by then, and not ended.
    open: Cell<i64>,
    /// Those that have ended since then, by [`CLASSES`]. Only with a guard.
    classes: [Cell<u32>; CLASSES.len()],
}

/// Of a version of a service, under a plugin's name. A verdict is about all of these, and the
/// guard: what else changes in the policy leaves it in force.
pub(super) fn of(plugin: &[u8], service: &str, version: &Version) -> Rc<Traffic> {
    let mut about = plugin.to_vec();
    let cluster = version.cluster().unwrap_or_default();
    for part in [service, version.name(), cluster] {
        about.push(0);
        about.extend_from_slice(part.as_bytes());
    }
    about.push(0);
    let guard = version.guard();
    for word in guard.iter().flat_map(|guard| guard.words()) {
        about.extend(word.to_le_bytes());
    }
    let half = |seed| u64::from(hash(b"", &about, seed));
    let key = half(0) << u32::BITS | half(1);
    ALL.with_borrow_mut(|all| {
        if let Some(own) = all.iter().find(|own| own.key == key) {
            return own.clone();
        }
        let own = Rc::new(Traffic {
            key,
            version: version.name().into(),
            record: guard.map(|guard| RefCell::new(Record::new(guard))),
            metrics: Metrics::new(service, version.name()),
            begun: Cell::default(),
            ended: Cell::default(),
            open: Cell::default(),
            classes: Default::default(),
        });
        all.push(own.clone());
        own
    })
}

/// That of every version that this worker has, or has requests of.
pub(super) fn all() -> Vec<Rc<Traffic>> {
    ALL.with_borrow(Vec::clone)
}

/// Tells the metrics what there is of new, and forgets what is over.
pub(super) fn tell() {
    ALL.with_borrow_mut(|all| {
        all.retain(|own| {
            own.tell();
            Rc::strong_count(own) > 1 || own.open.get() > 0
        });
    });
}

impl Traffic {
    pub(super) fn begin(&self) {
        self.begun.set(self.begun.get().saturating_add(1));
    }

    pub(super) fn end(&self) {
        self.ended.set(self.ended.get().saturating_add(1));
    }

    /// One that a guard looks at has ended with this status, or 0.
    pub(super) fn classify(&self, status: u64) {
        let class = usize::try_from(status.checked_div(100).unwrap_or_default()).ok();
        if let Some(count) = class.and_then(|class| self.classes.get(class)) {
            count.set(count.get().saturating_add(1));
        }
    }

    /// The answer to one that a guard looks at took so many milliseconds, until its headers.
    pub(super) fn answered(&self, milliseconds: u64) {
        self.metrics.set(Metric::Milliseconds, milliseconds);
    }

    fn tell(&self) {
        let metrics = &self.metrics;
        for (own, class) in self.classes.iter().zip(CLASSES) {
            metrics.add_answers(class, own.take());
        }
        let [begun, ended] = [&self.begun, &self.ended].map(|count| i64::from(count.take()));
        let more = begun.saturating_sub(ended);
        metrics.add(Metric::Requests, begun);
        metrics.add(Metric::Open, more);
        self.open.set(self.open.get().saturating_add(more));
        if let Some(record) = &self.record {
            let counts = record.borrow_mut().take_total();
            metrics.add(Metric::Answers, counts.answers.into());
            metrics.add(Metric::Failed, counts.failed.into());
            metrics.add(Metric::Slow, counts.slow.into());
        }
    }
}
