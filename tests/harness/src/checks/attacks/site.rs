//! One Envoy under one policy, what is asked of it, and what must be true of it afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::NAME;
use crate::Progress;
use crate::backend::{Echo, Fleet, unescape};
use crate::client::{Answer, Pace, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

pub(super) const TAG: &str = "x-gray-version";
pub(super) const CLUSTER: &str = "x-gray-cluster";
pub(super) const MIRROR: &str = "x-gray-mirror";

/// Copies are under way for a moment after their answers.
const PATIENCE: Duration = Duration::from_secs(20);
/// Nothing is under way any more once the count stands still for so long.
const STILL: Duration = Duration::from_millis(200);

/// What there may be beside the answers.
#[derive(Clone, Copy, Default)]
pub(super) struct Allowed {
    /// Copies that the core wants.
    pub(super) copies: usize,
    /// Requests whose backend has seen their headers, when Envoy refused their body.
    pub(super) broken_off: usize,
    /// Answers of 501.
    pub(super) unknown: usize,
}

/// An Envoy, its backends, and what the core makes of its policy.
pub(super) struct Site {
    pub(super) envoy: Envoy,
    pub(super) backends: Fleet,
    pub(super) native: Native,
}

impl Site {
    /// Starts the sample under this policy, where the backend sees by what this hop was routed.
    pub(super) async fn start(lab: &Lab, setup: &Setup, policy: &Value) -> Result<Self> {
        let backends = lab.backends(&["v1", "v2", "v3"]).await?;
        let setup = setup.clone().policy(policy).showing_hop_headers();
        Ok(Self {
            envoy: lab.envoy(&setup, &backends).await?,
            backends,
            native: Native::compile(policy)?,
        })
    }

    /// Sends each visit once.
    pub(super) async fn ask(&self, case: &str, visits: &Arc<[Visit]>) -> Result<Vec<Answer>> {
        let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
        drive(self.envoy.address(), visits, Pace::default(), progress).await
    }

    /// How many of these were answered by the version that is wanted of them, with each of the
    /// three headers as the core leaves it.
    pub(super) fn right(
        &self,
        case: &str,
        visits: &[Visit],
        answers: &[Answer],
        wanted: impl Fn(usize, &Visit) -> Option<String>,
    ) -> usize {
        let both = visits.iter().zip(answers).enumerate();
        let wrong = both.filter_map(|(number, (visit, answer))| {
            let said = self.wrong(visit, answer, wanted(number, visit).as_deref())?;
            Some((visit, said))
        });
        let wrong: Vec<_> = wrong.collect();
        for (visit, said) in wrong.iter().take(3) {
            let headers = visit.headers.iter().map(|(name, value)| {
                let value = value.get(..value.len().min(40)).unwrap_or_default();
                format!("{name}: {}", value.escape_ascii())
            });
            let headers: Vec<_> = headers.collect();
            eprintln!("{NAME}: {case}: {:?}: {headers:?}: {said}", visit.protocol);
        }
        visits.len() - wrong.len()
    }

    fn wrong(&self, visit: &Visit, answer: &Answer, wanted: Option<&str>) -> Option<String> {
        let reply = match answer {
            Ok(reply) if reply.is_success() => reply,
            Ok(reply) => return Some(format!("status {}", reply.status)),
            Err(error) => return Some(error.clone()),
        };
        let decided = self.native.decide(visit).version;
        let got = reply.version();
        if got != wanted || decided.as_deref() != wanted {
            return Some(format!("{got:?}, by the core {decided:?}, not {wanted:?}"));
        }
        let after = self.native.after(visit);
        let differs = [TAG, CLUSTER, MIRROR].into_iter().find(|name| {
            let seen = reply.seen(name);
            seen != after.values(name)
        });
        differs.map(|name| format!("{name} is not what the core leaves"))
    }

    /// What a backend said of a request is what the core says of the request as it arrived there,
    /// under one tag and one cluster.
    pub(super) fn agrees(&self, echo: &Echo) -> bool {
        let arrived = arrived(echo);
        let verdict = self.native.decide(&arrived);
        let one = |name: &str, value: &Option<String>| {
            echo.header(name)
                .iter()
                .map(Vec::as_slice)
                .eq(value.iter().map(String::as_bytes))
        };
        verdict.version.as_deref() == Some(&*echo.version)
            && one(TAG, &verdict.version)
            && one(CLUSTER, &verdict.cluster)
    }

    /// Afterwards: each answer was one request at one backend, and each copy that the core wanted,
    /// and no backend has seen a request that Envoy did not send; nothing ended in 5xx; and both
    /// workers have decided all that they had, so their modules live.
    pub(super) async fn sound(
        &self,
        case: &str,
        answers: usize,
        allowed: Allowed,
    ) -> Result<[Row; 2]> {
        let least = answers + allowed.copies;
        let most = least + allowed.broken_off;
        let reached = self.reached(least as u64).await?;
        let sent = self
            .counted(r"^cluster\.checkout-v\d\.upstream_rq_total$")
            .await?;
        let failed = self.counted(r"^http\.ingress\.downstream_rq_5xx$").await?;
        let undecided = r"^vhost\.checkout\.route\.baseline\.upstream_rq_total$";
        let undecided = self.counted(undecided).await?;
        let workers = self.envoy.admin().connections_by_worker().await?;
        let busy = workers.iter().filter(|taken| **taken > 0).count();
        let accepted = match allowed.broken_off {
            0 => "exact".to_owned(),
            _ => format!("to {most}: some break off in the body"),
        };
        Ok([
            Row::judged(
                NAME,
                format!("{case}: requests at the backends; as Envoy sent them"),
                least,
                format!("{reached}; {sent}"),
                accepted,
                least as u64 <= reached && reached <= sent && sent <= most as u64,
            ),
            Row::exact(
                NAME,
                format!("{case}: 5xx; left undecided, of 2 workers"),
                format!("{}; 0, of 2", allowed.unknown),
                format!("{failed}; {undecided}, of {busy}"),
            ),
        ])
    }

    async fn counted(&self, stats: &str) -> Result<u64> {
        Ok(self.envoy.admin().stats(stats).await?.into_values().sum())
    }

    /// How many requests have reached the backends, once no more come.
    async fn reached(&self, wanted: u64) -> Result<u64> {
        let until = Instant::now() + PATIENCE;
        let mut before = None;
        loop {
            let reached = self.backends.requests().await?;
            let still = before == Some(reached);
            if still && (reached >= wanted || Instant::now() > until) {
                return Ok(reached);
            }
            before = Some(reached);
            tokio::time::sleep(STILL).await;
        }
    }
}

/// The request as its backend has seen it.
fn arrived(echo: &Echo) -> Visit {
    let mut visit = Visit::of("").to(&echo.path).at(&echo.authority);
    visit.method.clone_from(&echo.method);
    let headers = echo.headers.iter();
    visit.headers = headers
        .map(|(name, value)| (name.clone(), unescape(value)))
        .collect();
    visit
}
