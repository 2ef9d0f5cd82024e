//! The policy as its author writes it, read from bytes. What it means is [`crate::rules`]' to say.

mod condition;
mod cookies;
mod document;
mod guard;
mod lane;
mod name;
mod nesting;
mod notify;
mod number;
mod part;
mod protobuf;
mod remote;
mod secret;
mod split;
mod switches;
mod text;
pub(crate) mod tree;

pub use condition::{Condition, Match, Proxy, Time};
pub use cookies::{Cookies, SameSite};
pub use document::{Carrier, Headers, Mirror, Policy, Role, Rule, Schema, Service, Stamp, Version};
pub use guard::{AboveBaseline, Guard, MaxSlow, Then};
pub use lane::{Lane, Mode};
pub use name::Name;
pub use notify::{Notify, Shape};
pub use number::Number;
pub use remote::{
    Announce, Apollo, CloseWhen, Consul, Etcd, Http, Nacos, NacosApi, OnDelete, Remote,
};
pub use split::{Algorithm, Key, Missing, Ramp, Range, Split, Step, Target};
pub use switches::{Switch, Switches};
pub use text::Text;

use tree::Tree;

use crate::error::{Error, Place};
use crate::limits::MAX_POLICY_BYTES;

impl Policy {
    /// Reads a policy from what Envoy hands over as the plugin's configuration: JSON text (a
    /// `StringValue`), or the wire bytes of a protobuf `Struct`.
    ///
    /// # Errors
    ///
    /// A document that is empty, too large, nested too deep, not JSON, or not of the policy's
    /// shape: an unknown or missing field, a value of another type, the same field twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.trim_ascii().is_empty() {
            return Err(Place::ROOT.error("is empty; give at least `schema` and `services`"));
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(Place::ROOT.error("begins with a byte order mark; save it without"));
        }
        if bytes.len() > MAX_POLICY_BYTES {
            return Err(Place::ROOT.error(format!(
                "has {} bytes, above {MAX_POLICY_BYTES}; split it among several filters",
                bytes.len()
            )));
        }
        part::read(Self::tree(bytes)?, &Place::ROOT)
    }

    /// The document, before its fields are known.
    pub(crate) fn tree(bytes: &[u8]) -> Result<Tree, Error> {
        if protobuf::is_struct(bytes) {
            protobuf::tree(bytes)
        } else {
            Tree::from_json(bytes)
        }
    }

    /// Reads a policy that a config centre has.
    ///
    /// # Errors
    ///
    /// As [`Policy::parse`], and a policy that names a centre itself.
    pub fn parse_remote(bytes: &[u8]) -> Result<Self, Error> {
        let policy = Self::parse(bytes)?;
        match policy.remote {
            Some(_) => Err(Place::ROOT.field("remote").error(
                "stands in a policy that a config centre has; leave it to the proxy's configuration",
            )),
            None => Ok(policy),
        }
    }
}
