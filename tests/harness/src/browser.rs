//! A real browser, headless: Chromium, of `CHROMIUM_BIN` or on `PATH`.
//!
//! It is told what to do by its own protocol (Chrome `DevTools`), as JSON over a WebSocket: the few
//! commands that are needed. Crates for all of that protocol are generated from it, and take longer
//! to compile than the rest of the harness.

mod page;
mod wire;

pub use page::{Key, Page, Theme, View};

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use crate::place;
use crate::server::Server;
use wire::Wire;

/// Where a running Chromium writes down its port, below its own folder, and on the next line the
/// path of its WebSocket.
const PORT: &str = "profile/DevToolsActivePort";

/// A running Chromium; it ends with this value.
#[derive(Debug)]
pub struct Browser {
    wire: Wire,
    at: SocketAddr,
    _server: Server,
}

/// The program; `None` if there is none.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM_BIN").map(PathBuf::from);
    let usual = ["chromium", "chromium-browser", "google-chrome"];
    named.or_else(|| usual.iter().find_map(|name| place::on_path(name)))
}

/// What this machine lacks for a browser, and where that is to be had; `None` if nothing.
#[must_use]
pub fn missing() -> Option<&'static str> {
    program()
        .is_none()
        .then_some("Chromium (on Debian and Ubuntu: apt-get install chromium)")
}

impl Browser {
    /// Starts one, which reaches no other machine; `None` where there is none.
    ///
    /// # Errors
    /// If it does not start; with the end of its log.
    pub async fn start() -> Result<Option<Self>> {
        let Some(program) = program() else {
            return Ok(None);
        };
        let mut server = Server::new(program, arguments)?;
        let folder = server.folder().to_owned();
        server.start(async || listening(&folder).map(drop)).await?;
        let (at, path) = listening(&folder)?;
        Ok(Some(Self {
            wire: Wire::open(at, &path).await?,
            at,
            _server: server,
        }))
    }

    /// Opens a file as a page of its own, shown like this, and waits until it is loaded.
    ///
    /// # Errors
    /// If there is no such file, or the browser does not answer.
    pub async fn open(&mut self, file: &Path, view: View) -> Result<Page> {
        let file = file
            .canonicalize()
            .with_context(|| format!("there is no page at {}", file.display()))?;
        let blank = json!({ "url": "about:blank" });
        let target = self.wire.call("Target.createTarget", blank).await?;
        let id = target["targetId"].as_str().context("no page was made")?;
        let wire = Wire::open(self.at, &format!("/devtools/page/{id}")).await?;
        Page::load(wire, &format!("file://{}", file.display()), view).await
    }
}

/// The sandbox does not run as root, and keeps strangers' pages in; these are our own.
fn arguments(folder: &Path) -> Vec<String> {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let flags = [
        "--headless",
        "--no-sandbox",
        "--no-first-run",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-dev-shm-usage",
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--remote-debugging-port=0",
        &profile,
    ];
    flags.map(str::to_owned).to_vec()
}

/// Where the browser in this folder listens.
fn listening(folder: &Path) -> Result<(SocketAddr, String)> {
    let told = std::fs::read_to_string(folder.join(PORT)).context("it has told no port yet")?;
    let (port, path) = told
        .split_once('\n')
        .context("it has told its port alone")?;
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?));
    Ok((at, path.trim_end().to_owned()))
}
