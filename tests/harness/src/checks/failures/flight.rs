//! What is under way on each worker while a module dies.

use anyhow::Result;
use tokio::task::JoinHandle;

use super::PATIENCE;
use super::each::{WORKERS, on_each};
use super::timeline::{Seen, ask};
use crate::client::{Caller, Connection, Protocol, Talk, Visit};
use crate::envoy::Envoy;

/// How many milliseconds a request waits for its answer.
const WAITS: &str = "3000";
/// Of each kind on each worker: one over each protocol.
pub(super) const IN_FLIGHT: usize = 2;

/// What is in flight on each worker: requests that wait for their answers, and open streams.
pub(super) struct Flight {
    waiting: [Vec<JoinHandle<Seen>>; WORKERS],
    open: [Vec<Talk>; WORKERS],
}

impl Flight {
    /// Of this user, who is on v2.
    pub(super) async fn begin(envoy: &Envoy, visit: &Visit) -> Result<Self> {
        let to = envoy.address();
        let mut flight = Self {
            waiting: [Vec::new(), Vec::new()],
            open: [Vec::new(), Vec::new()],
        };
        let web_sockets = on_each(envoy, async || Talk::web_socket(to, visit).await).await?;
        let calls = on_each(envoy, async || {
            let mut caller = Caller::connect(to, &visit.authority).await?;
            caller.talk(&[("x-user-id", &visit.user)]).await
        });
        for talks in [web_sockets, calls.await?] {
            for (open, mut talk) in flight.open.iter_mut().zip(talks) {
                talk.say().await?;
                open.push(talk);
            }
        }
        let mut connections = Vec::new();
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let open = async || Connection::open(to, protocol).await;
            connections.push((protocol, on_each(envoy, open).await?));
        }
        for (protocol, connections) in connections {
            for (waiting, mut connection) in flight.waiting.iter_mut().zip(connections) {
                let visit = visit
                    .clone()
                    .over(protocol)
                    .with("x-backend-delay-ms", WAITS);
                waiting.push(tokio::spawn(
                    async move { ask(&mut connection, &visit).await },
                ));
            }
        }
        Ok(flight)
    }

    /// How many were answered, and how many streams still are.
    pub(super) async fn end(self) -> Result<([usize; WORKERS], [usize; WORKERS])> {
        let (mut answered, mut open) = ([0; WORKERS], [0; WORKERS]);
        for (answered, waiting) in answered.iter_mut().zip(self.waiting) {
            for one in waiting {
                *answered += usize::from(one.await?.got.is_canary());
            }
        }
        for (open, talks) in open.iter_mut().zip(self.open) {
            for mut talk in talks {
                let said = tokio::time::timeout(PATIENCE, talk.say()).await;
                *open += usize::from(said.is_ok_and(|said| said.is_ok()));
            }
        }
        Ok((answered, open))
    }
}
