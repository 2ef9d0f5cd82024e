//! Streams that are held open: as many WebSocket streams as bidirectional gRPC calls.

use std::net::SocketAddr;

use anyhow::Result;

use super::NAME;
use crate::checks::people::with_user;
use crate::client::{Caller, Talk, Visit};

/// So many of each kind.
pub(super) const HALF: usize = 8;
/// So many in all.
pub(super) const OPEN: usize = 2 * HALF;
/// So many calls share a connection.
const CALLS: usize = 2;

pub(super) struct Held {
    web_sockets: Vec<Talk>,
    calls: Vec<Talk>,
}

impl Held {
    /// Opens them all, each of a user of its own.
    pub(super) async fn open(to: SocketAddr) -> Result<Self> {
        let (mut web_sockets, mut calls) = (Vec::new(), Vec::new());
        for number in 0..HALF {
            let visit = with_user(Visit::of(format!("socket-{number}")));
            web_sockets.push(Talk::web_socket(to, &visit).await?);
        }
        for connection in 0..HALF / CALLS {
            let mut caller = Caller::connect(to, "checkout.example.com").await?;
            for number in 0..CALLS {
                let user = format!("caller-{connection}-{number}");
                calls.push(caller.talk(&[("x-user-id", &user)]).await?);
            }
        }
        Ok(Self { web_sockets, calls })
    }

    /// How many of each kind are answered by the version.
    pub(super) async fn answered_by(&mut self, version: &str) -> (usize, usize) {
        (
            answered_by(&mut self.web_sockets, version).await,
            answered_by(&mut self.calls, version).await,
        )
    }

    /// Ends one kind; how many ended as they should.
    pub(super) async fn end_web_sockets(&mut self) -> usize {
        end(std::mem::take(&mut self.web_sockets)).await
    }

    /// Ends what is still open; how many ended as they should.
    pub(super) async fn end(mut self) -> usize {
        self.end_web_sockets().await + end(self.calls).await
    }
}

async fn answered_by(talks: &mut [Talk], version: &str) -> usize {
    let mut answered = 0;
    for talk in talks {
        match talk.say().await {
            Ok(answer) => answered += usize::from(answer == version),
            Err(error) => eprintln!("{NAME}: {error:#}"),
        }
    }
    answered
}

async fn end(talks: Vec<Talk>) -> usize {
    let mut ended = 0;
    for talk in talks {
        match talk.end().await {
            Ok(()) => ended += 1,
            Err(error) => eprintln!("{NAME}: {error:#}"),
        }
    }
    ended
}
