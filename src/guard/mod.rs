//! The guard: watches the answers of a version, and takes a bad one out of traffic.

mod standing;

pub use standing::{Standing, State};
