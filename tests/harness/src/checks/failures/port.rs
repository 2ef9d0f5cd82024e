//! A port that one Envoy has after the other, or two at once.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use tokio::net::TcpSocket;

/// A free port of this machine. While this value is there nobody else is given it; Envoys share it
/// with this value, and with each other.
pub(super) struct Port {
    // Bound, and never listens.
    _socket: TcpSocket,
    number: u16,
}

impl Port {
    pub(super) fn free() -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(true)?;
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        socket.bind(any).context("no port is free on 127.0.0.1")?;
        Ok(Self {
            number: socket.local_addr()?.port(),
            _socket: socket,
        })
    }

    pub(super) fn number(&self) -> u16 {
        self.number
    }
}
