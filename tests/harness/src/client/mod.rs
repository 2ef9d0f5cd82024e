//! Users: requests over real sockets, with every byte under control.

mod connection;
mod drive;
mod frames;
mod grpc;
mod load;
mod raw;
mod talk;
mod token;
mod visit;

pub use connection::{Answer, Connection, Reply, fetch, post};
pub use drive::{Pace, drive};
pub use frames::{Fields, send_streams};
pub use grpc::Caller;
pub use load::{Bounds, Load, Record};
pub use raw::send_raw;
pub use talk::Talk;
pub use token::{Issuer, base64, now};
pub use visit::{Protocol, Visit};
