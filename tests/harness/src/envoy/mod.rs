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
mod validate;

pub use admin::Admin;
pub(crate) use admin::quote;
pub use atlas::{Atlas, Place};
pub(crate) use filter::wasm_filter;
pub use find::{Runner, find, release, wheel};
pub(crate) use launch::{Running, Site, write};
pub use log::Log;
pub use policy_file::{Layout, PolicyFile};
pub use process::{Envoy, Ground};
pub use render::{Form, Stripping, Values, render};
pub use sample::{SAMPLES, Sample, SampleFile};
pub use setup::Setup;
pub use validate::{lay_out, validate};

/// The release that everything here is written for.
pub const VERSION: &str = "1.40.0";
/// Every release that comes as a wheel, newest first.
pub const RELEASES: [&str; 11] = [
    VERSION,
    "1.39.3",
    "1.39.1",
    "1.39.0",
    "1.38.3",
    "1.38.2",
    "1.37.0",
    "1.36.4",
    "1.36.3",
    "1.36.2.post1",
    "1.36.2",
];
