//! The companion of graylane: it starts real Envoy, backends and load, and verifies that Envoy
//! agrees with the native core for every single user.
//!
//! Rules are deterministic, so equality is demanded per request, not on average: [`native`] asks
//! the core, [`client`] asks Envoy, [`checks`] compare. What the policy means is known to the core
//! alone; nothing here decides anything.

pub mod backend;
pub mod bench;
pub mod browser;
pub mod centre;
pub mod checks;
pub mod cli;
pub mod client;
pub mod docker;
pub mod envoy;
pub mod facts;
pub mod lab;
pub mod mesh;
pub mod native;
pub mod page;
pub mod place;
pub mod report;
pub mod series;
pub mod stats;
pub mod telemetry;
pub mod versions;

mod go;
mod launcher;
mod progress;
mod server;
mod wheel;

pub use go::go;
pub use progress::Progress;
