//! The filter inside Envoy: the only code that names the host.

mod count;
mod filter;
mod headers;
mod host;

pub(crate) use filter::start;
