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
    if let Some(number) = number(MetricType::Counter, name) {
        let _ = hostcalls::increment_metric(number, 1);
    }
}

/// A metric of one version.
#[derive(Clone, Copy, Debug)]
pub(super) enum Metric {
    /// Requests that were sent to it.
    Requests,
    /// Those of them that have not ended.
    Open,
    /// Answers that its guard has looked at.
    Answers,
    /// Those of them that were failures.
    Failed,
    /// Those of them that were slow.
    Slow,
    /// How it stands.
    State,
    /// Answers in the guard's window, of all workers.
    WindowAnswers,
    /// Failures in the window.
    WindowFailed,
    /// Slow answers in the window.
    WindowSlow,
}

impl Metric {
    const COUNT: usize = 9;

    fn name(self) -> (MetricType, &'static str) {
        use MetricType::{Counter, Gauge};
        match self {
            Self::Requests => (Counter, "requests_total"),
            Self::Open => (Gauge, "open_streams"),
            Self::Answers => (Counter, "guard_answers_total"),
            Self::Failed => (Counter, "guard_failed_total"),
            Self::Slow => (Counter, "guard_slow_total"),
            Self::State => (Gauge, "guard_state"),
            Self::WindowAnswers => (Gauge, "guard_window_answers"),
            Self::WindowFailed => (Gauge, "guard_window_failed"),
            Self::WindowSlow => (Gauge, "guard_window_slow"),
        }
    }
}

/// The metrics of one version, each there from when there is something to tell.
#[derive(Debug)]
pub(super) struct Metrics {
    tags: Box<str>,
    /// The host's numbers for them.
    numbers: RefCell<[Option<u32>; Metric::COUNT]>,
}

impl Metrics {
    pub(super) fn new(service: &str, version: &str) -> Self {
        Self {
            tags: [tag("service", service), tag("version", version)]
                .concat()
                .into(),
            numbers: RefCell::default(),
        }
    }

    /// Adds to a counter, or to a gauge of which other workers have parts of their own.
    pub(super) fn add(&self, metric: Metric, more: i64) {
        if more != 0
            && let Some(number) = self.number(metric)
        {
            let _ = hostcalls::increment_metric(number, more);
        }
    }

    /// Sets a gauge that every worker knows.
    pub(super) fn set(&self, metric: Metric, value: u32) {
        if let Some(number) = self.number(metric) {
            let _ = hostcalls::record_metric(number, value.into());
        }
    }

    fn number(&self, metric: Metric) -> Option<u32> {
        let mut numbers = self.numbers.borrow_mut();
        let slot = numbers.get_mut(metric as usize)?;
        if slot.is_none() {
            let (kind, name) = metric.name();
            *slot = number(kind, format!("{}graylane_{name}", self.tags));
        }
        *slot
    }
}

/// Before the name, in the form from which Envoy's `stats_tags` make labels; Istio's own metrics
/// have the same.
fn tag(name: &str, value: &str) -> String {
    format!("gray_{name}=.={value};.;")
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
