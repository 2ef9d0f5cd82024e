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

/// The latest release of each namespace, and what was written since.
#[derive(Debug)]
pub(super) struct Releases {
    drafts: Mutex<BTreeMap<String, String>>,
    latest: Mutex<BTreeMap<String, Release>>,
    count: watch::Sender<i64>,
}

impl Default for Releases {
    fn default() -> Self {
        Self {
            drafts: Mutex::default(),
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
        lock(&self.latest).insert(namespace.to_owned(), release);
        self.count.send_replace(id);
    }

    pub(super) fn latest(&self, namespace: &str) -> Option<Release> {
        lock(&self.latest).get(namespace).cloned()
    }

    /// Writes a namespace's only item, which nobody sees until it is released.
    pub(super) fn edit(&self, namespace: &str, content: String) {
        lock(&self.drafts).insert(namespace.to_owned(), content);
    }

    /// What was written last.
    pub(super) fn edited(&self, namespace: &str) -> Option<String> {
        lock(&self.drafts).get(namespace).cloned()
    }

    /// Changes with every release.
    pub(super) fn watch(&self) -> watch::Receiver<i64> {
        self.count.subscribe()
    }
}

fn lock<T>(of: &Mutex<BTreeMap<String, T>>) -> MutexGuard<'_, BTreeMap<String, T>> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
