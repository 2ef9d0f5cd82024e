//! The built module in a wasm VM, against the data that the native core is held to.
//!
//! `make test-wasm` builds the module first. Plain `cargo test` leaves this out (`test = false` in
//! `Cargo.toml`): the core is tested without a module.

mod annotate;
mod cookies;
mod exports;
mod fetching;
mod guard;
mod host;
mod hostcalls;
mod lifecycle;
mod limits;
mod log;
mod metrics;
mod noise;
mod refusals;
mod remote;
mod size;
#[path = "../support/mod.rs"]
mod support;
mod vectors;
