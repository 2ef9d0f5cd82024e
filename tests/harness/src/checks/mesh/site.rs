//! The mesh under one policy, asked and held against the core.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use serde_json::Value;

use super::NAME;
use super::path::{Hop, by_way, expected, taken};
use super::policies::{at_the_edge, inside};
use crate::Progress;
use crate::checks::people::with_user;
use crate::client::{Answer, Pace, Protocol, Visit, drive};
use crate::envoy::Envoy;
use crate::lab::Lab;
use crate::mesh::Mesh;
use crate::native::Native;
use crate::report::Row;

/// A running mesh, and what the core makes of its policy.
pub(super) struct Site {
    pub(super) mesh: Mesh,
    inside: Native,
}

/// An edge before the mesh, and what the core makes of its policy.
pub(super) struct Entrance {
    edge: Envoy,
    native: Native,
}

/// Users who came by an edge: their answers, and the ways that the core says.
pub(super) struct Asked {
    pub(super) answers: Vec<Answer>,
    pub(super) wanted: Vec<Vec<Hop>>,
    pub(super) ways: Vec<Vec<Hop>>,
}

impl Site {
    /// Starts the services and their sidecars.
    pub(super) async fn start(lab: &Lab, policy: &Value) -> Result<Self> {
        let policy = inside(policy);
        Ok(Self {
            mesh: Mesh::start(lab, &policy).await?,
            inside: Native::compile(&policy)?,
        })
    }

    /// Starts an edge, of this policy or another one.
    pub(super) async fn entrance(&self, lab: &Lab, policy: &Value) -> Result<Entrance> {
        let policy = at_the_edge(policy);
        Ok(Entrance {
            edge: self.mesh.edge(lab, &policy).await?,
            native: Native::compile(&policy)?,
        })
    }

    /// Sends each visit by this edge. What is `foreseen` of it may be without what must not count.
    pub(super) async fn ask(
        &self,
        by: &Entrance,
        case: &str,
        visits: &Arc<[Visit]>,
        foreseen: &[Visit],
    ) -> Result<Asked> {
        let answers = send(by.edge.address(), visits, case).await?;
        let foreseen = foreseen.iter();
        let wanted = foreseen.map(|visit| expected(&by.native, &self.inside, visit));
        Ok(Asked {
            wanted: wanted.collect(),
            ways: answers.iter().map(taken).collect(),
            answers,
        })
    }
}

impl Asked {
    /// Whose way was as the core says, with all that each service saw.
    pub(super) fn right(&self) -> usize {
        let both = || self.wanted.iter().zip(&self.ways);
        for (wanted, way) in both().filter(|(wanted, way)| wanted != way).take(3) {
            eprintln!("{NAME}: {way:?}, not {wanted:?}");
        }
        if let Some(Err(error)) = self.answers.iter().find(|answer| answer.is_err()) {
            eprintln!("{NAME}: {error}");
        }
        both().filter(|(wanted, way)| wanted == way).count()
    }

    /// Agreement on one way for everybody would prove nothing: just these ways were taken, by the
    /// versions of the services in order.
    pub(super) fn judge_ways(&self, rule: String, wanted: &[&str]) -> Row {
        let by_way = by_way(&self.ways);
        let counts: Vec<_> = by_way
            .iter()
            .map(|(way, users)| format!("{way}: {users}"))
            .collect();
        let passed = by_way.keys().eq(wanted);
        Row::judged(NAME, rule, wanted.join(", "), counts.join(", "), "", passed)
    }
}

/// Sends each visit.
pub(super) async fn send(to: SocketAddr, visits: &Arc<[Visit]>, case: &str) -> Result<Vec<Answer>> {
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    drive(to, visits, Pace::default(), progress).await
}

/// A user by id, over either protocol.
pub(super) fn user(number: usize) -> Visit {
    let visit = with_user(Visit::of(format!("user-{number}")));
    visit.over([Protocol::Http1, Protocol::Http2][number % 2])
}
