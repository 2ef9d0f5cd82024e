//! Counters, in Envoy's statistics.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;

use crate::DryRun;

thread_local! {
    /// The host's numbers for the counters. They outlive a configuration: the host would give the
    /// same name another number, and keep both.
    static NUMBERS: RefCell<BTreeMap<String, u32>> = const { RefCell::new(BTreeMap::new()) };
}

/// Counts what would have been decided.
pub(super) fn dry_run(dry: &DryRun<'_>) {
    let rule = dry.reason.rule().map(|rule| tag("rule", rule.name()));
    let rule = rule.unwrap_or_default();
    let (service, version) = (tag("service", dry.service), tag("version", dry.version));
    increment(format!("{service}{rule}{version}graylane_dry_run_total"));
}

/// Before the name, in the form from which Envoy's `stats_tags` make labels; Istio's own metrics
/// have the same.
fn tag(name: &str, value: &str) -> String {
    format!("gray_{name}=.={value};.;")
}

fn increment(name: String) {
    NUMBERS.with_borrow_mut(|numbers| {
        let known = numbers.get(&name).copied();
        let defined = known.or_else(|| {
            let number = hostcalls::define_metric(MetricType::Counter, &name).ok()?;
            numbers.insert(name, number);
            Some(number)
        });
        if let Some(number) = defined {
            let _ = hostcalls::increment_metric(number, 1);
        }
    });
}
