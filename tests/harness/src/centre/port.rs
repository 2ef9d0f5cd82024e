//! An HTTP server of this process, whose port can be closed and opened again.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// What answers at an address, or does not.
#[derive(Debug)]
pub(super) struct Port {
    at: SocketAddr,
    router: Router,
    // Its own, which takes every connection along; `None` while the port is closed.
    runtime: Option<Runtime>,
}

impl Port {
    /// Open.
    pub(super) async fn open(at: SocketAddr, router: Router) -> Result<Self> {
        let mut port = Self {
            at,
            router,
            runtime: None,
        };
        port.reopen().await?;
        Ok(port)
    }

    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }

    /// Ends every connection; new ones are refused from when this returns.
    pub(super) async fn close(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
            while TcpStream::connect(self.at).await.is_ok() {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Listens again, if it does not.
    pub(super) async fn reopen(&mut self) -> Result<()> {
        if self.runtime.is_some() {
            return Ok(());
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        // Kept before anything can go wrong: it is not to be dropped in here.
        let runtime = self.runtime.insert(runtime);
        // A listener belongs to the runtime that bound it.
        let at = self.at;
        let listener = runtime.spawn(TcpListener::bind(at)).await?;
        let listener = listener.with_context(|| format!("{at} cannot be had"))?;
        let router = self.router.clone();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(())
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
