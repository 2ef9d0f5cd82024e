//! Load while policies change: who was answered by which.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::NAME;
use crate::checks::failed;
use crate::checks::people::with_user;
use crate::client::{Bounds, Load, Pace, Protocol, Record, Visit};
use crate::native::Native;
use crate::report::Row;

const USERS: usize = 200;
/// Clients at once, and each one's pause: 200 requests in a second.
const CLIENTS: usize = 8;
const PAUSE: Duration = Duration::from_millis(40);
/// The end of what is asked under one policy: by then every worker follows.
const LAST: Duration = Duration::from_millis(400);
/// Load after a policy was said to be in force: by more than that end.
pub(super) const SETTLED: Duration = Duration::from_millis(1_200);

/// Running load, from a policy that is in force.
pub(super) struct Traffic {
    load: Load,
    users: Arc<[Visit]>,
    policies: Vec<InForce>,
}

/// A policy that came into force.
struct InForce {
    native: Native,
    /// When its centre was told, and when the centre had it.
    begun: Instant,
    done: Instant,
}

/// What load has seen.
pub(super) struct Seen {
    records: Vec<Record>,
    users: Arc<[Visit]>,
    policies: Vec<InForce>,
    ended: Instant,
}

impl Traffic {
    pub(super) fn start(to: SocketAddr, policy: &Value) -> Result<Self> {
        let users: Arc<[Visit]> = (0..USERS)
            .map(|number| {
                let visit = with_user(Visit::of(number.to_string()));
                visit.over([Protocol::Http1, Protocol::Http2][number % 2])
            })
            .collect();
        let bounds = Bounds {
            time: Duration::from_hours(24),
            visits: usize::MAX,
            pause: PAUSE,
            pace: Pace {
                clients: CLIENTS,
                ..Pace::default()
            },
        };
        let now = Instant::now();
        Ok(Self {
            load: Load::start(to, &users, bounds),
            users,
            policies: vec![InForce {
                native: Native::compile(policy)?,
                begun: now,
                done: now,
            }],
        })
    }

    /// Changes the policy: `publish` tells the centre, `wait` returns when it is in force.
    pub(super) async fn change(
        &mut self,
        policy: &Value,
        publish: impl Future<Output = Result<()>>,
        wait: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        let native = Native::compile(policy)?;
        let begun = Instant::now();
        publish.await?;
        self.policies.push(InForce {
            native,
            begun,
            done: Instant::now(),
        });
        wait.await?;
        tokio::time::sleep(SETTLED).await;
        Ok(())
    }

    pub(super) async fn stop(self) -> Result<Seen> {
        tokio::time::sleep(SETTLED).await;
        let ended = Instant::now();
        Ok(Seen {
            records: self.load.stop().await?,
            users: self.users,
            policies: self.policies,
            ended,
        })
    }
}

impl Seen {
    /// That nobody failed, and everybody was answered by a policy that was in force.
    pub(super) fn rows(&self, case: &str) -> [Row; 2] {
        let strange = self.records.iter().filter(|own| self.is_strange(own));
        let strange = Row::exact(
            NAME,
            format!("{case}: answered by another policy"),
            0,
            strange.count(),
        );
        [failed(NAME, case, &self.records), strange]
    }

    /// How long each change took until the last request that the old policy still decided; `None`
    /// for one that not every worker followed.
    pub(super) fn effects(&self) -> Vec<Option<Duration>> {
        let ends = self.policies.iter().skip(2).map(|next| next.begun);
        let ends = ends.chain([self.ended]);
        let effect = |(pair, end): (&[InForce], Instant)| {
            let [old, new] = pair else { return None };
            let inside = self.records.iter().filter(|record| {
                record.sent >= new.done && record.answered < end && self.tells(record, old, new)
            });
            let mut told = 0;
            let mut last = None;
            for record in inside {
                told += 1;
                if self.decided(&old.native, record) == record.version {
                    last = last.max(Some(record.sent));
                }
            }
            let followed = last.is_none_or(|last| end - last > LAST);
            let after = last.map_or(Duration::ZERO, |last| last - new.done);
            (told > 0 && followed).then_some(after)
        };
        self.policies.windows(2).zip(ends).map(effect).collect()
    }

    fn tells(&self, record: &Record, old: &InForce, new: &InForce) -> bool {
        self.decided(&old.native, record) != self.decided(&new.native, record)
    }

    /// Whether no policy has it so that could be in force. The one before counts as well: its
    /// successor may not have come yet.
    fn is_strange(&self, record: &Record) -> bool {
        let begun_by = |when: Instant| self.policies.partition_point(|own| own.begun <= when);
        let first = begun_by(record.sent).saturating_sub(2);
        let last = begun_by(record.answered);
        let possible = self.policies.get(first..last).unwrap_or_default();
        let of = |own: &InForce| self.decided(&own.native, record) == record.version;
        record.is_success() && !possible.iter().any(of)
    }

    fn decided(&self, native: &Native, record: &Record) -> Option<String> {
        let number: usize = record.user.parse().ok()?;
        native.decide(self.users.get(number)?).version
    }
}
