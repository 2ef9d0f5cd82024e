//! Spans say who got what and why; a trace that a request came with goes on; and where nothing is
//! traced, nothing of it is touched.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use super::logs::{annotating, sample};
use super::people::mixed_users;
use crate::Progress;
use crate::client::{Answer, Pace, Reply, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;
use crate::telemetry::{Otlp, Span};

const NAME: &str = "traces";
const USERS: usize = 300;
/// Envoy sends what it has every five seconds.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(200);
const TRACE: &str = "traceparent";
const BAGGAGE: &str = "baggage";
/// With properties, a space, and what others have encoded.
const ENTRIES: &str = "session=0f8fad5b;ttl=60, tenant=a%20b";

/// With a receiver of this machine; nothing where there is none, which is told.
pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    // One of this machine's loopback is not for Envoy in a container.
    if lab.beside().is_none() {
        eprintln!(
            "left out: the check {NAME}, which needs an Envoy of this machine: ENVOY_RUN=local"
        );
        return Ok(Vec::new());
    }
    let Some(program) = Otlp::program().await? else {
        eprintln!("left out: the check {NAME}, which needs the wheel of rotel, and pip finds none");
        return Ok(Vec::new());
    };
    let otlp = Otlp::start(program).await?;
    let mut rows = traced(lab, &otlp).await?;
    rows.push(untraced(lab).await?);
    Ok(rows)
}

/// What a request comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing.
    Nothing,
    /// A trace that is kept.
    Traced,
    /// A trace that nobody keeps.
    Unkept,
}

impl Before {
    fn of(number: usize) -> Self {
        // Against the pattern of who the users are.
        match number % 3 {
            0 => Self::Nothing,
            1 => Self::Traced,
            _ => Self::Unkept,
        }
    }

    fn header(self, number: usize) -> Option<String> {
        let flags = match self {
            Self::Nothing => return None,
            Self::Traced => "01",
            Self::Unkept => "00",
        };
        Some(format!("00-{}-{PARENT}-{flags}", trace(number)))
    }
}

/// The span that a request comes from.
const PARENT: &str = "b7ad6b7169203331";

/// The trace of a request that comes with one.
fn trace(number: usize) -> String {
    format!("0af7651916cd43dd{:016x}", number + 1)
}

fn users(count: usize) -> Arc<[Visit]> {
    let users = mixed_users(count);
    let users = users.iter().cloned().enumerate().map(|(number, visit)| {
        let visit = visit.with(BAGGAGE, ENTRIES);
        match Before::of(number).header(number) {
            Some(header) => visit.with(TRACE, header),
            None => visit,
        }
    });
    users.collect()
}

/// Envoy, as long as its spans are awaited; and who has asked, and what each was answered.
type Asked = (Envoy, Arc<[Visit]>, Vec<Answer>);

async fn ask(lab: &Lab, setup: &Setup, case: &str) -> Result<Asked> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let envoy = lab.envoy(setup, &backends).await?;
    let visits = users(USERS.min(lab.users()));
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    let answers = drive(envoy.address(), &visits, Pace::default(), progress).await?;
    Ok((envoy, visits, answers))
}

async fn traced(lab: &Lab, otlp: &Otlp) -> Result<Vec<Row>> {
    let policy = annotating();
    let native = Native::compile(&policy)?;
    let all = |tree: &mut Value| {
        if let Some(tracing) = manager(tree).get_mut("tracing") {
            tracing["random_sampling"] = json!({ "value": 100 });
        }
    };
    let setup = sample(&policy).leading_to("otel", otlp.at()).edited(all);
    let (_envoy, visits, answers) = ask(lab, &setup, "on").await?;
    let kept: Vec<_> = visits
        .iter()
        .enumerate()
        .filter(|(number, _)| Before::of(*number) != Before::Unkept)
        .collect();
    let spans = received(otlp, kept.len()).await;
    let by_path = by_path(&spans);
    let of = |visit: &Visit| by_path.get(visit.path.as_str()).copied();
    let wrong = kept.iter().filter_map(|(_, visit)| {
        let (got, wanted) = (of(visit).map(tags), native.annotation(visit));
        let wrong = got.as_ref() != Some(&said(&wanted));
        wrong.then(|| format!("{}: {got:?}, not {wanted}", visit.user))
    });
    let wrong: Vec<_> = wrong.collect();
    for how in wrong.iter().take(3) {
        eprintln!("{NAME}: {how}");
    }
    let before = |wanted: Before| {
        let users = visits.iter().zip(&answers).enumerate();
        users.filter(move |(number, _)| Before::of(*number) == wanted)
    };
    let mut rows = vec![
        Row::exact(
            NAME,
            "spans, one for each request that is traced",
            kept.len(),
            spans.len(),
        ),
        Row::exact(
            NAME,
            "version, rule and reason as the core says",
            kept.len(),
            kept.len() - wrong.len(),
        ),
    ];
    let continued = before(Before::Traced).filter(|(number, (visit, answer))| {
        let below = |span: &Span| span.trace == trace(*number) && span.parent == PARENT;
        of(visit).is_some_and(below) && goes_on(answer, *number, "01")
    });
    let continued = continued.count();
    rows.push(Row::exact(
        NAME,
        "a trace from before: the span is in it, and the backend is told",
        before(Before::Traced).count(),
        continued,
    ));
    let unkept = before(Before::Unkept)
        .filter(|(number, (visit, answer))| of(visit).is_none() && goes_on(answer, *number, "00"));
    rows.push(Row::exact(
        NAME,
        "a trace that nobody keeps: no span, and the backend is told",
        before(Before::Unkept).count(),
        unkept.count(),
    ));
    let untouched = answers
        .iter()
        .flatten()
        .filter(|reply| is(reply, BAGGAGE, &[ENTRIES]));
    rows.push(Row::exact(
        NAME,
        "baggage byte for byte",
        visits.len(),
        untouched.count(),
    ));
    Ok(rows)
}

/// Without tracing: whatever a request came with is at the backend as it was.
async fn untraced(lab: &Lab) -> Result<Row> {
    let none = |tree: &mut Value| {
        if let Some(manager) = manager(tree).as_object_mut() {
            manager.remove("tracing");
        }
    };
    let setup = sample(&annotating()).edited(none);
    let (_envoy, visits, answers) = ask(lab, &setup, "off").await?;
    let same = answers.iter().enumerate().filter(|(number, answer)| {
        let sent = Before::of(*number).header(*number);
        let sent: Vec<_> = sent.iter().map(String::as_str).collect();
        let reply = answer.as_ref().ok();
        reply.is_some_and(|reply| is(reply, TRACE, &sent) && is(reply, BAGGAGE, &[ENTRIES]))
    });
    Ok(Row::exact(
        NAME,
        "tracing off: both headers byte for byte",
        visits.len(),
        same.count(),
    ))
}

/// The sample's connection manager.
fn manager(tree: &mut Value) -> &mut Value {
    &mut tree["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
}

/// Once there are so many, or none come any more.
async fn received(otlp: &Otlp, count: usize) -> Vec<Span> {
    let until = Instant::now() + PATIENCE;
    loop {
        let spans = otlp.spans();
        if spans.len() >= count || Instant::now() > until {
            return spans;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Each user has a path.
fn by_path(spans: &[Span]) -> BTreeMap<&str, &Span> {
    let found = spans.iter().filter_map(|span| {
        let url = span.tags.get("http.url")?;
        Some((url.get(url.find("/cart/")?..)?, span))
    });
    found.collect()
}

/// What the sample's own tags say.
fn tags(span: &Span) -> BTreeMap<&str, &str> {
    let own = span.tags.iter();
    own.filter_map(|(name, value)| Some((name.strip_prefix("gray.")?, &**value)))
        .collect()
}

/// What they must say. A rule where none decided is no tag.
fn said(annotation: &Value) -> BTreeMap<&str, &str> {
    let texts = ["version", "rule", "reason"].into_iter();
    texts
        .filter_map(|name| Some((name, annotation[name].as_str()?)))
        .collect()
}

/// Whether the backend is in the same trace, below another span: the proxy's.
fn goes_on(answer: &Answer, number: usize, flags: &str) -> bool {
    let Ok(reply) = answer else {
        return false;
    };
    let seen = reply.seen(TRACE).concat();
    let seen = String::from_utf8_lossy(&seen);
    match seen.split('-').collect::<Vec<_>>()[..] {
        ["00", own, parent, kept] => own == trace(number) && parent != PARENT && kept == flags,
        _ => false,
    }
}

fn is(reply: &Reply, header: &str, values: &[&str]) -> bool {
    let values = values.iter().map(|value| value.as_bytes().to_vec());
    reply.seen(header) == values.collect::<Vec<_>>()
}
