//! What load and changes know of each other: which policies may be in force, what each says of
//! every user, and what was answered.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use super::plan::BACKENDS;

/// As many failures as are told.
const TOLD: usize = 5;

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// HTTP/1.1, one request after the other on a connection.
    KeptAlive,
    /// HTTP/1.1, each request on a connection of its own.
    Alone,
    /// HTTP/2, several streams on a connection.
    Streams,
}

impl Way {
    pub(super) const ALL: [Self; 3] = [Self::KeptAlive, Self::Alone, Self::Streams];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::KeptAlive => "HTTP/1.1, kept alive",
            Self::Alone => "HTTP/1.1, one on a connection",
            Self::Streams => "HTTP/2",
        }
    }
}

/// Which backend each user gets, by their number: its place in [`BACKENDS`].
pub(super) type Says = Box<[u8]>;

/// Of a request that was sent: which policies may decide it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    oldest: u32,
    call: u32,
}

/// Shared by everybody in a soak.
#[derive(Debug)]
pub(super) struct Ledger {
    /// The oldest policy that may be in force on some worker.
    oldest: AtomicU32,
    /// The newest one.
    newest: AtomicU32,
    /// What the policies say, each from before it is in force.
    says: Box<[OnceLock<Says>]>,
    /// Asks the clients for one more answer; see [`Ledger::heard`].
    called: AtomicU32,
    /// Of each client, the latest call before a request that has been answered since.
    heard: Box<[AtomicU32]>,
    /// Changes of the policy that were made.
    changes: AtomicU64,
    /// Requests that were begun.
    begun: AtomicU64,
    answered: [AtomicU64; BACKENDS.len()],
    ways: [AtomicU64; Way::ALL.len()],
    /// Answered while one policy alone was in force, and by another version than the one before
    /// says.
    telling: AtomicU64,
    wrong: AtomicU64,
    failed: AtomicU64,
    first: Mutex<Vec<String>>,
}

impl Ledger {
    /// For so many policies and clients.
    pub(super) fn new(policies: usize, clients: usize) -> Self {
        Self {
            oldest: AtomicU32::new(0),
            newest: AtomicU32::new(0),
            says: (0..policies).map(|_| OnceLock::new()).collect(),
            called: AtomicU32::new(0),
            heard: (0..clients).map(|_| AtomicU32::new(0)).collect(),
            changes: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            answered: Default::default(),
            ways: Default::default(),
            telling: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            first: Mutex::default(),
        }
    }

    /// The next policy may come into force from now on; its number.
    pub(super) fn comes(&self, says: Says) -> u32 {
        let number = self.newest.load(Ordering::SeqCst) + u32::from(self.is_begun());
        if let Some(place) = self.says.get(number as usize) {
            // Set once: numbers only rise.
            let _ = place.set(says);
        }
        self.newest.store(number, Ordering::SeqCst);
        number
    }

    fn is_begun(&self) -> bool {
        self.says.first().is_some_and(|first| first.get().is_some())
    }

    /// Every request from now on meets this policy.
    pub(super) fn settled(&self, number: u32) {
        self.oldest.store(number, Ordering::SeqCst);
    }

    /// Asks each client to send one more request and have it answered; what to wait for.
    pub(super) fn call(&self) -> u32 {
        self.called.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Whether each client has done so, at a call.
    pub(super) fn heard(&self, call: u32) -> bool {
        let heard = |own: &AtomicU32| own.load(Ordering::SeqCst) >= call;
        self.heard.iter().all(heard)
    }

    /// A change was made, of whatever kind.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were made.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// A request is begun; which of all it is, from 0.
    pub(super) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed)
    }

    /// A request is about to be sent.
    pub(super) fn send(&self) -> Sent {
        Sent {
            call: self.called.load(Ordering::SeqCst),
            oldest: self.oldest.load(Ordering::SeqCst),
        }
    }

    /// A backend has answered a user. `client`: on whose connection, if that is one that calls wait
    /// for.
    pub(super) fn answered(
        &self,
        sent: Sent,
        way: Way,
        user: usize,
        backend: usize,
        client: Option<usize>,
    ) {
        let newest = self.newest.load(Ordering::SeqCst);
        let says = |policy: u32| {
            let says = self.says.get(policy as usize)?.get()?;
            says.get(user).map(|own| usize::from(*own))
        };
        if (sent.oldest..=newest).any(|policy| says(policy) == Some(backend)) {
            let before = sent.oldest.checked_sub(1).and_then(says);
            if sent.oldest == newest && before.is_some_and(|before| before != backend) {
                self.telling.fetch_add(1, Ordering::Relaxed);
            }
        } else {
            self.wrong.fetch_add(1, Ordering::Relaxed);
            let wanted = (sent.oldest..=newest).filter_map(says);
            let wanted: Vec<_> = wanted.filter_map(|own| BACKENDS.get(own)).collect();
            self.tell(format!(
                "user {user}, {}: answered by {:?}, and policies {} to {newest} say {wanted:?}",
                way.name(),
                BACKENDS.get(backend),
                sent.oldest,
            ));
        }
        if let Some(count) = self.answered.get(backend) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(count) = self.ways.get(way as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(heard) = client.and_then(|client| self.heard.get(client)) {
            // Of a connection's streams, one sent earlier may be answered later.
            heard.fetch_max(sent.call, Ordering::SeqCst);
        }
    }

    /// A request has failed.
    pub(super) fn failed(&self, way: Way, user: usize, why: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.tell(format!("user {user}, {}: {why}", way.name()));
    }

    fn tell(&self, sentence: String) {
        if let Ok(mut first) = self.first.lock()
            && first.len() < TOLD
        {
            eprintln!("soak: {sentence}");
            first.push(sentence);
        }
    }

    /// Requests that have ended, well or not.
    pub(super) fn ended(&self) -> u64 {
        let answered = self.answered.iter().map(|own| own.load(Ordering::Relaxed));
        answered.sum::<u64>() + self.failures()
    }

    /// Those that were not answered by a backend with 200.
    pub(super) fn failures(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Those that another version answered than any policy said that may have been in force.
    pub(super) fn wrong(&self) -> u64 {
        self.wrong.load(Ordering::Relaxed)
    }

    /// Those that only the policy in force explains, not the one before it.
    pub(super) fn telling(&self) -> u64 {
        self.telling.load(Ordering::Relaxed)
    }

    /// Those that a backend answered, by its place in [`BACKENDS`].
    pub(super) fn by_backend(&self) -> [u64; BACKENDS.len()] {
        [0, 1, 2].map(|own: usize| self.answered[own].load(Ordering::Relaxed))
    }

    /// Those that travelled so.
    pub(super) fn by_way(&self, way: Way) -> u64 {
        self.ways[way as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// User 0 stays on `v1`; user 1 moves to `v2`, and then to `v3`.
    fn ledger() -> Ledger {
        let ledger = Ledger::new(3, 1);
        ledger.comes([0, 0].into());
        ledger
    }

    #[test]
    fn around_a_change_both_are_right_and_after_it_the_new_alone() {
        let ledger = ledger();
        let before = ledger.send();
        assert_eq!(ledger.comes([0, 1].into()), 1);
        let around = ledger.send();
        for sent in [before, around] {
            ledger.answered(sent, Way::Streams, 1, 0, None);
            ledger.answered(sent, Way::Streams, 1, 1, None);
        }
        assert_eq!((ledger.wrong(), ledger.telling()), (0, 0));
        ledger.settled(1);
        let after = ledger.send();
        ledger.answered(after, Way::Streams, 1, 1, None);
        assert_eq!((ledger.wrong(), ledger.telling()), (0, 1));
        ledger.answered(after, Way::Streams, 1, 0, None);
        ledger.answered(after, Way::Streams, 0, 1, None);
        assert_eq!(ledger.wrong(), 2);
        // Nor is one right that comes only after the answer.
        ledger.answered(after, Way::Streams, 1, 2, None);
        assert_eq!(ledger.comes([0, 2].into()), 2);
        assert_eq!((ledger.wrong(), ledger.ended()), (3, 8));
    }

    #[test]
    fn a_call_is_heard_by_a_request_that_was_sent_after_it() {
        let ledger = ledger();
        let early = ledger.send();
        let call = ledger.call();
        ledger.answered(early, Way::Streams, 0, 0, Some(0));
        assert!(!ledger.heard(call));
        ledger.answered(ledger.send(), Way::Streams, 0, 0, Some(0));
        assert!(ledger.heard(call));
    }
}
