//! Which buckets each version of a split has.

use std::ops::Range;
use std::sync::Arc;

use super::Version;
use super::ramp::Ramp;
use super::share::Share;
use super::target::{Extent, Size};
use crate::bucket::{Bucket, SCALE};
use crate::error::{Error, Place};
use crate::moment::Moment;
use crate::sort::sorted;

/// Some buckets of one version.
#[derive(Clone, Debug)]
pub struct Slice<'l> {
    version: &'l Version,
    buckets: Range<u32>,
}

/// A bucket's place among those of the version that has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit<'l> {
    pub(crate) version: &'l Version,
    /// How many the version had before it got this one, as its share grew.
    at: u32,
    /// How many it has.
    of: u32,
}

/// The buckets of a split's versions; what they leave is the baseline's.
#[derive(Debug)]
pub(super) enum Layout {
    /// From both ends, in the policy's order.
    Ends(Box<[Growing]>),
    /// As the policy writes them out; from the bottom, none over another.
    Ranges(Box<[Fixed]>),
}

/// A version that grows from an end.
#[derive(Debug)]
pub(super) struct Growing {
    version: Arc<Version>,
    size: Size,
}

/// A version with a place of its own.
#[derive(Debug)]
pub(super) struct Fixed {
    version: Arc<Version>,
    buckets: Range<u32>,
}

/// A range as the policy has it, with its target's and its own index; from the bottom.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    start: u32,
    at: [usize; 2],
    end: u32,
}

impl Hit<'_> {
    /// Whether the bucket is among the first of the version's, of which these are so much.
    pub(crate) fn is_among_first(&self, share: Share) -> bool {
        let [at, of] = [self.at, self.of].map(u64::from);
        let [share, all] = [share.buckets(), SCALE].map(u64::from);
        at.saturating_mul(all) < of.saturating_mul(share)
    }
}

impl<'l> Slice<'l> {
    /// Whose they are.
    #[must_use]
    pub fn version(&self) -> &'l Version {
        self.version
    }

    /// How much of all users they are.
    #[must_use]
    pub fn share(&self) -> Share {
        Share::of_buckets(self.buckets.end.saturating_sub(self.buckets.start))
    }

    /// The buckets.
    #[must_use]
    pub fn buckets(&self) -> Range<u32> {
        self.buckets.clone()
    }
}

impl Layout {
    /// Lays the targets out: all in one of the two ways.
    pub(super) fn new(
        at_to: &Place<'_>,
        targets: Vec<(Arc<Version>, Extent)>,
    ) -> Result<Self, Error> {
        let total = total(&targets);
        let versions: Vec<_> = targets.iter().map(|(version, _)| version.clone()).collect();
        let mut growing = Vec::new();
        let mut written = Vec::new();
        let mut below = 0u32;
        for (target, (version, extent)) in targets.into_iter().enumerate() {
            match extent {
                Extent::Size(size) => growing.push(Growing { version, size }),
                Extent::Weight(weight) => {
                    let above = below.saturating_add(weight);
                    let [from, to] = [below, above].map(|at| Bucket::of_part(at, total).number());
                    written.push(Written {
                        start: from,
                        at: [target, 0],
                        end: to,
                    });
                    below = above;
                }
                Extent::Ranges(ranges) => {
                    let ranges = ranges.into_iter().enumerate();
                    written.extend(ranges.map(|(range, buckets)| Written {
                        start: buckets.start,
                        at: [target, range],
                        end: buckets.end,
                    }));
                }
            }
            if !growing.is_empty() && !written.is_empty() {
                return Err(at_to.index(target).error(
                    "`ranges` stand beside a target that has none; write them for each target, or \
                     for none",
                ));
            }
        }
        if written.is_empty() {
            check_sum(at_to, &growing)?;
            return Ok(Self::Ends(growing.into()));
        }
        let written = sorted(written);
        check_overlap(at_to, &written)?;
        let fixed = written.iter().filter_map(|range| {
            let version = versions.get(range.at[0])?.clone();
            let buckets = range.start..range.end;
            Some(Fixed { version, buckets })
        });
        Ok(Self::Ranges(fixed.collect()))
    }

    /// The version that has the bucket at a moment. `None`: it is the baseline's.
    pub(super) fn hit(&self, bucket: Bucket, moment: Moment) -> Option<Hit<'_>> {
        let number = bucket.number();
        let hit = |version, buckets: &Range<u32>, at: u32| {
            let of = buckets.end.saturating_sub(buckets.start);
            buckets.contains(&number).then_some(Hit { version, at, of })
        };
        match self {
            Self::Ends(growing) => {
                let mut slices = from_both_ends(growing, moment).enumerate();
                slices.find_map(|(place, slice)| {
                    let at = if place == 1 {
                        slice.buckets.end.saturating_sub(number).saturating_sub(1)
                    } else {
                        number.saturating_sub(slice.buckets.start)
                    };
                    hit(slice.version, &slice.buckets, at)
                })
            }
            Self::Ranges(fixed) => {
                let below = fixed.partition_point(|each| each.buckets.end <= number);
                let next = fixed.get(below)?;
                let at = number.saturating_sub(next.buckets.start);
                hit(&next.version, &next.buckets, at)
            }
        }
    }

    pub(super) fn slices(&self, moment: Moment) -> Vec<Slice<'_>> {
        match self {
            Self::Ends(growing) => from_both_ends(growing, moment).collect(),
            Self::Ranges(fixed) => {
                let slices = fixed.iter().map(|each| Slice {
                    version: &each.version,
                    buckets: each.buckets.clone(),
                });
                slices.collect()
            }
        }
    }

    pub(super) fn ramps(&self) -> impl Iterator<Item = (&Version, &Ramp)> {
        let growing = match self {
            Self::Ends(growing) => &**growing,
            Self::Ranges(_) => &[],
        };
        growing.iter().filter_map(|each| match &each.size {
            Size::Share(_) => None,
            Size::Ramp(ramp) => Some((&*each.version, ramp)),
        })
    }
}

/// What the weights add up to; 0 if there are none.
pub(super) fn total(targets: &[(Arc<Version>, Extent)]) -> u32 {
    let weights = targets.iter().map(|(_, extent)| match extent {
        Extent::Weight(weight) => *weight,
        Extent::Size(_) | Extent::Ranges(_) => 0,
    });
    weights.fold(0, u32::saturating_add)
}

/// Gives each share its buckets: the first grows from the bottom, the second from the top, any
/// further one after the first. So with one or two canaries a change of percentage moves just the
/// users it must, and none from canary to canary.
fn from_both_ends<'l>(growing: &'l [Growing], moment: Moment) -> impl Iterator<Item = Slice<'l>> {
    let mut bottom = 0u32;
    growing.iter().enumerate().map(move |(at, each)| {
        let share = each.size.at(each.version.ramp_time(moment)).buckets();
        let buckets = if at == 1 {
            SCALE.saturating_sub(share)..SCALE
        } else {
            let start = bottom;
            bottom = bottom.saturating_add(share);
            start..bottom
        };
        Slice {
            version: &each.version,
            buckets,
        }
    })
}

/// Refuses shares that at some moment add up to more than all users.
fn check_sum(at_to: &Place<'_>, growing: &[Growing]) -> Result<(), Error> {
    // From when on which target has what share: the fixed ones from the epoch, the others from each
    // step.
    let mut changes = Vec::new();
    for (target, each) in growing.iter().enumerate() {
        match &each.size {
            Size::Share(share) => changes.push((0, target, None, share.buckets())),
            Size::Ramp(ramp) => {
                let steps = ramp.steps().enumerate();
                changes.extend(
                    steps.map(|(step, (from, share))| (from, target, Some(step), share.buckets())),
                );
            }
        }
    }
    let mut shares = vec![0; growing.len()];
    let mut sum = 0u32;
    for at_once in sorted(changes).chunk_by(|one, next| one.0 == next.0) {
        let mut grew = (0, None);
        for &(_, target, step, share) in at_once {
            let Some(before) = shares.get_mut(target) else {
                continue;
            };
            if share > *before {
                grew = (target, step);
            }
            sum = sum.saturating_add(share).saturating_sub(*before);
            *before = share;
        }
        if sum > SCALE {
            let percent = Share::of_buckets(sum);
            let add_up = format!("the percentages add up to {percent}, above 100");
            return Err(match grew {
                (target, Some(step)) => at_to
                    .index(target)
                    .field("ramp")
                    .field("steps")
                    .index(step)
                    .error(format!("from this step on {add_up}")),
                (_, None) => at_to.error(add_up),
            });
        }
    }
    Ok(())
}

/// Refuses two ranges that share a bucket.
fn check_overlap(at_to: &Place<'_>, written: &[Written]) -> Result<(), Error> {
    for (one, next) in written.iter().zip(written.iter().skip(1)) {
        if next.start < one.end {
            let [target, range] = one.at.max(next.at);
            let [other, its] = one.at.min(next.at);
            return Err(at_to
                .index(target)
                .field("ranges")
                .index(range)
                .error(format!(
                    "overlaps `to[{other}].ranges[{its}]`; a user can have one version"
                )));
        }
    }
    Ok(())
}
