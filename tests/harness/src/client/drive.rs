//! Many visits at once, and every answer in its place.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

use super::connection::{Answer, Connection};
use super::{Protocol, Visit};
use crate::Progress;

/// How visits are spread over connections.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// So many clients at once; each has one connection per protocol.
    pub clients: usize,
    /// After so many visits a client closes its connections and opens new ones.
    pub renew_after: usize,
    /// An answer that takes longer has failed.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            clients: 16,
            renew_after: 100,
            patience: Duration::from_secs(10),
        }
    }
}

/// Makes every visit once. The answers stand where their visits stand.
///
/// # Errors
/// Only if a client itself breaks; a visit without an answer is an answer that says why.
pub async fn drive(
    to: SocketAddr,
    visits: &Arc<[Visit]>,
    pace: Pace,
    progress: Progress,
) -> Result<Vec<Answer>> {
    let next = Arc::new(AtomicUsize::new(0));
    let progress = Arc::new(progress);
    let clients: Vec<_> = (0..pace.clients.max(1))
        .map(|_| {
            let (visits, next) = (Arc::clone(visits), Arc::clone(&next));
            let progress = Arc::clone(&progress);
            tokio::spawn(async move {
                let mut client = Client::new(to, pace);
                let mut answers = Vec::new();
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    let Some(visit) = visits.get(turn) else {
                        return answers;
                    };
                    answers.push((turn, client.visit(visit).await));
                    progress.step();
                }
            })
        })
        .collect();
    let mut answers: Vec<Answer> = vec![Err("never asked".to_owned()); visits.len()];
    for client in clients {
        for (turn, answer) in client.await.context("a client broke")? {
            if let Some(place) = answers.get_mut(turn) {
                *place = answer;
            }
        }
    }
    Ok(answers)
}

/// A client with at most one open connection per protocol.
pub(super) struct Client {
    to: SocketAddr,
    pace: Pace,
    http1: Slot,
    http2: Slot,
}

#[derive(Default)]
struct Slot {
    open: Option<Connection>,
    used: usize,
}

impl Client {
    pub(super) fn new(to: SocketAddr, pace: Pace) -> Self {
        Self {
            to,
            pace,
            http1: Slot::default(),
            http2: Slot::default(),
        }
    }

    pub(super) async fn visit(&mut self, visit: &Visit) -> Answer {
        let (to, pace) = (self.to, self.pace);
        let slot = match visit.protocol {
            Protocol::Http1 => &mut self.http1,
            Protocol::Http2 => &mut self.http2,
        };
        let answer = tokio::time::timeout(pace.patience, async {
            let connection = slot
                .connection(to, visit.protocol, pace.renew_after)
                .await?;
            connection.send(visit).await
        });
        let answer = match answer.await {
            Ok(answer) => answer.map_err(|error| format!("{error:#}")),
            Err(_) => Err(format!("no answer within {:?}", pace.patience)),
        };
        if answer.is_err() {
            // What is left of it could give the next visit this one's answer.
            slot.open = None;
        }
        answer
    }
}

impl Slot {
    async fn connection(
        &mut self,
        to: SocketAddr,
        protocol: Protocol,
        renew_after: usize,
    ) -> Result<&mut Connection> {
        let usable = self.open.as_ref().is_some_and(Connection::is_open);
        if !usable || self.used >= renew_after {
            self.open = None;
            self.used = 0;
        }
        self.used += 1;
        if self.open.is_none() {
            self.open = Some(Connection::open(to, protocol).await?);
        }
        self.open.as_mut().context("no connection")
    }
}
