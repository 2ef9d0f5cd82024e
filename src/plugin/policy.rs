//! Which policy is in force, in Envoy's statistics and in the log.

use std::cell::{Cell, RefCell};

use log::info;

use super::count::Gauge;
use super::shared::HostShared;
use crate::Rules;
use crate::changes::Told;
use crate::hash::hash;
use crate::rules::Service;
use crate::shared::{NOTHING_YET, Shared, bytes, words};

/// Bytes of a policy and its switches whose changes the log tells: it takes a worker some
/// milliseconds in which it serves nobody, and all workers keep a copy. `graylane diff` has no limit.
const MAX_TOLD_BYTES: usize = 64 * 1024;

/// Changes that are told each by itself.
const MAX_LINES: usize = 20;

/// Bytes of the numbers before what workers keep of a policy.
const NUMBERS: usize = 3 * size_of::<u64>();

/// What rules are from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) revision: u32,
    pub(super) policy: Vec<u8>,
    /// The configuration that a config centre's policy stands in for. Empty: it is that itself.
    pub(super) configuration: Vec<u8>,
    /// Those that hold over it. Empty: none do.
    pub(super) switches: Vec<u8>,
    /// Whether everybody is sent to the baselines, since the config centre has no policy any more.
    pub(super) off: bool,
}

/// The policy of one configuration.
#[derive(Debug)]
pub(super) struct InForcePolicy {
    revision: u32,
    /// What else holds over the policy, as a hash.
    over: u32,
    rules: u64,
    /// Since when it is in force, in seconds since the Unix epoch; 0: no tick has come yet.
    since: Cell<u64>,
    /// Until that is known, and where it is not too large.
    source: RefCell<Option<Source>>,
    /// Where the proxy's workers agree on what was told.
    key: String,
    /// The revision, the number of rules, and since when.
    gauges: [Option<Gauge>; 3],
}

impl InForcePolicy {
    /// Of a plugin, by its name.
    pub(super) fn new(plugin: &[u8], source: Source, rules: &Rules) -> Self {
        let gauge = |name: &str| Gauge::new(&format!("graylane_policy_{name}"));
        let gauges = ["revision", "rules", "loaded_timestamp_seconds"].map(gauge);
        let size = [&source.policy, &source.configuration, &source.switches];
        let size = size
            .into_iter()
            .map(Vec::len)
            .fold(0, usize::saturating_add);
        Self {
            revision: source.revision,
            over: hash(b"", &source.switches, source.off.into()),
            rules: count(rules) as u64,
            since: Cell::default(),
            source: RefCell::new((size <= MAX_TOLD_BYTES).then_some(source)),
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

    /// Since when it is in force, as the first of the workers has it, which logs what changes by it.
    /// `None`: another one is just saying so.
    fn agreed(&self, now: u64) -> Option<u64> {
        let (known, written) = HostShared.get(&self.key);
        let (numbers, before) = known.split_at_checked(NUMBERS).unwrap_or_default();
        let [revision, over, since] = {
            let mut numbers = words(numbers);
            [(); 3].map(|()| numbers.next().unwrap_or_default())
        };
        let is_same = revision == u64::from(self.revision) && since > 0;
        if is_same && over == u64::from(self.over) {
            self.source.take();
            return Some(since);
        }
        let since = if is_same {
            since
        } else {
            now.checked_div(1_000)?
        };
        let source = self.source.borrow();
        let told = source
            .as_ref()
            .and_then(|own| Told::new(&own.policy, &own.configuration, &own.switches, own.off));
        let mut own = bytes(&[self.revision.into(), self.over.into(), since]);
        own.extend(told.iter().flat_map(|told| told.to_text().into_bytes()));
        if !HostShared.set(&self.key, &own, Some(written.unwrap_or(NOTHING_YET))) {
            return None;
        }
        drop(source);
        self.source.take();
        if !numbers.is_empty() {
            if !is_same {
                info!(
                    "policy changed: revision {revision:08x} → {:08x}",
                    self.revision
                );
            }
            changed(Told::of_text(before), told);
        }
        Some(since)
    }
}

/// Logs what has changed.
fn changed(before: Option<Told>, now: Option<Told>) {
    let (Some(before), Some(now)) = (before, now) else {
        info!("policy changed: above {MAX_TOLD_BYTES} bytes `graylane diff` tells what");
        return;
    };
    let lines = now.since(before);
    let count = lines.len();
    if count == 0 {
        info!("policy changed: in how it is written");
    }
    for line in lines.take(MAX_LINES) {
        info!("policy changed: {line}");
    }
    let more = count.saturating_sub(MAX_LINES);
    if more > 0 {
        info!("policy changed: and {more} more, which `graylane diff` tells");
    }
}

/// How much there is, as the log tells it.
pub(super) fn counts(rules: &Rules) -> String {
    let services = rules.services().len();
    format!("services: {services}, rules: {}", count(rules))
}

fn count(rules: &Rules) -> usize {
    let counts = rules.services().iter().map(Service::rules).map(<[_]>::len);
    counts.fold(0, usize::saturating_add)
}
