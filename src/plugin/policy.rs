//! Which policy is in force, in Envoy's statistics.

use std::cell::Cell;

use super::count::Gauge;
use super::shared::HostShared;
use crate::Rules;
use crate::hash::hash;
use crate::rules::Service;
use crate::shared::{NOTHING_YET, Shared, bytes, words};

/// The policy of one configuration.
#[derive(Debug)]
pub(super) struct InForcePolicy {
    revision: u32,
    rules: u64,
    /// Since when it is in force, in seconds since the Unix epoch; 0: no tick has come yet.
    since: Cell<u64>,
    /// Where the proxy's workers agree on that.
    key: String,
    /// The revision, the number of rules, and since when.
    gauges: [Option<Gauge>; 3],
}

impl InForcePolicy {
    /// Of a plugin, by its name.
    pub(super) fn new(plugin: &[u8], revision: u32, rules: &Rules) -> Self {
        let counts = rules.services().iter().map(Service::rules).map(<[_]>::len);
        let gauge = |name: &str| Gauge::new(&format!("graylane_policy_{name}"));
        let gauges = ["revision", "rules", "loaded_timestamp_seconds"].map(gauge);
        Self {
            revision,
            rules: counts.sum::<usize>() as u64,
            since: Cell::default(),
            key: format!("graylane/1/policy/{:08x}", hash(b"", plugin, 0)),
            gauges,
        }
    }

    /// Whether nothing was told of it yet.
    pub(super) fn is_new(&self) -> bool {
        self.since.get() == 0
    }

    /// Tells of it, at a moment in milliseconds since the Unix epoch. Not before the first tick: a
    /// configuration that the proxy refuses for another reason was in force nowhere.
    pub(super) fn tell(&self, now: u64) {
        if self.is_new() {
            self.since.set(self.agreed(now).unwrap_or_default());
        }
        let values = [self.revision.into(), self.rules, self.since.get()];
        for (gauge, value) in self.gauges.iter().flatten().zip(values) {
            gauge.set(value);
        }
    }

    /// Since when it is in force, as the first of the workers has it. `None`: another one is just
    /// saying so.
    fn agreed(&self, now: u64) -> Option<u64> {
        let (known, written) = HostShared.get(&self.key);
        let mut known = words(&known);
        if known.next() == Some(self.revision.into()) {
            return known.next();
        }
        let now = now.checked_div(1_000)?;
        let own = bytes(&[self.revision.into(), now]);
        let written = Some(written.unwrap_or(NOTHING_YET));
        HostShared.set(&self.key, &own, written).then_some(now)
    }
}
