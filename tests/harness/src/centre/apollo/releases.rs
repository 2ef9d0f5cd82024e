//! What was released, and who is told when.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::LATE;

/// One release of a namespace.
#[derive(Clone, Debug)]
pub(super) struct Release {
    /// Its only item; `None` of a release without items.
    pub(super) content: Option<String>,
    /// Its key.
    pub(super) key: String,
    /// The id of its notification: they grow, over all namespaces.
    pub(super) id: i64,
    /// From when on notifications tell of it.
    pub(super) told_from: Instant,
}

/// The latest release of each namespace.
#[derive(Debug)]
pub(super) struct Releases {
    latest: Mutex<BTreeMap<String, Release>>,
    count: watch::Sender<i64>,
}

impl Default for Releases {
    fn default() -> Self {
        Self {
            latest: Mutex::default(),
            // As if others had released before.
            count: watch::Sender::new(100),
        }
    }
}

impl Releases {
    pub(super) fn release(&self, namespace: &str, content: Option<String>) {
        let id = *self.count.borrow() + 1;
        let release = Release {
            content,
            key: format!("20261101000000-{id:016x}"),
            id,
            told_from: Instant::now() + LATE,
        };
        self.lock().insert(namespace.to_owned(), release);
        self.count.send_replace(id);
    }

    pub(super) fn latest(&self, namespace: &str) -> Option<Release> {
        self.lock().get(namespace).cloned()
    }

    /// Changes with every release.
    pub(super) fn watch(&self) -> watch::Receiver<i64> {
        self.count.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Release>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
