//! Numbers, in Envoy's statistics.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;

use crate::DryRun;

thread_local! {
    /// The host's numbers for the metrics. They outlive a configuration: the host would give the
    /// same name another number, and keep both.
    static NUMBERS: RefCell<BTreeMap<String, u32>> = const { RefCell::new(BTreeMap::new()) };
}

/// Counts what would have been decided.
pub(super) fn dry_run(dry: &DryRun<'_>) {
    let rule = dry.reason.rule().map(|rule| tag("rule", rule.name()));
    let rule = rule.unwrap_or_default();
    let (service, version) = (tag("service", dry.service), tag("version", dry.version));
    let name = format!("{service}{rule}{version}graylane_dry_run_total");
    add(MetricType::Counter, name, 1);
}

/// The metrics of one version.
#[derive(Debug)]
pub(super) struct Metrics {
    tags: String,
}

impl Metrics {
    pub(super) fn new(service: &str, version: &str) -> Self {
        let tags = [tag("service", service), tag("version", version)];
        Self {
            tags: tags.concat(),
        }
    }

    /// Adds to a counter.
    pub(super) fn count(&self, name: &str, more: u32) {
        if more > 0 {
            add(MetricType::Counter, self.name(name), more.into());
        }
    }

    /// Adds to a gauge, of which other workers have parts of their own.
    pub(super) fn change(&self, name: &str, by: i64) {
        if by != 0 {
            add(MetricType::Gauge, self.name(name), by);
        }
    }

    /// Sets a gauge that every worker knows.
    pub(super) fn set(&self, name: &str, value: u64) {
        if let Some(number) = number(MetricType::Gauge, self.name(name)) {
            let _ = hostcalls::record_metric(number, value);
        }
    }

    fn name(&self, name: &str) -> String {
        [&self.tags, name].concat()
    }
}

/// Before the name, in the form from which Envoy's `stats_tags` make labels; Istio's own metrics
/// have the same.
fn tag(name: &str, value: &str) -> String {
    format!("gray_{name}=.={value};.;")
}

fn add(kind: MetricType, name: String, by: i64) {
    if let Some(number) = number(kind, name) {
        let _ = hostcalls::increment_metric(number, by);
    }
}

fn number(kind: MetricType, name: String) -> Option<u32> {
    NUMBERS.with_borrow_mut(|numbers| {
        let known = numbers.get(&name).copied();
        known.or_else(|| {
            let number = hostcalls::define_metric(kind, &name).ok()?;
            numbers.insert(name, number);
            Some(number)
        })
    })
}
