//! Guards: what a version may do wrong, and what then.

use super::checks::whole;
use super::clock::duration;
use super::share::Share;
use crate::error::{Error, Place};
use crate::limits::{GUARD_WINDOW, MAX_CONSECUTIVE_FAILURES, MAX_GUARD_REQUESTS};
use crate::policy::{self, Algorithm, Number, Text, Then};

/// How far back answers count where a guard does not say, in milliseconds.
const WINDOW: u64 = 30_000;

/// How many answers are judged where a guard does not say.
const MIN_REQUESTS: u32 = 50;

/// How many of the version's users try it again where a guard does not say, in percent.
const RETRY: Number = Number(10.0);

/// What a version may do wrong before it is taken out of traffic.
#[derive(Debug)]
pub struct Guard {
    /// How far back answers count, in milliseconds.
    pub(crate) window: u64,
    /// How many answers there are before a share of them is judged.
    pub(crate) min_requests: u32,
    /// How many of them may be failures.
    pub(crate) max_error: Option<Share>,
    pub(crate) max_slow: Option<MaxSlow>,
    /// How many more of them than of the baseline's may be failures.
    pub(crate) error_above: Option<Share>,
    /// How many more of them than of the baseline's may be slow.
    pub(crate) slow_above: Option<Share>,
    /// How many failures in a row are too many.
    pub(crate) consecutive: Option<u32>,
    pub(crate) then: Then,
    pub(crate) retry: Option<Retry>,
}

/// A limit on slow answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxSlow {
    /// From when on an answer is slow, in milliseconds until its headers.
    pub(crate) over: u64,
    pub(crate) share: Share,
}

/// How a version comes back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// After how many milliseconds.
    pub(crate) after: u64,
    /// By how many of its users.
    pub(crate) share: Share,
}

impl Guard {
    /// All that makes it this guard, as numbers.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn words(&self) -> [u64; 11] {
        let share = |share: Option<Share>| share.map_or(u64::MAX, |share| share.buckets().into());
        [
            self.window,
            self.min_requests.into(),
            share(self.max_error),
            self.max_slow.map_or(0, |limit| limit.over),
            share(self.max_slow.map(|limit| limit.share)),
            share(self.error_above),
            share(self.slow_above),
            self.consecutive.map_or(0, u64::from),
            self.then as u64,
            self.retry.map_or(0, |retry| retry.after),
            share(self.retry.map(|retry| retry.share)),
        ]
    }

    pub(super) fn compile(place: &Place<'_>, document: policy::Guard) -> Result<Self, Error> {
        let percent = |place: &Place<'_>, number: Option<Number>| {
            let share = number.map(|number| Share::from_percent(place, number, ALGORITHM));
            share.transpose()
        };
        let max_slow = document.max_slow;
        let max_slow = max_slow.map(|limit| MaxSlow::compile(&place.field("max_slow"), &limit));
        let max_slow = max_slow.transpose()?;
        let (mut error_above, mut slow_above) = (None, None);
        if let Some(above) = document.above_baseline {
            let place = place.field("above_baseline");
            error_above = percent(&place.field("error_percent"), above.error_percent)?;
            let at_slow = place.field("slow_percent");
            slow_above = percent(&at_slow, above.slow_percent)?;
            if slow_above.is_some() && max_slow.is_none() {
                return Err(at_slow.error("needs `max_slow`, which says what is slow"));
            }
            if error_above.is_none() && slow_above.is_none() {
                return Err(place.error("needs `error_percent`, `slow_percent` or both"));
            }
        }
        let max_error = percent(
            &place.field("max_error_percent"),
            document.max_error_percent,
        )?;
        let consecutive = document.consecutive_failures;
        let at_consecutive = place.field("consecutive_failures");
        let consecutive =
            consecutive.map(|number| requests(&at_consecutive, number, MAX_CONSECUTIVE_FAILURES));
        let guard = Self {
            window: match document.window {
                Some(text) => window(&place.field("window"), &text)?,
                None => WINDOW,
            },
            min_requests: match document.min_requests {
                Some(number) => requests(&place.field("min_requests"), number, MAX_GUARD_REQUESTS)?,
                None => MIN_REQUESTS,
            },
            max_error,
            max_slow,
            error_above,
            slow_above,
            consecutive: consecutive.transpose()?,
            then: document.then,
            retry: retry(
                place,
                document.then,
                document.retry_after,
                document.retry_percent,
            )?,
        };
        if guard.limits_nothing() {
            return Err(place.error(
                "has no limit; give it `max_error_percent`, `max_slow`, `above_baseline` or \
                 `consecutive_failures`",
            ));
        }
        Ok(guard)
    }

    fn limits_nothing(&self) -> bool {
        let alone = self.max_error.is_none() && self.max_slow.is_none();
        alone && self.error_above.is_none() && self.consecutive.is_none()
    }

    /// Whether the baseline's answers are needed beside the version's.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn compares(&self) -> bool {
        self.error_above.is_some() || self.slow_above.is_some()
    }
}

/// Whose percentages are read: the finest there are.
const ALGORITHM: Algorithm = Algorithm::GraylaneV1;

impl MaxSlow {
    fn compile(place: &Place<'_>, document: &policy::MaxSlow) -> Result<Self, Error> {
        Ok(Self {
            over: duration(&place.field("over"), &document.over)?,
            share: Share::from_percent(&place.field("percent"), document.percent, ALGORITHM)?,
        })
    }
}

fn window(place: &Place<'_>, text: &Text) -> Result<u64, Error> {
    let window = duration(place, text)?;
    if GUARD_WINDOW.contains(&window) {
        Ok(window)
    } else {
        Err(place.wrong(&text.0, "is not a window; use 1s to 1h"))
    }
}

fn retry(
    place: &Place<'_>,
    then: Then,
    after: Option<Text>,
    percent: Option<Number>,
) -> Result<Option<Retry>, Error> {
    let at_percent = place.field("retry_percent");
    if percent.is_some() && then != Then::Rollback {
        return Err(at_percent.error(
            "is for those who try a closed version again; leave it out, or write `then: rollback`",
        ));
    }
    let Some(after) = after else {
        return match percent {
            Some(_) => Err(at_percent.error("needs `retry_after`, which says when")),
            None => Ok(None),
        };
    };
    let share = Share::from_percent(&at_percent, percent.unwrap_or(RETRY), ALGORITHM)?;
    if share == Share::default() {
        return Err(at_percent.error("0 is nobody; leave out `retry_after` to keep it closed"));
    }
    let after = duration(&place.field("retry_after"), &after)?;
    Ok(Some(Retry { after, share }))
}

fn requests(place: &Place<'_>, number: Number, most: u32) -> Result<u32, Error> {
    whole(number, 1..=most).ok_or_else(|| {
        place.error(format!(
            "{number} is not a number of requests; use a whole one from 1 to {most}"
        ))
    })
}
