//! Load that goes on in the background while a check changes something.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use tokio::task::JoinHandle;

use super::Visit;
use super::drive::{Client, Pace};

/// Where load ends by itself, and how dense it is.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// No more visits than this.
    pub visits: usize,
    /// No longer than this.
    pub time: Duration,
    /// Each client's pause between two visits.
    pub pause: Duration,
    /// The clients and their connections.
    pub pace: Pace,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            visits: 1_000_000,
            time: Duration::from_mins(1),
            pause: Duration::from_millis(1),
            pace: Pace {
                clients: 4,
                ..Pace::default()
            },
        }
    }
}

/// One visit of the load.
#[derive(Clone, Debug)]
pub struct Record {
    /// When it was sent.
    pub sent: Instant,
    /// When its answer was there.
    pub answered: Instant,
    /// When it was sent, by the wall clock.
    pub sent_at: SystemTime,
    /// When its answer was there, by the wall clock.
    pub answered_at: SystemTime,
    /// Who.
    pub user: String,
    /// The version that answered; `None` if Envoy answered by itself, or nobody did.
    pub version: Option<String>,
    /// The status; `None` without an answer.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub failure: Option<String>,
}

impl Record {
    /// Whether a backend answered, with a status below 400.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.version.is_some() && self.status.is_some_and(|status| status < 400)
    }
}

/// Running load. It ends with this value; [`Load::stop`] tells what it saw.
#[derive(Debug)]
pub struct Load {
    enough: Arc<AtomicBool>,
    made: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<Record>>>,
}

impl Load {
    /// Starts: the visits in turn, over and over, until a bound or [`Load::stop`].
    #[must_use]
    pub fn start(to: SocketAddr, visits: &Arc<[Visit]>, bounds: Bounds) -> Self {
        let enough = Arc::new(AtomicBool::new(visits.is_empty()));
        let made = Arc::new(AtomicUsize::new(0));
        let until = Instant::now() + bounds.time;
        let count = u32::try_from(bounds.pace.clients.max(1)).unwrap_or(u32::MAX);
        let clients = (0..count)
            .map(|number| {
                let (visits, enough) = (Arc::clone(visits), Arc::clone(&enough));
                let made = Arc::clone(&made);
                tokio::spawn(async move {
                    let mut client = Client::new(to, bounds.pace);
                    let mut records = Vec::new();
                    // Their pauses lie side by side: no burst comes of many clients.
                    tokio::time::sleep(bounds.pause * number / count).await;
                    while !enough.load(Ordering::Relaxed) && Instant::now() < until {
                        let turn = made.fetch_add(1, Ordering::Relaxed);
                        if turn >= bounds.visits {
                            break;
                        }
                        if let Some(visit) = visits.get(turn % visits.len()) {
                            records.push(record(&mut client, visit).await);
                        }
                        tokio::time::sleep(bounds.pause).await;
                    }
                    records
                })
            })
            .collect();
        Self {
            enough,
            made,
            clients,
        }
    }

    /// How many visits were begun so far.
    #[must_use]
    pub fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// Ends the load after the visits under way; the records in the order they were sent.
    ///
    /// # Errors
    /// If a client itself broke.
    pub async fn stop(mut self) -> Result<Vec<Record>> {
        self.enough.store(true, Ordering::Relaxed);
        let mut records = Vec::new();
        for client in self.clients.drain(..) {
            records.extend(client.await.context("a client broke")?);
        }
        records.sort_by_key(|record| record.sent);
        Ok(records)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
        for client in &self.clients {
            client.abort();
        }
    }
}

async fn record(client: &mut Client, visit: &Visit) -> Record {
    let (sent, sent_at) = (Instant::now(), SystemTime::now());
    let answer = client.visit(visit).await;
    let reply = answer.as_ref().ok();
    Record {
        sent,
        answered: Instant::now(),
        sent_at,
        answered_at: SystemTime::now(),
        user: visit.user.clone(),
        version: reply.and_then(|reply| reply.version().map(str::to_owned)),
        status: reply.map(|reply| reply.status),
        failure: answer.as_ref().err().cloned(),
    }
}
