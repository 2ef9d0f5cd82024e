//! Numbers, in Envoy's statistics.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;

use crate::DryRun;
use crate::remote::Subject;
use crate::rules::Rule;

/// Series of this worker that have a rule: the host never forgets one, and a policy may have 10,000
/// rules. What further ones do is counted without their names.
const MAX_SERIES: usize = 1_000;

thread_local! {
    /// The host's numbers for the metrics. They outlive a configuration: the host would give the
    /// same name another number, and keep both.
    static NUMBERS: RefCell<BTreeMap<String, u32>> = const { RefCell::new(BTreeMap::new()) };

    /// Of each gauge that policies tell, the latest that has told it: an old policy may go after the
    /// new one came.
    static LATEST: RefCell<BTreeMap<u32, u64>> = const { RefCell::new(BTreeMap::new()) };

    /// How many series with a rule there are, of whatever policies this worker has had.
    static SERIES: Cell<usize> = const { Cell::new(0) };

    /// How many gauges of policies there have been.
    static GAUGES: Cell<u64> = const { Cell::new(0) };
}

/// Counts what would have been decided.
pub(super) fn dry_run(dry: &DryRun<'_>) {
    let named = |rule: &str| {
        let (service, version) = (tag("service", dry.service), tag("version", dry.version));
        format!("{service}{rule}{version}graylane_dry_run_total")
    };
    if let Some(number) = of_rule(dry.reason.rule(), &named) {
        increment(number, 1);
    }
}

/// What is told of a config centre, for each of its documents.
#[derive(Clone, Copy, Debug)]
pub(super) enum About {
    /// Requests that went wrong.
    Failures,
    /// Documents that were refused.
    Refused,
    /// Seconds since it answered as it should.
    Age,
}

/// Adds to a counter of a config centre, or sets a gauge.
pub(super) fn about(about: About, subject: Subject, value: u64) {
    let (kind, name) = match about {
        About::Failures => (MetricType::Counter, "failures_total"),
        About::Refused => (MetricType::Counter, "refused_total"),
        About::Age => (MetricType::Gauge, "age_seconds"),
    };
    let document = tag("document", subject.name());
    let name = format!("{document}graylane_remote_{name}");
    match number(kind, name) {
        Some(number) if matches!(about, About::Age) => {
            let _ = hostcalls::record_metric(number, value);
        }
        Some(number) => {
            let _ = hostcalls::increment_metric(number, i64::try_from(value).unwrap_or(1));
        }
        None => {}
    }
}

/// Adds to a counter that is known by its name.
fn count(name: String, more: u32) {
    if more > 0
        && let Some(number) = counter(name)
    {
        increment(number, more);
    }
}

/// The host's number for a counter of this name.
pub(super) fn counter(name: String) -> Option<u32> {
    number(MetricType::Counter, name)
}

/// The host's number for a counter that is named with its rule's tag, as long as there may be more
/// of these, and then without.
pub(super) fn of_rule(rule: Option<&Rule>, named: &dyn Fn(&str) -> String) -> Option<u32> {
    let full = rule.map(|rule| named(&tag("rule", rule.name())));
    let may_be = |name: &String| {
        let is_known = NUMBERS.with_borrow(|numbers| numbers.contains_key(name));
        let series = SERIES.get();
        if !is_known && series < MAX_SERIES {
            SERIES.set(series.saturating_add(1));
        }
        is_known || series < MAX_SERIES
    };
    counter(full.filter(may_be).unwrap_or_else(|| named("")))
}

/// Adds to the counter of this number.
pub(super) fn increment(number: u32, more: u32) {
    let _ = hostcalls::increment_metric(number, more.into());
}

const REFUSED: &str = "graylane_policy_refused_total";
const ALIVE: &str = "graylane_alive_seconds_total";

/// Has the counters there that alerts look at: from 0, or their first event would be no increase.
pub(super) fn begin() {
    for name in [REFUSED, ALIVE] {
        counter(name.to_owned());
    }
}

/// Counts a policy of the configuration that was refused.
pub(super) fn refused() {
    count(REFUSED.to_owned(), 1);
}

/// Counts seconds that this worker's module has lived.
pub(super) fn alive(seconds: u32) {
    count(ALIVE.to_owned(), seconds);
}

/// Counts verdicts that somebody was to be told, and never was.
pub(super) fn given_up(verdicts: u32) {
    count("graylane_notify_given_up_total".to_owned(), verdicts);
}

/// Counts a tag that came with a request, and was not believed.
pub(super) fn tag_dropped() {
    let name = "graylane_tags_dropped_total".to_owned();
    if let Some(number) = number(MetricType::Counter, name) {
        let _ = hostcalls::increment_metric(number, 1);
    }
}

/// Tells how many other proxies are heard of.
pub(super) fn proxies(others: usize) {
    let name = "graylane_fleet_proxies".to_owned();
    if let Some(number) = number(MetricType::Gauge, name) {
        let _ = hostcalls::record_metric(number, others as u64);
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
    /// How long each answer took until its headers.
    Milliseconds,
}

impl Metric {
    const COUNT: usize = Self::Milliseconds as usize + 1;

    fn name(self) -> (MetricType, &'static str) {
        use MetricType::{Counter, Gauge, Histogram};
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
            Self::Milliseconds => (Histogram, "answer_milliseconds"),
        }
    }
}

/// The classes of an answer's status, by its hundreds; the first has none.
pub(super) const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

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

    /// Sets a gauge that every worker knows, or puts a value into a histogram.
    pub(super) fn set(&self, metric: Metric, value: u64) {
        if let Some(number) = self.number(metric) {
            let _ = hostcalls::record_metric(number, value);
        }
    }

    /// Adds to the answers of one of [`CLASSES`].
    pub(super) fn add_answers(&self, class: &str, more: u32) {
        if more > 0 {
            let class = tag("class", class);
            count(format!("{}{class}graylane_answers_total", self.tags), more);
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

/// A gauge of a policy in force: 0 when no policy tells it any more.
#[derive(Debug)]
pub(super) struct Gauge {
    number: u32,
    /// Which of all gauges it is, from 1.
    id: u64,
}

impl Gauge {
    /// The one of this name that counts once it is set.
    pub(super) fn new(name: &str) -> Option<Self> {
        let number = number(MetricType::Gauge, name.to_owned())?;
        let id = GAUGES.get().saturating_add(1);
        GAUGES.set(id);
        Some(Self { number, id })
    }

    /// Sets it, unless a later one has been set.
    pub(super) fn set(&self, value: u64) {
        LATEST.with_borrow_mut(|latest| {
            let latest = latest.entry(self.number).or_default();
            if *latest <= self.id {
                *latest = self.id;
                let _ = hostcalls::record_metric(self.number, value);
            }
        });
    }
}

impl Drop for Gauge {
    /// One that was never set has nothing to take back: its configuration was in force nowhere, and
    /// the value is another one's.
    fn drop(&mut self) {
        LATEST.with_borrow_mut(|latest| {
            let latest = latest.get_mut(&self.number);
            if let Some(latest) = latest.filter(|latest| **latest == self.id) {
                *latest = 0;
                let _ = hostcalls::record_metric(self.number, 0);
            }
        });
    }
}

/// Before the name, in the form from which Envoy's `stats_tags` make labels; Istio's own metrics
/// have the same.
pub(super) fn tag(name: &str, value: &str) -> String {
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
