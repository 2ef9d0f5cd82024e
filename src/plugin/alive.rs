//! How long the module has lived on each worker: a VM that has failed counts no more.

use std::cell::Cell;

use super::count;

/// Seconds that one tick may stand for: ticks are at most one second apart, and each may come a
/// little late. What is missing beyond that is a worker that hung, or a clock that was set.
const MAX_SECONDS: u64 = 2;

thread_local! {
    /// The second of the wall clock that was counted last; 0: none was. One for each VM, whatever
    /// configurations that has.
    static COUNTED: Cell<u64> = const { Cell::new(0) };
}

/// Counts the seconds since the last tick, of whatever configuration, at a moment in milliseconds
/// since the Unix epoch.
pub(super) fn tick(now: u64) {
    let second = now.checked_div(1_000).unwrap_or_default();
    let counted = COUNTED.replace(second);
    if counted == 0 {
        count::begin();
    } else {
        let seconds = second.saturating_sub(counted).min(MAX_SECONDS);
        count::alive(u32::try_from(seconds).unwrap_or_default());
    }
}
