//! Shares that move with time: a plan that every proxy follows by its own wall clock.

use super::checks::not_empty;
use super::clock::{duration, moment};
use super::share::Share;
use crate::error::{Error, Place};
use crate::policy::{self, Algorithm};

/// A share that moves with time.
#[derive(Debug)]
pub struct Ramp {
    /// In their order; before the first the share is 0.
    steps: Box<[Step]>,
}

#[derive(Debug)]
struct Step {
    /// When it begins, in milliseconds since the Unix epoch.
    from: u64,
    share: Share,
}

impl Ramp {
    pub(super) fn compile(
        place: &Place<'_>,
        document: policy::Ramp,
        algorithm: Algorithm,
    ) -> Result<Self, Error> {
        let mut from = moment(&place.field("start"), &document.start)?;
        let at_steps = place.field("steps");
        not_empty(&at_steps, &document.steps, "name at least one step")?;
        let last = document.steps.len().saturating_sub(1);
        let steps = document.steps.into_iter().enumerate();
        let steps = steps.map(|(index, step)| {
            let place = at_steps.index(index);
            let share = Share::from_percent(&place.field("percent"), step.percent, algorithm)?;
            let begins = from;
            let at_for = place.field("for");
            match step.r#for {
                Some(_) if index == last => {
                    return Err(at_for.error("the last step holds for good; leave it out"));
                }
                None if index != last => {
                    return Err(place.error(
                        "needs `for`, such as `for: 30m`; only the last step holds for good",
                    ));
                }
                Some(text) => from = from.saturating_add(duration(&at_for, &text)?),
                None => {}
            }
            Ok(Step {
                from: begins,
                share,
            })
        });
        Ok(Self {
            steps: steps.collect::<Result<_, _>>()?,
        })
    }

    /// The share at a moment, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn share_at(&self, now: u64) -> Share {
        let begun = self.steps.partition_point(|step| step.from <= now);
        let current = begun.checked_sub(1).and_then(|last| self.steps.get(last));
        current.map_or(Share::default(), |step| step.share)
    }

    /// When each step begins, in milliseconds since the Unix epoch, and its share.
    pub fn steps(&self) -> impl Iterator<Item = (u64, Share)> {
        self.steps.iter().map(|step| (step.from, step.share))
    }

    /// When the share changes, in milliseconds since the Unix epoch, and to what. A step that keeps
    /// the share of the one before is none; nor is a first step of 0.
    pub fn changes(&self) -> impl Iterator<Item = (u64, Share)> {
        let mut before = Share::default();
        self.steps().filter(move |&(_, share)| {
            let changed = share != before;
            before = share;
            changed
        })
    }
}
