//! Ten million requests, cheaply: on one thread, so that what comes at once is read at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use futures_util::future::join_all;
use tokio::runtime::Builder;

use super::ledger::{Ledger, Way};
use super::wire::{Letter, Wire};
use crate::client::Visit;

/// Connections of HTTP/1.1 that are kept.
const KEPT: usize = 12;
/// Connections of HTTP/2.
const MULTIPLEXED: usize = 4;
/// Streams at once on each of these.
const STREAMS: usize = 12;
/// Clients whose every request has a connection of its own.
const ALONE: usize = 2;
/// One request in so many is such a one: each takes a port, for as long as the kernel holds it.
const ALONE_ONE_IN: u64 = 40;
/// Requests on a connection that is kept, until its client takes another one.
const RENEWED_AFTER: usize = 5_000;
/// An answer that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// After a connection that failed, so that an Envoy which is gone is not asked without end.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections that hear calls: see [`Ledger::heard`].
pub(super) const CLIENTS: usize = KEPT + MULTIPLEXED;

/// How much, and how fast.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Not more in a second, on average.
    pub(super) per_second: f64,
}

/// Load that runs on a thread of its own until it is stopped.
pub(super) struct Load {
    enough: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

/// What every client has.
struct Office {
    to: SocketAddr,
    pace: Pace,
    began: Instant,
    ledger: Arc<Ledger>,
    enough: Arc<AtomicBool>,
    /// By the way, of each user.
    letters: [Vec<Letter>; Way::ALL.len()],
}

impl Load {
    /// Starts: the users in turn, over and over.
    ///
    /// # Errors
    /// If a visit cannot be written as HTTP.
    pub(super) fn start(
        to: SocketAddr,
        pace: Pace,
        users: &[Visit],
        ledger: &Arc<Ledger>,
    ) -> Result<Self> {
        let enough = Arc::new(AtomicBool::new(false));
        let mut letters: [Vec<Letter>; Way::ALL.len()] = Default::default();
        for (way, letters) in Way::ALL.into_iter().zip(&mut letters) {
            let all = users.iter().map(|visit| Letter::of(visit, way));
            *letters = all.collect::<Result<_>>()?;
        }
        let office = Office {
            to,
            pace,
            began: Instant::now(),
            ledger: Arc::clone(ledger),
            enough: Arc::clone(&enough),
            letters,
        };
        let thread = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(office.everybody());
            Ok(())
        });
        Ok(Self {
            enough,
            thread: Some(thread),
        })
    }

    /// Ends it after the requests under way.
    ///
    /// # Errors
    /// If its thread broke.
    pub(super) async fn stop(mut self) -> Result<()> {
        self.enough.store(true, Ordering::Relaxed);
        let thread = self.thread.take().context("the load was stopped before")?;
        let joined = tokio::task::spawn_blocking(move || thread.join()).await?;
        joined.map_err(|_| anyhow!("the load's thread broke"))?
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
    }
}

impl Office {
    async fn everybody(self) {
        let kept = (0..KEPT).map(|client| self.keeps(Way::KeptAlive, client, 1));
        let streams = (KEPT..CLIENTS).map(|client| self.keeps(Way::Streams, client, STREAMS));
        let alone = (0..ALONE).map(|_| self.is_alone());
        tokio::join!(join_all(kept), join_all(streams), join_all(alone));
    }

    /// One connection after the other, each with so many requests at once.
    async fn keeps(&self, way: Way, client: usize, at_once: usize) {
        while !self.is_enough() {
            let Some(first) = self.open(way).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let streams: Vec<_> = (1..at_once).filter_map(|_| first.stream()).collect();
            let streams = [first].into_iter().chain(streams);
            let all = streams.map(async |mut wire| {
                for _ in 0..RENEWED_AFTER.div_ceil(at_once) {
                    if self.is_enough() || !self.ask(&mut wire, way, Some(client)).await {
                        return;
                    }
                }
            });
            join_all(all).await;
        }
    }

    async fn is_alone(&self) {
        while !self.is_enough() {
            if self.ledger.by_way(Way::Alone) * ALONE_ONE_IN > self.ledger.ended() {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
            match self.open(Way::Alone).await {
                Some(mut wire) => {
                    self.ask(&mut wire, Way::Alone, None).await;
                }
                None => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn open(&self, way: Way) -> Option<Wire> {
        let opened = tokio::time::timeout(PATIENCE, Wire::open(self.to, way)).await;
        match opened {
            Ok(Ok(wire)) => Some(wire),
            Ok(Err(error)) => {
                self.ledger
                    .failed(way, 0, &format!("no connection: {error:#}"));
                None
            }
            Err(_) => {
                let why = format!("no connection within {PATIENCE:?}");
                self.ledger.failed(way, 0, &why);
                None
            }
        }
    }

    /// The next user's request, when it is due; whether the connection is still good.
    async fn ask(&self, wire: &mut Wire, way: Way, client: Option<usize>) -> bool {
        let turn = self.ledger.begin();
        #[allow(clippy::cast_precision_loss)] // Tens of millions.
        let due = self.began + Duration::from_secs_f64(turn as f64 / self.pace.per_second);
        tokio::time::sleep_until(due.into()).await;
        let letters = &self.letters[way as usize];
        #[allow(clippy::cast_possible_truncation)] // What is left is a place among the users.
        let user = (turn % letters.len() as u64) as usize;
        let sent = self.ledger.send();
        let answer = tokio::time::timeout(PATIENCE, wire.send(&letters[user])).await;
        match answer {
            Ok(Ok(backend)) => {
                self.ledger.answered(sent, way, user, backend, client);
                true
            }
            Ok(Err(error)) => {
                self.ledger.failed(way, user, &format!("{error:#}"));
                false
            }
            Err(_) => {
                let why = format!("no answer within {PATIENCE:?}");
                self.ledger.failed(way, user, &why);
                false
            }
        }
    }

    fn is_enough(&self) -> bool {
        self.enough.load(Ordering::Relaxed)
    }
}
