//! The guard in simulated time: several workers of a proxy, and traffic that fails by chance.

mod fleet;
mod healthy;
mod ill;
#[path = "../support/memory.rs"]
mod memory;
mod proxy;
