//! Requests on known workers, one after the other, while something happens.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinHandle;

use super::each::{WORKERS, on_each};
use super::got::Got;
use crate::client::{Connection, Protocol, Visit};
use crate::envoy::Envoy;

const PAUSE: Duration = Duration::from_millis(40);
/// No request takes longer.
const LONGEST: Duration = Duration::from_secs(10);

/// One request, and what it got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) sent: Instant,
    pub(super) answered: Instant,
    pub(super) got: Got,
}

/// A user's requests on each worker, over each protocol, that go on until they are stopped.
pub(super) struct Timelines {
    running: [Vec<JoinHandle<Vec<Seen>>>; WORKERS],
    enough: tokio::sync::watch::Sender<bool>,
}

impl Timelines {
    pub(super) async fn start(envoy: &Envoy, visit: &Visit) -> Result<Self> {
        let enough = tokio::sync::watch::Sender::new(false);
        let mut running = [Vec::new(), Vec::new()];
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let open = async || {
                let mut connection = Connection::open(envoy.address(), protocol).await?;
                ask(&mut connection, visit).await;
                Ok(connection)
            };
            let connections = on_each(envoy, open).await?;
            for (of_worker, mut connection) in running.iter_mut().zip(connections) {
                let (visit, enough) = (visit.clone().over(protocol), enough.subscribe());
                of_worker.push(tokio::spawn(async move {
                    let mut seen = Vec::new();
                    while !*enough.borrow() {
                        seen.push(ask(&mut connection, &visit).await);
                        tokio::time::sleep(PAUSE).await;
                    }
                    seen
                }));
            }
        }
        Ok(Self { running, enough })
    }

    /// What each worker's requests got, in the order in which they were sent.
    pub(super) async fn stop(self) -> Result<[Vec<Seen>; WORKERS]> {
        self.enough.send_replace(true);
        let mut all = [Vec::new(), Vec::new()];
        for (seen, running) in all.iter_mut().zip(self.running) {
            for one in running {
                seen.extend(one.await?);
            }
            seen.sort_by_key(|one| one.sent);
        }
        Ok(all)
    }
}

/// One request of this user.
pub(super) async fn ask(connection: &mut Connection, visit: &Visit) -> Seen {
    let sent = Instant::now();
    let answer = tokio::time::timeout(LONGEST, connection.send(visit)).await;
    Seen {
        sent,
        answered: Instant::now(),
        got: answer.map_or(Got::Broken, |answer| Got::of(&answer)),
    }
}
