//! The backends of one run: one for each version, in this process or in containers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};

use super::{CLOSE, HEALTH, MOOD, Mood, NEXT, State, TALLY, Tally, Way, any_port, serve};
use crate::client::{base64, fetch, post};
use crate::docker::{BACKEND_PORT, Container, Network};

/// A running backend; it ends with this value.
#[derive(Debug)]
pub struct Backend {
    at: SocketAddr,
    home: Home,
}

#[derive(Debug)]
enum Home {
    Here {
        state: Arc<State>,
        // Its own, which takes every connection along; `None` once it is gone.
        runtime: Option<Runtime>,
    },
    There {
        // Held for its Drop.
        _container: Container,
    },
}

impl Backend {
    /// Serves from a thread of this process.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn here(version: &str) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        // A listener belongs to the runtime that bound it.
        let (listener, at) = runtime.spawn(any_port()).await??;
        let state = Arc::new(State::new(version));
        runtime.spawn(serve(listener, Arc::clone(&state)));
        Ok(Self {
            at,
            home: Home::Here {
                state,
                runtime: Some(runtime),
            },
        })
    }

    /// Serves from a container of `network`.
    ///
    /// # Errors
    /// If Docker does not start it.
    pub async fn there(version: &str, network: &Network) -> Result<Self> {
        let container = Container::backend(network, version).await?;
        let at = SocketAddr::new(container.address().await?, BACKEND_PORT);
        Ok(Self {
            at,
            home: Home::There {
                _container: container,
            },
        })
    }

    /// Where Envoy reaches it.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// What has reached it, by its own count.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn tally(&self) -> Result<Tally> {
        let text = fetch(self.at, TALLY).await?;
        serde_json::from_str(&text).with_context(|| format!("{text} is no tally"))
    }

    /// How many requests have reached it, by its own count.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn requests(&self) -> Result<u64> {
        Ok(self.tally().await?.requests)
    }

    /// Has it be of this mood from now on.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn turns(&self, mood: Mood) -> Result<()> {
        let mood = base64(serde_json::to_string(&mood)?.as_bytes());
        post(self.at, &format!("{MOOD}/{mood}")).await?;
        Ok(())
    }

    /// Has it close its port, and every connection after the answer under way; connections are
    /// refused until so much time has passed.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn closes_for(&self, time: Duration) -> Result<()> {
        post(self.at, &format!("{CLOSE}/{}", time.as_millis())).await?;
        Ok(())
    }

    /// Has it go on to the service of this host from now on, by way of a sidecar.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn goes_on(&self, way: Way, sidecar: SocketAddr, host: &str) -> Result<()> {
        let path = format!("{NEXT}/{}/{sidecar}/{host}", way.name());
        post(self.at, &path).await?;
        Ok(())
    }

    /// Has it tell health checks that it is fit for traffic, or that it is not.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn set_healthy(&self, healthy: bool) -> Result<()> {
        post(self.at, &format!("{HEALTH}/{healthy}")).await?;
        Ok(())
    }

    /// Its counters and switches; `None` if it runs in a container.
    #[must_use]
    pub fn state(&self) -> Option<&State> {
        match &self.home {
            Home::Here { state, .. } => Some(state),
            Home::There { .. } => None,
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        if let Home::Here { runtime, .. } = &mut self.home
            && let Some(runtime) = runtime.take()
        {
            runtime.shutdown_background();
        }
    }
}

/// Backends by version.
#[derive(Debug, Default)]
pub struct Fleet {
    backends: BTreeMap<String, Backend>,
}

impl Fleet {
    /// One backend for each version; in containers if a network is given.
    ///
    /// # Errors
    /// If one does not start.
    pub async fn start(versions: &[&str], network: Option<&Network>) -> Result<Self> {
        let mut backends = BTreeMap::new();
        for &version in versions {
            let backend = match network {
                None => Backend::here(version).await,
                Some(network) => Backend::there(version, network).await,
            };
            let backend =
                backend.with_context(|| format!("the backend of {version} did not start"))?;
            backends.insert(version.to_owned(), backend);
        }
        Ok(Self { backends })
    }

    /// The versions and where Envoy reaches them.
    #[must_use]
    pub fn addresses(&self) -> BTreeMap<String, SocketAddr> {
        self.backends
            .iter()
            .map(|(version, backend)| (version.clone(), backend.at()))
            .collect()
    }

    /// The backend of one version.
    #[must_use]
    pub fn get(&self, version: &str) -> Option<&Backend> {
        self.backends.get(version)
    }

    /// How many requests have reached all of them, by their own count.
    ///
    /// # Errors
    /// If one does not answer.
    pub async fn requests(&self) -> Result<u64> {
        let mut requests = 0;
        for backend in self.backends.values() {
            requests += backend.requests().await?;
        }
        Ok(requests)
    }

    /// Takes a version's backend down: its connections end, and new ones are refused.
    pub fn stop(&mut self, version: &str) -> bool {
        self.backends.remove(version).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Trouble;
    use crate::client::{Connection, Protocol, Visit};

    #[tokio::test]
    async fn a_mood_fails_its_share_and_is_counted() {
        let backend = Backend::here("v2").await.unwrap();
        let mut connection = Connection::open(backend.at(), Protocol::Http1)
            .await
            .unwrap();
        backend.turns(Mood::of(Trouble::Fails, 500)).await.unwrap();
        let mut statuses = Vec::new();
        for _ in 0..4 {
            let reply = connection.send(&Visit::of("")).await.unwrap();
            assert_eq!(reply.version(), Some("v2"));
            statuses.push(reply.status);
        }
        assert_eq!(statuses, [200, 500, 200, 500]);
        let tally = Tally {
            requests: 4,
            failed: 2,
            late: 0,
        };
        assert_eq!(backend.tally().await.unwrap(), tally);
    }

    #[tokio::test]
    async fn a_closed_port_refuses_and_opens_again() {
        let backend = Backend::here("v2").await.unwrap();
        let open = || Connection::open(backend.at(), Protocol::Http1);
        let mut kept = open().await.unwrap();
        kept.send(&Visit::of("")).await.unwrap();
        backend.closes_for(Duration::from_secs(1)).await.unwrap();
        while open().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(kept.send(&Visit::of("")).await.is_err());
        let mut again = loop {
            match open().await {
                Ok(connection) => break connection,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        assert!(again.send(&Visit::of("")).await.unwrap().is_success());
    }
}
