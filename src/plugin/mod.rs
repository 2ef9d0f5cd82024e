//! The filter inside Envoy: the only code that names the host.

mod alive;
mod annotate;
mod calls;
mod count;
mod decisions;
mod ended;
mod filter;
mod follow;
mod headers;
mod host;
mod in_force;
mod notice;
mod policy;
mod root;
mod shared;
mod shares;
mod sparing;
mod traffic;
#[cfg(feature = "trap")]
mod trap;
mod verdict;
mod watch;

pub(crate) use root::start;
