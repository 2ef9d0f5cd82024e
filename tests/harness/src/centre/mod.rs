//! Config centres for tests: real servers as child processes, the stand-in for Apollo and a plain
//! file server in this process; and a [`Door`] that stands before each of them, counts what is
//! asked, and fails in every way that a centre can.

mod apollo;
mod ask;
mod consul;
mod door;
mod etcd;
mod fault;
mod files;
mod kind;
mod nacos;
mod port;

pub use door::{Asked, Door};
pub use fault::Fault;
pub use kind::{Access, Centre, Kind};

/// The password or token of every centre that asks for one, a UUID since those of Consul are:
/// nobody is to see it anywhere.
pub const SECRET: &str = "3f2a9c51-5ec7-4e77-a8d2-0c4f6f6e9b31";
/// Below this each centre's user may read and write; elsewhere nothing.
pub const PREFIX: &str = "graylane/";
