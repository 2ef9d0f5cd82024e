//! gRPC users, whose calls go on in the background. A call fails in its trailers, after HTTP's 200
//! and a message.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use tokio::task::JoinHandle;

use crate::backend::messages::Ask;
use crate::client::{Caller, Record, Visit};

/// Callers at once, each on a connection of its own.
const CALLERS: u32 = 8;

/// Running calls. They end with this value; [`Calls::stop`] tells what they saw.
pub(super) struct Calls {
    enough: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Result<Vec<Record>>>>,
}

impl Calls {
    /// Starts: the users in turn, over and over, so many calls in a second.
    pub(super) async fn start(to: SocketAddr, users: Arc<[Visit]>, rate: u32) -> Result<Self> {
        let enough = Arc::new(AtomicBool::new(users.is_empty()));
        let made = Arc::new(AtomicUsize::new(0));
        let pause = Duration::from_secs(1) * CALLERS / rate;
        let host = users.first().map_or("", |visit| &*visit.authority);
        let mut callers = Vec::new();
        for number in 0..CALLERS {
            let mut caller = Caller::connect(to, host).await?;
            let (enough, made) = (Arc::clone(&enough), Arc::clone(&made));
            let users = Arc::clone(&users);
            callers.push(tokio::spawn(async move {
                let mut records = Vec::new();
                tokio::time::sleep(pause * number / CALLERS).await;
                while !enough.load(Ordering::Relaxed) {
                    let turn = made.fetch_add(1, Ordering::Relaxed);
                    if let Some(visit) = users.get(turn % users.len()) {
                        records.push(record(&mut caller, visit).await?);
                    }
                    tokio::time::sleep(pause).await;
                }
                Ok(records)
            }));
        }
        Ok(Self { enough, callers })
    }

    /// Ends them after the calls under way.
    pub(super) async fn stop(mut self) -> Result<Vec<Record>> {
        self.enough.store(true, Ordering::Relaxed);
        let mut records = Vec::new();
        for caller in self.callers.drain(..) {
            records.extend(caller.await.context("a caller broke")??);
        }
        Ok(records)
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        for caller in &self.callers {
            caller.abort();
        }
    }
}

async fn record(caller: &mut Caller, visit: &Visit) -> Result<Record> {
    let (sent, sent_at) = (Instant::now(), SystemTime::now());
    let texts = visit.headers.iter().map(|(name, value)| {
        let value = std::str::from_utf8(value)?;
        Ok((name.as_str(), value))
    });
    let metadata: Vec<_> = texts.collect::<Result<_>>()?;
    let ask = Ask {
        times: 1,
        pause_ms: 0,
    };
    let told = caller.watch(ask, &metadata).await;
    let version = |told: &[crate::backend::messages::Told]| Some(told.first()?.version.clone());
    Ok(Record {
        sent,
        answered: Instant::now(),
        sent_at,
        answered_at: SystemTime::now(),
        user: visit.user.clone(),
        version: told.as_ref().ok().and_then(|told| version(told)),
        status: told.is_ok().then_some(200),
        failure: told.err().map(|error| format!("{error:#}")),
    })
}
