//! How often a centre is asked.

use super::kept::State;
use super::poller::Tick;

/// Milliseconds that a reply may take beyond what the centre may hold it.
const PATIENCE: u64 = 5_000;

/// Milliseconds between two requests for the same at least, however the centre answers.
pub(super) const PACE: u64 = 1_000;

/// Milliseconds between two requests to a centre that fails at most.
const MAX_PAUSE: u64 = 60_000;

impl State {
    /// Whether it is time to ask, of a centre that is asked every so many milliseconds.
    pub(super) fn is_due(&self, now: u64, every: u64) -> bool {
        // No pause is so long: the clock was set back.
        let most = now.saturating_add(every.max(MAX_PAUSE).saturating_mul(2));
        self.due <= now || self.due > most
    }

    /// The centre has answered as it should; it is asked again after a pause.
    pub(super) fn answered(&mut self, now: u64, pause: u64) {
        self.contact = now;
        self.failures = 0;
        self.due = now.saturating_add(pause);
    }

    /// It has not; the pauses double.
    pub(super) fn failed(&mut self, tick: Tick<'_>) {
        let doublings = u32::try_from(self.failures).unwrap_or(u32::MAX).min(6);
        let pause = PACE.saturating_mul(1 << doublings).min(MAX_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.due = tick.now.saturating_add(jittered(pause, tick.draw));
    }
}

/// Milliseconds until a request that the centre may hold for so long has failed.
#[must_use]
pub fn patience(hold: u64) -> u64 {
    // Consul adds up to a sixteenth.
    hold.saturating_add(hold / 16).saturating_add(PATIENCE)
}

/// A pause that differs by up to a tenth, so that a fleet does not ask in step.
pub(super) fn jittered(pause: u64, draw: u32) -> u64 {
    let tenth = pause / 10;
    let more = tenth.saturating_mul(2).saturating_mul(draw.into()) >> u32::BITS;
    pause.saturating_sub(tenth).saturating_add(more)
}
