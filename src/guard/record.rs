//! What one worker has seen of a guarded version, and of the baseline beside it.

use std::collections::VecDeque;

use super::outcome::Outcome;
use super::window::{Counts, Window};
use crate::limits::MAX_CONSECUTIVE_FAILURES;
use crate::rules::Guard;

/// How many ids of failed requests are kept, to be told with a verdict.
pub(super) const TRACES: usize = 5;

/// Beyond what a share needs, at most one in so many of the baseline's answers is looked at.
const SAMPLE: u32 = 4;

/// Milliseconds within which requests that wait are not told apart.
const TOGETHER: u64 = 100;

/// What one worker has seen of a guarded version since that last stood otherwise.
#[derive(Debug)]
pub struct Record {
    /// Which of the version's changes that was.
    pub(super) change: u32,
    pub(super) own: Side,
    pub(super) beside: Side,
    /// From when on an answer is slow, in milliseconds.
    pub(super) over: Option<u64>,
    /// How many answers are enough to judge a share of them.
    enough: u32,
    /// When there were failures since the last answer that was none, the last ones.
    pub(super) failures: VecDeque<u64>,
    /// How many there were in a row at most since this was told last.
    longest: u32,
    /// When there was such an answer; 0: never.
    pub(super) succeeded: u64,
    /// Which failed, the last ones.
    pub(super) traces: VecDeque<String>,
    /// The baseline's requests, of which some are looked at.
    asked_beside: u32,
    /// Everything counted of the version that was not asked for yet.
    total: Counts,
}

/// One version's answers, and what waits for one.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) window: Window,
    /// How many wait since when, in hundreds of milliseconds since the Unix epoch; in order.
    waiting: Vec<(u64, u32)>,
}

/// A request that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// Whether it is the baseline's.
    pub beside: bool,
    /// Which of the version's changes it began after.
    change: u32,
}

impl Side {
    fn new(guard: &Guard) -> Self {
        Self {
            window: Window::new(guard.window),
            waiting: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.window.clear();
        self.waiting.clear();
    }

    fn waits(&mut self, since: u64) {
        let since = together(since);
        match self.waiting.last_mut() {
            Some((last, count)) if *last == since => *count = count.saturating_add(1),
            _ => self.waiting.push((since, 1)),
        }
    }

    fn waited(&mut self, since: u64) {
        let since = together(since);
        let at = self.waiting.iter().rposition(|(own, _)| *own == since);
        if let Some((_, count)) = at.and_then(|at| self.waiting.get_mut(at)) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.waiting.retain(|(_, count)| *count > 0);
            }
        }
    }

    /// How many wait for longer than that, in milliseconds.
    pub(super) fn hanging(&self, now: u64, over: u64) -> u32 {
        let latest = now.saturating_sub(over);
        let late = self.waiting.iter().filter(|(since, _)| {
            let until = since.saturating_add(1).saturating_mul(TOGETHER);
            until <= latest
        });
        late.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

fn together(moment: u64) -> u64 {
    moment.checked_div(TOGETHER).unwrap_or_default()
}

impl Record {
    /// An empty one.
    #[must_use]
    pub fn new(guard: &Guard) -> Self {
        Self {
            change: 0,
            own: Side::new(guard),
            beside: Side::new(guard),
            over: guard.max_slow.map(|limit| limit.over),
            enough: guard.min_requests,
            failures: VecDeque::new(),
            longest: 0,
            succeeded: 0,
            traces: VecDeque::new(),
            asked_beside: 0,
            total: Counts::default(),
        }
    }

    /// Forgets what was before a change of the version's standing.
    pub(super) fn begin(&mut self, change: u32) {
        self.change = change;
        self.own.clear();
        self.beside.clear();
        self.failures.clear();
        self.longest = 0;
        self.succeeded = 0;
        self.traces.clear();
        self.asked_beside = 0;
    }

    /// Whether it matters how long an answer takes.
    #[must_use]
    pub fn times(&self) -> bool {
        self.over.is_some()
    }

    /// A request of the version begins. `since`, in milliseconds since the Unix epoch, is asked for
    /// where the guard says what is slow.
    pub fn watch(&mut self, since: Option<u64>) -> Watched {
        if let Some(since) = since {
            self.own.waits(since);
        }
        Watched {
            beside: false,
            change: self.change,
        }
    }

    /// Whether one more of the baseline's requests is to be looked at, in milliseconds since the
    /// Unix epoch: all until there are enough for a share, and then a sample, as large in each part
    /// of the window as what it is compared with. A sample of another time would have the version
    /// blamed for what goes wrong with both.
    pub fn wants_beside(&mut self, now: u64) -> bool {
        if self.beside.window.answers() < self.enough {
            return true;
        }
        self.asked_beside = self.asked_beside.wrapping_add(1);
        self.asked_beside.is_multiple_of(SAMPLE)
            && self.beside.window.running(now) < self.own.window.running(now)
    }

    /// A request of the baseline begins.
    pub fn watch_beside(&mut self, since: Option<u64>) -> Watched {
        if let Some(since) = since {
            self.beside.waits(since);
        }
        Watched {
            beside: true,
            change: self.change,
        }
    }

    /// The headers of its answer are there, or never will be.
    pub fn answered(&mut self, watched: Watched, since: u64) {
        if watched.change == self.change {
            self.side(watched).waited(since);
        }
    }

    /// Everything counted of the version since this was last asked, however it stood.
    pub fn take_total(&mut self) -> Counts {
        std::mem::take(&mut self.total)
    }

    fn in_a_row(&self) -> u32 {
        u32::try_from(self.failures.len()).unwrap_or(u32::MAX)
    }

    /// What [`Self::longest`] says, which is told hereby.
    pub(super) fn take_longest(&mut self) -> u32 {
        let now = self.in_a_row();
        std::mem::replace(&mut self.longest, now)
    }

    fn side(&mut self, watched: Watched) -> &mut Side {
        if watched.beside {
            &mut self.beside
        } else {
            &mut self.own
        }
    }

    /// It has ended at a moment, in milliseconds since the Unix epoch, and took so many until the
    /// headers of its answer; `trace` is asked for where it failed. Tells nothing of a version that
    /// has come to stand otherwise meanwhile.
    pub fn ended(
        &mut self,
        watched: Watched,
        now: u64,
        outcome: Outcome,
        took: Option<u64>,
        trace: impl FnOnce() -> Option<String>,
    ) {
        let both = self.over.zip(took);
        let slow = both.is_some_and(|(over, took)| took > over);
        // Who gave up on an answer that was late already has seen that.
        if outcome == Outcome::Nothing && !slow {
            return;
        }
        let failed = outcome == Outcome::Failed;
        let counts = Counts {
            answers: 1,
            failed: failed.into(),
            slow: slow.into(),
        };
        if !watched.beside {
            self.total.add(counts);
        }
        if watched.change != self.change {
            return;
        }
        self.side(watched).window.count(now, counts);
        if watched.beside {
            return;
        }
        if failed {
            push(&mut self.failures, now, MAX_CONSECUTIVE_FAILURES as usize);
            self.longest = self.longest.max(self.in_a_row());
            if let Some(trace) = trace() {
                push(&mut self.traces, trace, TRACES);
            }
        } else {
            self.failures.clear();
            self.succeeded = now;
        }
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T, most: usize) {
    if queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(item);
}
