//! What a target of a split asks for: a share, a share that moves with time, or ranges.

use std::ops::Range;

use super::checks::{not_empty, one_of, whole};
use super::ramp::Ramp;
use super::share::Share;
use crate::bucket::SCALE;
use crate::error::{Error, Place};
use crate::policy::{self, Algorithm};

/// How much a target has.
#[derive(Debug)]
pub(super) enum Size {
    Share(Share),
    Ramp(Ramp),
}

/// What a target asks for.
pub(super) enum Extent {
    Size(Size),
    Ranges(Vec<Range<u32>>),
    /// A part of the sum of all, in `0..=SCALE`.
    Weight(u32),
}

impl Size {
    /// The share at a moment, in milliseconds since the Unix epoch.
    pub(super) fn at(&self, now: u64) -> Share {
        match self {
            Self::Share(share) => *share,
            Self::Ramp(ramp) => ramp.share_at(now),
        }
    }
}

impl Extent {
    pub(super) fn compile(
        place: &Place<'_>,
        target: policy::Target,
        algorithm: Algorithm,
    ) -> Result<Self, Error> {
        enum Choice {
            Percent(policy::Number),
            Ranges(Vec<policy::Range>),
            Ramp(policy::Ramp),
            Weight(policy::Number),
        }
        let (field, choice) = one_of(
            place,
            [
                ("percent", target.percent.map(Choice::Percent)),
                ("ranges", target.ranges.map(Choice::Ranges)),
                ("ramp", target.ramp.map(Choice::Ramp)),
                ("weight", target.weight.map(Choice::Weight)),
            ],
        )?;
        let place = place.field(field);
        let by_weight = matches!(choice, Choice::Weight(_));
        match (algorithm == Algorithm::UnleashVariants, by_weight) {
            (true, false) => {
                return Err(place.error("`algorithm: unleash-variants` knows `weight` alone"));
            }
            (false, true) => {
                return Err(place.error(format!(
                    "`algorithm: {}` knows no weights; write `percent`",
                    algorithm.name()
                )));
            }
            _ => {}
        }
        Ok(match choice {
            Choice::Percent(percent) => Self::Size(Size::Share(Share::from_percent(
                &place, percent, algorithm,
            )?)),
            Choice::Ramp(ramp) => Self::Size(Size::Ramp(Ramp::compile(&place, ramp, algorithm)?)),
            Choice::Weight(weight) => Self::Weight(self::weight(&place, weight)?),
            Choice::Ranges(ranges) => {
                not_empty(&place, &ranges, "name at least one range")?;
                let ranges = ranges.into_iter().enumerate();
                let ranges = ranges.map(|(at, each)| range(&place.index(at), &each, algorithm));
                Self::Ranges(ranges.collect::<Result<_, _>>()?)
            }
        })
    }
}

fn weight(place: &Place<'_>, number: policy::Number) -> Result<u32, Error> {
    whole(number, 0..=SCALE).ok_or_else(|| {
        place.error(format!(
            "{number} is not a weight; use a whole number from 0 to {SCALE}"
        ))
    })
}

fn range(
    place: &Place<'_>,
    document: &policy::Range,
    algorithm: Algorithm,
) -> Result<Range<u32>, Error> {
    let from = Share::from_percent(&place.field("from"), document.from, algorithm)?;
    let to = Share::from_percent(&place.field("to"), document.to, algorithm)?;
    if from >= to {
        return Err(place.error(format!(
            "goes from {from} to {to}; `to` must be above `from`"
        )));
    }
    Ok(from.buckets()..to.buckets())
}
