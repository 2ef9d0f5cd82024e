//! What the VMs of one proxy have in common, as Envoy's workers do: shared data, the metrics, and
//! the clock.

use std::collections::BTreeMap;

/// What the ABI numbers as kinds of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter = 0,
    Gauge = 1,
    Histogram = 2,
}

/// What all VMs of one proxy see.
#[derive(Debug, Default)]
pub(super) struct Common {
    /// Values by their keys, each with the number of the write that it is from.
    data: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    /// How many writes there were.
    writes: u32,
    /// By their names: what the VMs count adds up.
    pub(super) metrics: BTreeMap<String, (Kind, u64)>,
    /// What was put into histograms, by their names.
    pub(super) samples: BTreeMap<String, Vec<u64>>,
    /// Nanoseconds since the Unix epoch.
    pub(super) now: u64,
    /// How many VMs there have been.
    pub(super) vms: u64,
}

impl Common {
    pub(super) fn get(&self, key: &[u8]) -> Option<&(Vec<u8>, u32)> {
        self.data.get(key)
    }

    /// Writes, unless somebody else has since that write. As in Envoy it is no condition to know of
    /// none (0), and whatever one knows of a key that is not there.
    pub(super) fn set(&mut self, key: &[u8], value: &[u8], since: u32) -> bool {
        let last = self.data.get(key).map(|(_, last)| *last);
        if last.is_some_and(|last| since != 0 && since != last) {
            return false;
        }
        self.writes += 1;
        self.data
            .insert(key.to_vec(), (value.to_vec(), self.writes));
        true
    }

    /// All values by their keys.
    pub(super) fn all(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let values = self.data.iter();
        values
            .map(|(key, (value, _))| (key.clone(), value.clone()))
            .collect()
    }
}
