//! What is told of verdicts: a line for each change, and gauges of how versions stand.

use log::warn;

use super::count::{Metric, Metrics};
use super::notice::Notice;
use crate::guard::{Because, Counts, Judged};
use crate::rules::{Guard, Service, Version};

/// Tells the gauges how a version stands, and what has been seen of it.
pub(super) fn measure(metrics: &Metrics, judged: &Judged) {
    let answers = judged.seen.answers();
    metrics.set(Metric::State, judged.standing.state.number().into());
    metrics.set(Metric::WindowAnswers, answers.answers.into());
    metrics.set(Metric::WindowFailed, answers.failed.into());
    metrics.set(Metric::WindowSlow, answers.slow.into());
}

/// Tells in the log that a version stands otherwise, if this worker has made it so: JSON behind a
/// word to find it by.
pub(super) fn tell(
    service: &Service,
    version: &Version,
    guard: &Guard,
    judged: &Judged,
    notice: &mut Notice,
) {
    let Some((before, because)) = judged.change else {
        return;
    };
    let counts = |counts: Counts| {
        let Counts {
            answers,
            failed,
            slow,
        } = counts;
        format!(r#""answers":{answers},"failed":{failed},"slow":{slow}"#)
    };
    let beside = if guard.compares() {
        format!("{{{}}}", counts(judged.seen.beside()))
    } else {
        "null".to_owned()
    };
    let json = format!(
        r#"{{"service":"{}","version":"{}","cluster":{:?},"from":"{}","to":"{}","because":"{}","window_ms":{},{},"hanging":{},"baseline":{beside},"trace_ids":{:?}}}"#,
        service.name(),
        version.name(),
        version.cluster().unwrap_or_default(),
        before.state.name(),
        judged.standing.state.name(),
        because.name(),
        guard.window,
        counts(judged.seen.answers()),
        judged.seen.hanging(),
        judged.seen.traces,
    );
    warn!("verdict: {json}");
    // Whoever has passed it tells of it.
    if because == Because::Fleet {
        return;
    }
    let seen = judged.seen.answers();
    let text = format!(
        "graylane: {}/{} is {}, and was {}: {}. Of its last {} answers, {} failed and {} were slow.",
        service.name(),
        version.name(),
        judged.standing.state.name(),
        before.state.name(),
        because.name(),
        seen.answers,
        seen.failed,
        seen.slow,
    );
    notice.add(&json, &text);
}
