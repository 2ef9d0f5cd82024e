//! What a version does to its requests from a moment on: it fails some, keeps some waiting, or
//! leaves them without an answer.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// It is answered by 500; a call by `UNAVAILABLE`, a stream by that after its messages.
    Fails,
    /// Its answer, a good one, begins so much later.
    Waits(Duration),
    /// It is not answered while the mood lasts.
    Hangs,
}

/// Which requests have the trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Drawn {
    /// Each so-manieth: after any number of requests it is exactly the share.
    Evenly,
    /// Each by chance.
    ByLot,
}

/// How a version is, until it gets another mood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mood {
    trouble: Trouble,
    /// In thousandths of its requests.
    share: u64,
    drawn: Drawn,
}

impl Mood {
    /// All is well.
    #[must_use]
    pub fn well() -> Self {
        Self::of(Trouble::Fails, 0)
    }

    /// So many in a thousand requests have this trouble, each so-manieth.
    #[must_use]
    pub fn of(trouble: Trouble, thousandths: u64) -> Self {
        Self {
            trouble,
            share: thousandths,
            drawn: Drawn::Evenly,
        }
    }

    /// The same share on average, of requests that chance picks.
    #[must_use]
    pub fn by_lot(mut self) -> Self {
        self.drawn = Drawn::ByLot;
        self
    }
}

/// A version's mood, which changes while requests come.
#[derive(Debug)]
pub(super) struct Moods {
    current: watch::Sender<Current>,
}

#[derive(Debug)]
struct Current {
    mood: Mood,
    met: AtomicU64,
    lots: RandomState,
}

impl Default for Moods {
    fn default() -> Self {
        Self {
            current: watch::Sender::new(Current::new(Mood::well())),
        }
    }
}

impl Moods {
    /// Changes the mood; what hung because of the one before is answered.
    pub(super) fn set(&self, mood: Mood) {
        self.current.send_replace(Current::new(mood));
    }

    /// What a request that comes now is to have, and a watch on the mood that it met.
    pub(super) fn meet(&self) -> (Option<Trouble>, Lasting) {
        let lasting = self.current.subscribe();
        let trouble = lasting.borrow().draw();
        (trouble, Lasting(lasting))
    }
}

/// While it lasts, a mood.
pub(super) struct Lasting(watch::Receiver<Current>);

impl Lasting {
    /// Waits until another mood is there.
    pub(super) async fn end(mut self) {
        // A version that is gone keeps nobody waiting.
        let _ = self.0.changed().await;
    }
}

impl Current {
    fn new(mood: Mood) -> Self {
        Self {
            mood,
            met: AtomicU64::new(0),
            lots: RandomState::new(),
        }
    }

    fn draw(&self) -> Option<Trouble> {
        let Mood {
            trouble,
            share,
            drawn,
        } = self.mood;
        let before = self.met.fetch_add(1, Ordering::Relaxed);
        let hit = match drawn {
            Drawn::Evenly => before * share / 1_000 != (before + 1) * share / 1_000,
            Drawn::ByLot => self.lots.hash_one(before) % 1_000 < share,
        };
        hit.then_some(trouble)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(mood: Mood, requests: u64) -> u64 {
        let current = Current::new(mood);
        let draws = (0..requests).filter(|_| current.draw().is_some());
        draws.count() as u64
    }

    #[test]
    fn a_share_is_exact_after_any_number() {
        for share in [0, 25, 200, 333, 500, 1_000] {
            for requests in [1, 39, 40, 999, 1_000, 1_234] {
                let mood = Mood::of(Trouble::Fails, share);
                assert_eq!(hits(mood, requests), requests * share / 1_000);
            }
        }
    }

    #[test]
    fn lots_are_drawn_about_as_often() {
        let mood = Mood::of(Trouble::Fails, 25).by_lot();
        let hits = hits(mood, 100_000);
        assert!((2_200..2_800).contains(&hits), "{hits}");
    }

    #[tokio::test]
    async fn what_hangs_ends_with_the_mood() {
        let moods = Moods::default();
        assert_eq!(moods.meet().0, None);
        moods.set(Mood::of(Trouble::Hangs, 1_000));
        let (trouble, lasting) = moods.meet();
        assert_eq!(trouble, Some(Trouble::Hangs));
        moods.set(Mood::well());
        lasting.end().await;
        assert_eq!(moods.meet().0, None);
    }
}
