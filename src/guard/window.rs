//! Answers of the last while, as one worker counted them and as all did together.

/// Into so many parts a window is cut; the one that runs comes on top.
const PARTS: u64 = 10;

/// The ages that a part can have, the one that runs being 0.
const AGES: usize = 11;

/// Answers, and what was wrong with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many there were.
    pub answers: u32,
    /// How many of them were failures.
    pub failed: u32,
    /// How many of them were slow.
    pub slow: u32,
}

/// What one worker counted, by parts of a window.
#[derive(Debug)]
pub(super) struct Window {
    /// How long a part is, in milliseconds.
    part: u64,
    /// By the number of the part since the Unix epoch; the oldest first, and none without answers.
    counts: Vec<(u64, Counts)>,
}

/// What several windows add up to at a moment, by age.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ages([Counts; AGES]);

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.answers = self.answers.saturating_add(other.answers);
        self.failed = self.failed.saturating_add(other.failed);
        self.slow = self.slow.saturating_add(other.slow);
    }

    pub(super) fn with_hanging(mut self, hanging: u32) -> Self {
        self.answers = self.answers.saturating_add(hanging);
        self.slow = self.slow.saturating_add(hanging);
        self
    }
}

impl Window {
    /// An empty one of so many milliseconds.
    pub(super) fn new(window: u64) -> Self {
        Self {
            part: part(window),
            counts: Vec::new(),
        }
    }

    /// Counts at a moment, in milliseconds since the Unix epoch.
    pub(super) fn count(&mut self, now: u64, counts: Counts) {
        let number = number(now, self.part);
        match self.counts.last_mut() {
            Some((last, own)) if *last == number => own.add(counts),
            _ => {
                self.counts.retain(|(own, _)| age(number, *own).is_some());
                self.counts.push((number, counts));
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts.clear();
    }

    /// How many answers it has.
    pub(super) fn answers(&self) -> u32 {
        let answers = self.counts.iter().map(|(_, counts)| counts.answers);
        answers.fold(0, u32::saturating_add)
    }

    /// How many of them are in the part that runs.
    pub(super) fn running(&self, now: u64) -> u32 {
        let last = self.counts.last();
        let running = last.filter(|(own, _)| *own == number(now, self.part));
        running.map_or(0, |(_, counts)| counts.answers)
    }

    /// Its parts, for shared data.
    pub(super) fn parts(&self) -> &[(u64, Counts)] {
        &self.counts
    }
}

impl Ages {
    /// Adds the parts of a window of so many milliseconds, as far as they are not over.
    pub(super) fn add(&mut self, window: u64, parts: &[(u64, Counts)], now: u64) {
        let number = number(now, part(window));
        for (own, counts) in parts {
            let sum = age(number, *own).and_then(|age| self.0.get_mut(age));
            if let Some(sum) = sum {
                sum.add(*counts);
            }
        }
    }

    /// The whole of it.
    pub(super) fn all(&self) -> Counts {
        self.last().last().unwrap_or_default()
    }

    /// What there was of late, from the youngest part that is whole to all of them.
    pub(super) fn last(&self) -> impl Iterator<Item = Counts> {
        let mut sum = Counts::default();
        let ages = self.0.iter().map(move |counts| {
            sum.add(*counts);
            sum
        });
        ages.skip(1)
    }
}

fn part(window: u64) -> u64 {
    window.checked_div(PARTS).unwrap_or_default().max(1)
}

fn number(now: u64, part: u64) -> u64 {
    now.checked_div(part).unwrap_or_default()
}

/// How many parts ago one was. `None`: the window is past it, or it has not come yet.
fn age(now: u64, part: u64) -> Option<usize> {
    let age = usize::try_from(now.checked_sub(part)?).ok()?;
    (age < AGES).then_some(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Counts = Counts {
        answers: 1,
        failed: 0,
        slow: 0,
    };

    #[test]
    fn a_window_slides() {
        let mut window = Window::new(10_000);
        for second in 0..100 {
            window.count(second * 1_000, ONE);
        }
        let sum = |now| {
            let mut ages = Ages::default();
            ages.add(10_000, window.parts(), now);
            ages.all().answers
        };
        // Ten parts and the one that runs.
        assert_eq!(window.parts().len(), AGES);
        assert_eq!(sum(99_999), 11);
        assert_eq!(sum(100_000), 10);
        assert_eq!(sum(109_999), 1);
        assert_eq!(sum(110_000), 0);
        // A clock that was set back.
        assert_eq!(sum(50_000), 0);
    }

    #[test]
    fn the_youngest_parts_come_first() {
        let mut ages = Ages::default();
        let parts: Vec<_> = (90..101).map(|part| (part, ONE)).collect();
        ages.add(10_000, &parts, 100_000);
        let answers: Vec<_> = ages.last().map(|counts| counts.answers).collect();
        assert_eq!(answers, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    }
}
