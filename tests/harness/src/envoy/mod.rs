//! Real Envoy: found, configured from the repository's samples, started, watched and stopped.

mod admin;
mod atlas;
mod backends;
mod filter;
mod find;
mod launch;
mod log;
mod policy_file;
mod process;
mod render;
mod sample;
mod setup;
mod tree;

pub use admin::Admin;
pub(crate) use admin::quote;
pub use atlas::{Atlas, Place};
pub(crate) use filter::wasm_filter;
pub use find::{Runner, find, wheel};
pub(crate) use launch::{Running, Site, write};
pub use log::Log;
pub use policy_file::{Layout, PolicyFile};
pub use process::{Envoy, Ground};
pub use render::{Form, Stripping, Values, render};
pub use sample::{Sample, SampleFile};
pub use setup::Setup;

/// The release that everything here is written for.
pub const VERSION: &str = "1.40.0";
