//! Moments as people write them, in milliseconds since the Unix epoch.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The moment that `--at` gives, or now.
pub(super) fn moment(at: Option<&str>) -> anyhow::Result<u64> {
    let Some(text) = at else {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        return Ok(u64::try_from(now.as_millis())?);
    };
    read(text).with_context(|| {
        format!("--at {text}: not a moment since 1970; write it as 2026-11-21T20:00:00+08:00")
    })
}

/// A moment in RFC 3339, as a policy has it too.
pub(super) fn read(text: &str) -> Option<u64> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let milliseconds = moment.unix_timestamp_nanos().div_euclid(1_000_000);
    u64::try_from(milliseconds).ok()
}

/// A moment in RFC 3339. A long ramp may end beyond the years that this has.
pub(super) fn written(milliseconds: u64) -> String {
    let moment = UNIX_EPOCH + Duration::from_millis(milliseconds);
    let mut text = String::new();
    match write!(text, "{}", humantime::format_rfc3339(moment)) {
        Ok(()) => text,
        Err(_) => "after the year 9999".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for moment in [0, 1_795_262_400_000, 1_795_262_400_250] {
            assert_eq!(read(&written(moment)), Some(moment));
        }
        assert_eq!(written(1_795_262_400_000), "2026-11-21T12:00:00Z");
        assert_eq!(written(u64::MAX), "after the year 9999");
        assert_eq!(read("1969-12-31T23:59:59Z"), None);
    }
}
