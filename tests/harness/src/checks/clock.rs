//! Conditions on time and ramps, under load that runs across their moments: each answer is the
//! core's for the moment at which it was given.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::people::with_user;
use crate::Progress;
use crate::client::{Bounds, Load, Protocol, Record, Visit};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "clock";
/// From one moment of a rule to its next, in milliseconds.
const STEP: u64 = 2_000;
/// The first moment is so far ahead when Envoy is started, and farther where Envoy takes longer.
const LEADS: [u64; 4] = [4_000, 10_000, 30_000, 60_000];
/// Load before the first moment and after the last, in milliseconds.
const MARGIN: u64 = 1_000;
/// Users of each fate.
const EACH: usize = 12;

/// Somebody's answer changes.
struct Crossing {
    what: &'static str,
    path: &'static str,
    at: u64,
}

/// A policy and all of its moments.
struct Plan {
    policy: Value,
    crossings: Vec<Crossing>,
}

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2", "v3"]).await?;
    for lead in LEADS {
        let plan = plan(millis(SystemTime::now()) + lead);
        let setup = Setup::of("standalone").policy(&plan.policy);
        let envoy = lab.envoy(&setup, &backends).await?;
        let (Some(first), Some(last)) = (plan.moments().min(), plan.moments().max()) else {
            bail!("a plan without moments");
        };
        if millis(SystemTime::now()) + MARGIN > first {
            eprintln!("{NAME}: Envoy was up too late for moments {lead} ms ahead");
            continue;
        }
        let native = Native::compile(&plan.policy)?;
        let visits = telling(&native, &plan);
        let records = load_until(&envoy, &visits, last + MARGIN).await?;
        return Ok(judge(&native, &plan, &visits, &records));
    }
    bail!("Envoy takes longer to start than {LEADS:?} ms");
}

fn millis(moment: SystemTime) -> u64 {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Plan {
    fn moments(&self) -> impl Iterator<Item = u64> {
        self.crossings.iter().map(|crossing| crossing.at)
    }
}

/// A rule that begins, one that ends, one that does both, and two ramps of one split.
fn plan(start: u64) -> Plan {
    let ramp = start + STEP / 2;
    let crossing = |what, path, at| Crossing { what, path, at };
    Plan {
        policy: policy(start, ramp),
        crossings: vec![
            crossing("a rule from a moment on", "/opens", start),
            crossing("a rule until a moment", "/closes", start + STEP),
            crossing("a stretch begins", "/stretch", start),
            crossing("a stretch ends", "/stretch", start + 2 * STEP),
            crossing("ramps 0 → 10 %, 0 → 50 %", "/ramp", ramp),
            crossing("ramp 10 → 40 %", "/ramp", ramp + STEP),
            crossing("ramps 40 → 100 %, 50 → 0 %", "/ramp", ramp + 2 * STEP),
        ],
    }
}

fn policy(start: u64, ramp: u64) -> Value {
    let text = |at| {
        let moment = UNIX_EPOCH + Duration::from_millis(at);
        humantime::format_rfc3339_millis(moment).to_string()
    };
    let lasting = |steps: u64| format!("{}ms", steps * STEP);
    let version = |name: &str| json!({ "name": name, "cluster": format!("checkout-{name}") });
    let during = |name: &str, time: Value| {
        let path = json!({ "path": { "equals": format!("/{name}") } });
        json!({ "name": name, "when": { "all": [path, { "time": time }] }, "use": "v2" })
    };
    let rising = json!([
        { "percent": 10, "for": lasting(1) },
        { "percent": 40, "for": lasting(1) },
        { "percent": 100 },
    ]);
    let falling = json!([{ "percent": 50, "for": lasting(2) }, { "percent": 0 }]);
    let to = [("v2", rising), ("v3", falling)].map(|(version, steps)| {
        json!({ "version": version, "ramp": { "start": text(ramp), "steps": steps } })
    });
    json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [version("v1"), version("v2"), version("v3")],
            "rules": [
                during("opens", json!({ "from": text(start) })),
                during("closes", json!({ "until": text(start + STEP) })),
                during("stretch", json!({ "from": text(start), "until": text(start + 2 * STEP) })),
                { "name": "ramp",
                  "when": { "path": { "equals": "/ramp" } },
                  "split": { "by": [{ "header": "x-user-id" }], "to": to } },
            ],
        }],
    })
}

/// Users of every fate: the versions that they see at one moment after the other.
fn telling(native: &Native, plan: &Plan) -> Arc<[Visit]> {
    let mut fates: BTreeMap<_, Vec<Visit>> = BTreeMap::new();
    for number in 0..4_000 {
        for path in ["/opens", "/closes", "/stretch", "/ramp"] {
            let visit = with_user(Visit::of(format!("{path}-user-{number}"))).to(path);
            let versions: Vec<_> = plan
                .moments()
                .map(|at| native.decide_at(&visit, at).version)
                .collect();
            let fate = fates.entry((path, versions)).or_default();
            if fate.len() < EACH {
                let protocol = [Protocol::Http1, Protocol::Http2][fate.len() % 2];
                fate.push(visit.over(protocol));
            }
        }
    }
    // The first of each fate, then the second: neighbours in time are of different fates.
    let turns = (0..EACH).flat_map(|turn| fates.values().filter_map(move |fate| fate.get(turn)));
    turns.cloned().collect()
}

async fn load_until(envoy: &Envoy, visits: &Arc<[Visit]>, end: u64) -> Result<Vec<Record>> {
    let _progress = Progress::waiting("clock: across every moment");
    let load = Load::start(envoy.address(), visits, Bounds::default());
    while millis(SystemTime::now()) < end {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    load.stop().await
}

fn judge(native: &Native, plan: &Plan, visits: &[Visit], records: &[Record]) -> Vec<Row> {
    let of_user: BTreeMap<_, _> = visits.iter().map(|visit| (&*visit.user, visit)).collect();
    let asked: Vec<_> = records
        .iter()
        .filter_map(|record| Some((*of_user.get(&*record.user)?, record)))
        .collect();
    let (mut right, mut between, mut examples) = (0, 0, 3);
    for (visit, record) in &asked {
        let answers = answers(native, plan, visit, record);
        between += usize::from(answers.len() > 1);
        if record.is_success() && answers.contains(&record.version) {
            right += 1;
        } else if examples > 0 {
            examples -= 1;
            let (got, why) = (&record.version, &record.failure);
            eprintln!("{NAME}: {}: {got:?}, not {answers:?} {why:?}", record.user);
        }
    }
    let case = format!("answered as the core says; {between} asked between two moments");
    let mut rows = vec![Row::exact(NAME, case, records.len(), right)];
    let crossings = plan.crossings.iter();
    rows.extend(crossings.map(|crossing| seen_on_both_sides(native, crossing, &asked)));
    rows
}

/// What may be answered: what the core says when it was sent, and at each moment that came until
/// its answer was there.
fn answers(native: &Native, plan: &Plan, visit: &Visit, record: &Record) -> Vec<Option<String>> {
    let (sent, answered) = (millis(record.sent_at), millis(record.answered_at));
    let moments = plan
        .moments()
        .filter(|at| (sent + 1..=answered).contains(at));
    let mut answers: Vec<_> = [sent]
        .into_iter()
        .chain(moments)
        .map(|at| native.decide_at(visit, at).version)
        .collect();
    answers.sort();
    answers.dedup();
    answers
}

/// Users whose answer changes there were asked in the step before, and in the step after.
fn seen_on_both_sides(native: &Native, crossing: &Crossing, asked: &[(&Visit, &Record)]) -> Row {
    let at = crossing.at;
    let told = |(visit, _): &&(&Visit, &Record)| {
        let version = |now| native.decide_at(visit, now).version;
        visit.path == crossing.path && version(at - 1) != version(at)
    };
    let (mut before, mut after) = (0, 0);
    for (_, record) in asked.iter().filter(told) {
        let (sent, answered) = (millis(record.sent_at), millis(record.answered_at));
        before += usize::from(sent + STEP >= at && answered < at);
        after += usize::from(sent >= at && answered < at + STEP);
    }
    Row::judged(
        NAME,
        crossing.what,
        "answers of both sides",
        format!("{before} before, {after} after"),
        "some of each",
        before > 0 && after > 0,
    )
}
