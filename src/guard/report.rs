//! What workers tell each other: numbers of 64 bits, one after another.
//!
//! Read with care, since another release of the module may have written it: what does not fit is
//! left out.

use super::record::{Record, Side};
use super::standing::Standing;
use super::window::Counts;
use crate::shared::{bytes, words};

/// Words of a trace's id that are told.
const TRACE_WORDS: usize = 8;

/// What one worker has seen.
#[derive(Debug, PartialEq)]
pub(super) struct Report {
    /// The worker.
    pub(super) worker: u64,
    /// When it told this, in milliseconds since the Unix epoch.
    pub(super) at: u64,
    pub(super) entries: Vec<Entry>,
}

/// What one worker has seen of one guarded version.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Entry {
    /// What the verdict is about.
    pub(super) key: u64,
    pub(super) change: u32,
    pub(super) own: Told,
    pub(super) beside: Told,
    pub(super) succeeded: u64,
    /// The most failures in a row of late, whatever came after.
    pub(super) longest: u32,
    pub(super) failures: Vec<u64>,
    pub(super) traces: Vec<String>,
}

/// The parts of a window, and how many requests have been waiting for too long.
pub(super) type Told = (Vec<(u64, Counts)>, u32);

impl Entry {
    pub(super) fn new(key: u64, record: &mut Record, now: u64) -> Self {
        let longest = record.take_longest();
        let told = |side: &Side| {
            let hanging = record.over.map(|over| side.hanging(now, over));
            (side.window.parts().to_vec(), hanging.unwrap_or_default())
        };
        Self {
            key,
            change: record.change,
            own: told(&record.own),
            beside: told(&record.beside),
            succeeded: record.succeeded,
            longest,
            failures: record.failures.iter().copied().collect(),
            traces: record.traces.iter().cloned().collect(),
        }
    }
}

impl Entry {
    /// What several workers have seen of a version, as one.
    pub(super) fn joined<'e>(
        key: u64,
        change: u32,
        entries: &(impl Iterator<Item = &'e Self> + Clone),
    ) -> Self {
        let side = |side: fn(&Self) -> &Told| {
            let mut parts = Vec::<(u64, Counts)>::new();
            let mut hanging = 0u32;
            for (own, own_hanging) in entries.clone().map(side) {
                for (part, counts) in own {
                    match parts.iter_mut().find(|(own, _)| own == part) {
                        Some((_, sum)) => sum.add(*counts),
                        None => parts.push((*part, *counts)),
                    }
                }
                hanging = hanging.saturating_add(*own_hanging);
            }
            (parts, hanging)
        };
        Self {
            key,
            change,
            own: side(|entry| &entry.own),
            beside: side(|entry| &entry.beside),
            ..Self::default()
        }
    }

    /// Whether it tells of any answer of the version.
    pub(super) fn tells(&self) -> bool {
        let (parts, hanging) = &self.own;
        !parts.is_empty() || *hanging > 0
    }
}

impl Report {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut words = vec![self.worker, self.at, length(&self.entries)];
        for entry in &self.entries {
            words.extend([entry.key, entry.change.into()]);
            for (parts, hanging) in [&entry.own, &entry.beside] {
                words.extend([(*hanging).into(), length(parts)]);
                for (part, counts) in parts {
                    let Counts {
                        answers,
                        failed,
                        slow,
                    } = *counts;
                    words.extend([*part, answers.into(), failed.into(), slow.into()]);
                }
            }
            words.extend([entry.succeeded, entry.longest.into()]);
            words.push(length(&entry.failures));
            words.extend(&entry.failures);
            words.push(length(&entry.traces));
            for trace in &entry.traces {
                let mut text = trace.as_bytes().chunks(size_of::<u64>());
                words.extend([(); TRACE_WORDS].map(|()| {
                    let mut word = [0; size_of::<u64>()];
                    let own = text.next().unwrap_or_default();
                    word.iter_mut().zip(own).for_each(|(at, byte)| *at = *byte);
                    u64::from_le_bytes(word)
                }));
            }
        }
        bytes(&words)
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let mut words = words(bytes);
        let mut next = || words.next();
        let mut report = Self {
            worker: next()?,
            at: next()?,
            entries: Vec::new(),
        };
        for _ in 0..next()? {
            let key = next()?;
            let change = u32::try_from(next()?).ok()?;
            let own = told(&mut next)?;
            let beside = told(&mut next)?;
            let succeeded = next()?;
            let longest = u32::try_from(next()?).ok()?;
            let failures = (0..next()?).map(|_| next()).collect::<Option<_>>()?;
            let traces = (0..next()?).map(|_| trace(&mut next));
            let traces = traces.collect::<Option<_>>()?;
            report.entries.push(Entry {
                key,
                change,
                own,
                beside,
                succeeded,
                longest,
                failures,
                traces,
            });
        }
        Some(report)
    }
}

fn told(next: &mut impl FnMut() -> Option<u64>) -> Option<Told> {
    let hanging = u32::try_from(next()?).ok()?;
    let parts = (0..next()?).map(|_| {
        let part = next()?;
        let mut count = || u32::try_from(next()?).ok();
        let counts = Counts {
            answers: count()?,
            failed: count()?,
            slow: count()?,
        };
        Some((part, counts))
    });
    Some((parts.collect::<Option<_>>()?, hanging))
}

fn trace(next: &mut impl FnMut() -> Option<u64>) -> Option<String> {
    let mut text = Vec::new();
    for _ in 0..TRACE_WORDS {
        text.extend(next()?.to_le_bytes());
    }
    text.retain(|byte| *byte > 0);
    String::from_utf8(text).ok()
}

/// How versions stand, by what the verdict is about.
pub(super) fn standings(bytes: &[u8]) -> Vec<(u64, Standing)> {
    let mut words = words(bytes);
    let standing = std::iter::from_fn(|| {
        let key = words.next()?;
        let mut standing = [0; 5];
        for word in &mut standing {
            *word = words.next()?;
        }
        Some((key, Standing::of_words(standing)?))
    });
    standing.collect()
}

pub(super) fn bytes_of_standings(standings: &[(u64, Standing)]) -> Vec<u8> {
    let mut words = Vec::new();
    for (key, standing) in standings {
        words.push(*key);
        words.extend(standing.words());
    }
    bytes(&words)
}

fn length<T>(items: &[T]) -> u64 {
    items.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard() {
        let counts = Counts {
            answers: 3,
            failed: 2,
            slow: 1,
        };
        let entry = || Entry {
            key: u64::MAX,
            change: 7,
            own: (vec![(1, counts), (2, counts)], 9),
            beside: (Vec::new(), 0),
            succeeded: 5,
            longest: 8,
            failures: vec![6, 7],
            traces: vec!["4bf92f3577b34da6a3ce929d0e0e4736".to_owned(), String::new()],
        };
        let report = Report {
            worker: 1,
            at: 2,
            entries: vec![entry(), entry()],
        };
        let bytes = report.to_bytes();
        assert_eq!(Report::of_bytes(&bytes), Some(report));
        for length in 0..bytes.len() {
            assert_eq!(Report::of_bytes(&bytes[..length]), None, "{length}");
        }
    }

    #[test]
    fn a_length_that_lies_is_no_report() {
        let mut words = vec![1, 2, u64::MAX];
        assert_eq!(Report::of_bytes(&bytes(&words)), None);
        words.extend([0; 100]);
        assert_eq!(Report::of_bytes(&bytes(&words)), None);
    }
}
