//! Users on both versions, their load, and who of them was answered by another version than theirs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::NAME;
use crate::checks::people::with_user;
use crate::client::{Bounds, Load, Pace, Protocol, Record, Visit};
use crate::native::Native;
use crate::report::Row;

const USERS: usize = 200;
/// So many at once, each with a connection of each protocol.
pub(super) const CLIENTS: usize = 4;

/// Users, half of them over HTTP/2, and the version of each by the core.
pub(super) struct Crowd {
    visits: Arc<[Visit]>,
    homes: BTreeMap<String, Option<String>>,
}

impl Crowd {
    pub(super) fn of(policy: &Value) -> Result<Self> {
        let native = Native::compile(policy)?;
        let visits: Arc<[Visit]> = (0..USERS)
            .map(|number| {
                let protocol = [Protocol::Http1, Protocol::Http2][number % 2];
                with_user(Visit::of(format!("user-{number}"))).over(protocol)
            })
            .collect();
        let homes = visits.iter().map(|visit| {
            let version = native.decide(visit).version;
            (visit.user.clone(), version)
        });
        Ok(Self {
            homes: homes.collect(),
            visits,
        })
    }

    /// One of them who is on v2, by this protocol.
    pub(super) fn canary(&self, protocol: Protocol) -> Result<Visit> {
        let on_v2 = |visit: &&Visit| {
            let home = self.homes.get(&visit.user);
            home.is_some_and(|home| home.as_deref() == Some("v2"))
        };
        let found = self.visits.iter().find(on_v2);
        Ok(found.context("nobody is on v2")?.clone().over(protocol))
    }

    /// All of them, over and over, on connections that stay open as long as Envoy keeps them.
    pub(super) fn load(&self, to: SocketAddr) -> Load {
        let bounds = Bounds {
            pause: Duration::from_millis(20),
            pace: Pace {
                clients: CLIENTS,
                renew_after: usize::MAX,
                patience: Duration::from_secs(20),
            },
            ..Bounds::default()
        };
        Load::start(to, &self.visits, bounds)
    }

    /// Whether a version has answered that is not the user's own.
    fn moved(&self, record: &Record) -> bool {
        let home = self.homes.get(&record.user);
        record.is_success() && home != Some(&record.version)
    }

    /// How many were answered by another version than their own.
    pub(super) fn stayed(&self, case: &str, records: &[Record]) -> Row {
        let moved = records.iter().filter(|record| self.moved(record)).count();
        Row::exact(NAME, format!("{case}: users that moved"), 0, moved)
    }

    /// The same, where some were to be on the baseline: how many were on a canary that is not theirs.
    pub(super) fn strays(&self, records: &[Record]) -> usize {
        let stray =
            |record: &&Record| self.moved(record) && record.version.as_deref() != Some("v1");
        records.iter().filter(stray).count()
    }
}
