//! Moments and durations as a policy writes them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::{Error, Place};
use crate::policy::{Text, Time};

/// A moment in RFC 3339, in milliseconds since the Unix epoch.
pub(super) fn moment(place: &Place<'_>, Text(text): &Text) -> Result<u64, Error> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();
    let milliseconds = parsed.map(|moment| moment.unix_timestamp_nanos().div_euclid(1_000_000));
    let milliseconds = milliseconds.and_then(|moment| u64::try_from(moment).ok());
    milliseconds.ok_or_else(|| {
        place.wrong(
            text,
            "is not a moment since 1970; write it as 2026-11-21T20:00:00+08:00",
        )
    })
}

/// A duration such as `30m`, in milliseconds; above zero.
pub(super) fn duration(place: &Place<'_>, Text(text): &Text) -> Result<u64, Error> {
    let parsed = humantime::parse_duration(text).ok();
    let milliseconds = parsed.and_then(|duration| u64::try_from(duration.as_millis()).ok());
    milliseconds
        .filter(|&duration| duration > 0)
        .ok_or_else(|| {
            place.wrong(
                text,
                "is not a duration of a millisecond or more; write it as 90s, 30m or 2h 30m",
            )
        })
}

/// A stretch of the wall clock, in milliseconds since the Unix epoch.
#[derive(Debug)]
pub(super) struct Stretch {
    from: u64,
    until: u64,
}

impl Stretch {
    pub(super) fn compile(place: &Place<'_>, document: &Time) -> Result<Self, Error> {
        let read = |field, text: &Option<Text>| {
            let text = text.as_ref();
            text.map(|text| moment(&place.field(field), text))
                .transpose()
        };
        let (from, until) = (
            read("from", &document.from)?,
            read("until", &document.until)?,
        );
        match (from, until) {
            (None, None) => Err(place.error("needs `from`, `until` or both")),
            (Some(from), Some(until)) if from >= until => {
                Err(place.error("is never: `until` is not after `from`"))
            }
            _ => Ok(Self {
                from: from.unwrap_or(0),
                until: until.unwrap_or(u64::MAX),
            }),
        }
    }

    pub(super) fn contains(&self, now: u64) -> bool {
        (self.from..self.until).contains(&now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_same_in_every_zone() {
        let read = |text: &str| moment(&Place::ROOT, &Text(text.to_owned())).ok();
        let evening = Some(1_795_262_400_000);
        assert_eq!(read("2026-11-21T12:00:00Z"), evening);
        assert_eq!(read("2026-11-21T20:00:00+08:00"), evening);
        assert_eq!(read("2026-11-21T12:00:00.25Z"), evening.map(|at| at + 250));
        for wrong in [
            "2026-11-21",
            "2026-11-21 12:00",
            "1969-12-31T23:59:59Z",
            "now",
            "",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_duration_is_more_than_nothing() {
        let read = |text: &str| duration(&Place::ROOT, &Text(text.to_owned())).ok();
        assert_eq!(read("90s"), Some(90_000));
        assert_eq!(read("2h 30m"), Some(9_000_000));
        for wrong in ["0s", "10us", "30", "", "-1s", "soon"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
