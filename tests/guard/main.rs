//! The guard in simulated time: several workers of a proxy, and traffic that fails by chance.

mod healthy;
mod ill;
mod proxy;
