//! Warnings that may come again and again, as those about a server that fails do: a few at once, and
//! then one every few seconds.

use std::cell::Cell;

use log::{Level, log};

use super::host;

/// How many lines a worker may write at once.
const AT_ONCE: u64 = 20;

/// Milliseconds for which one more may be written.
const EACH: u64 = 5_000;

thread_local! {
    /// Until when the lines so far are paid for, in milliseconds since the Unix epoch.
    static PAID: Cell<u64> = const { Cell::new(0) };

    /// How many were left out since the last one.
    static LEFT_OUT: Cell<u32> = const { Cell::new(0) };
}

/// Writes a line, unless there were too many of late: then the next one says how many.
pub(super) fn tell(level: Level, line: &str) {
    let now = host::now();
    let most = AT_ONCE.saturating_mul(EACH);
    // A clock that was set back leaves nothing to be paid.
    let paid = PAID.get();
    let paid = if paid > now.saturating_add(most) {
        now
    } else {
        paid.max(now)
    };
    let after = paid.saturating_add(EACH);
    if after > now.saturating_add(most) {
        LEFT_OUT.set(LEFT_OUT.get().saturating_add(1));
        return;
    }
    PAID.set(after);
    match LEFT_OUT.take() {
        0 => log!(level, "{line}"),
        more => log!(level, "{line} (lines left out before it: {more})"),
    }
}
