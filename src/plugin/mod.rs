//! The filter inside Envoy: the only code that names the host.

mod count;
mod ended;
mod filter;
mod headers;
mod host;
mod in_force;
mod shared;
mod traffic;
mod verdict;
mod watch;

pub(crate) use filter::start;
