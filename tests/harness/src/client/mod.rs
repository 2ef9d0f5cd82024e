//! Users: requests over real sockets, with every byte under control.

mod connection;
mod drive;
mod grpc;
mod load;
mod talk;
mod token;
mod visit;

pub use connection::{Answer, Connection, Reply, fetch, post};
pub use drive::{Pace, drive};
pub use grpc::Caller;
pub use load::{Bounds, Load, Record};
pub use talk::Talk;
pub use token::{Issuer, base64, now};
pub use visit::{Protocol, Visit};
