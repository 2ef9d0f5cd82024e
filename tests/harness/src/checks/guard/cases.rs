//! Versions under guard: how each turns, and what the guard has to make of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::backend::{Mood, Trouble};

/// From when on an answer is slow, as the guards below have it.
pub(super) const SLOW: Duration = Duration::from_millis(500);
/// How late the answers of a version are that has turned slow.
pub(super) const LATE: Duration = Duration::from_secs(1);
/// For how long a port is closed: longer than anybody looks.
const GONE: Duration = Duration::from_mins(10);

/// A canary under guard. Cases of one service are canaries of the same one.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) service: &'static str,
    pub(super) version: &'static str,
    pub(super) guard: Value,
    /// How the version is until it turns.
    pub(super) before: Mood,
    pub(super) turn: Turn,
    /// How the service's baseline is.
    pub(super) baseline: Baseline,
    pub(super) asks: Asks,
    /// Its verdicts in order, each as `from → to: because`.
    pub(super) verdicts: &'static [&'static str],
}

/// How a version turns.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    /// It gets another mood.
    Mood(Mood),
    /// Its port closes.
    Gone(Duration),
}

/// The baselines, several services' each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Baseline {
    /// All of its answers are good.
    Well,
    /// One in ten fails.
    Worn,
}

/// What the users of a service ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// HTTP, in turn with the other services' users.
    Often,
    /// The same, a tenth as often.
    Seldom,
    /// HTTP, for what is not there: 404.
    InVain,
    /// gRPC, whose status stands in the trailers.
    Calls,
}

impl Case {
    /// A version that is well until it turns, and stays as it is.
    pub(super) fn new(service: &'static str, guard: Value, turn: Turn) -> Self {
        Self {
            service,
            version: "v2",
            guard,
            before: Mood::well(),
            turn,
            baseline: Baseline::Well,
            asks: Asks::Often,
            verdicts: &[],
        }
    }

    /// With these verdicts.
    pub(super) fn verdicts(mut self, verdicts: &'static [&'static str]) -> Self {
        self.verdicts = verdicts;
        self
    }

    fn asks(mut self, asks: Asks) -> Self {
        self.asks = asks;
        self
    }

    fn beside(mut self, baseline: Baseline) -> Self {
        self.baseline = baseline;
        self
    }

    /// How far back its answers count, in milliseconds.
    pub(super) fn window_ms(&self) -> Option<u64> {
        let window = humantime::parse_duration(self.guard["window"].as_str()?).ok()?;
        u64::try_from(window.as_millis()).ok()
    }

    /// Its own name among all.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.service, self.version)
    }
}

impl Baseline {
    pub(super) const ALL: [Self; 2] = [Self::Well, Self::Worn];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Well => "v1",
            Self::Worn => "worn",
        }
    }

    pub(super) fn mood(self) -> Mood {
        match self {
            Self::Well => Mood::well(),
            Self::Worn => Mood::of(Trouble::Fails, 100),
        }
    }
}

impl Asks {
    /// One user in so many of a service asks.
    pub(super) fn step(self) -> usize {
        match self {
            Self::Seldom => 10,
            Self::Often | Self::InVain | Self::Calls => 1,
        }
    }
}

/// A guard of the checks: it judges after twenty answers.
fn guard(limits: &[(&str, Value)]) -> Value {
    let mut guard = json!({ "window": "30s", "min_requests": 20 });
    for (name, limit) in limits {
        guard[name] = limit.clone();
    }
    guard
}

fn errors() -> Value {
    guard(&[("max_error_percent", json!(5))])
}

fn errors_and(fields: &[(&str, Value)]) -> Value {
    let mut guard = errors();
    for (name, value) in fields {
        guard[name] = value.clone();
    }
    guard
}

pub(super) fn slowness(percent: usize) -> (&'static str, Value) {
    let over = format!("{}ms", SLOW.as_millis());
    ("max_slow", json!({ "over": over, "percent": percent }))
}

/// So many in a thousand fail.
pub(super) fn fails(thousandths: u64) -> Turn {
    Turn::Mood(Mood::of(Trouble::Fails, thousandths))
}

/// So many in a thousand fail, as chance has it.
pub(super) fn fails_by_lot(thousandths: u64) -> Turn {
    Turn::Mood(Mood::of(Trouble::Fails, thousandths).by_lot())
}

/// So many in a thousand are slow.
pub(super) fn waits(thousandths: u64) -> Turn {
    Turn::Mood(Mood::of(Trouble::Waits(LATE), thousandths))
}

pub(super) fn hangs() -> Turn {
    Turn::Mood(Mood::of(Trouble::Hangs, 1_000))
}

pub(super) fn gone() -> Turn {
    Turn::Gone(GONE)
}

/// The service whose answers are counted one by one.
pub(super) const COUNTED: &str = "counted";
/// The service whose version gets well once it is closed.
pub(super) const RETURNS: &str = "returns";
/// The service whose version does not.
pub(super) const RELAPSES: &str = "relapses";
/// What part of the users of those two try again, in percent.
pub(super) const RETRY: f64 = 40.0;

/// Every case of the check.
pub(super) fn all() -> Vec<Case> {
    let slow = || guard(&[slowness(10)]);
    let above = |limits: Value| guard(&[slowness(90), ("above_baseline", limits)]);
    let row = |failures: u32| {
        guard(&[
            ("min_requests", json!(1_000)),
            ("consecutive_failures", json!(failures)),
        ])
    };
    let retry = || {
        let fields = [
            ("min_requests", json!(10)),
            ("retry_after", json!("3s")),
            ("retry_percent", json!(RETRY)),
        ];
        errors_and(&fields)
    };
    // Longer than the check, and past no limit: every answer stays in it.
    let counted = guard(&[("window", json!("30m")), ("max_error_percent", json!(90))]);
    let errors_above = || above(json!({ "error_percent": 10 }));
    let by_errors = &["open → closed: max_error_percent"];
    let by_slowness = &["open → closed: max_slow"];
    let mut twin = Case::new("twins", errors(), fails(0));
    twin.version = "v3";
    let worn = |case: Case| Case {
        before: Baseline::Worn.mood(),
        ..case.beside(Baseline::Worn)
    };
    vec![
        Case::new("fails-20", errors(), fails(200)).verdicts(by_errors),
        Case::new("fails-50", errors(), fails(500)).verdicts(by_errors),
        Case::new("fails-100", errors(), fails(1_000)).verdicts(by_errors),
        Case::new("slow", slow(), waits(500)).verdicts(by_slowness),
        Case::new("hangs", slow(), hangs()).verdicts(by_slowness),
        Case::new("gone", errors(), gone()).verdicts(by_errors),
        Case::new("calls", errors(), fails(500))
            .asks(Asks::Calls)
            .verdicts(by_errors),
        Case::new("seldom", row(5), fails(1_000))
            .asks(Asks::Seldom)
            .verdicts(&["open → closed: consecutive_failures"]),
        worn(Case::new("worse", errors_above(), fails(400)))
            .verdicts(&["open → closed: above_baseline.error_percent"]),
        Case::new("slower", above(json!({ "slow_percent": 10 })), waits(500))
            .verdicts(&["open → closed: above_baseline.slow_percent"]),
        Case::new("twins", errors(), fails(1_000)).verdicts(by_errors),
        twin,
        Case::new("noisy", errors(), fails(25)),
        worn(Case::new("alike", errors_above(), fails(100))),
        Case::new("in-vain", errors(), fails(0)).asks(Asks::InVain),
        // Evenly, requests that take turns among the workers could fail on one of them alone; by lot,
        // as many in a row come once in some 10^10 requests.
        Case::new("uneven", row(10), fails_by_lot(100)),
        Case::new(COUNTED, counted, fails(300)),
        Case::new(
            "observed",
            errors_and(&[("then", json!("observe"))]),
            fails(300),
        )
        .verdicts(&["open → observed: max_error_percent"]),
        Case::new(
            "paused",
            errors_and(&[("then", json!("pause"))]),
            fails(300),
        )
        .verdicts(&["open → paused: max_error_percent"]),
        Case::new(RETURNS, retry(), fails(500)).verdicts(&[
            "open → closed: max_error_percent",
            "closed → probing: retry_after",
            "probing → open: recovered",
        ]),
        Case::new(RELAPSES, retry(), fails(500)).verdicts(&[
            "open → closed: max_error_percent",
            "closed → probing: retry_after",
            "probing → closed: max_error_percent",
        ]),
    ]
}
