//! Every hostcall of the filter, and the request that the rules see through them.
//!
//! Only calls that cannot fail where they are made: the SDK panics on a status it does not expect,
//! and a panic takes a worker's VM with it. Values are bytes, since a client may send any.

use std::cell::{Cell, OnceCell};
use std::net::{IpAddr, SocketAddr};
use std::time::UNIX_EPOCH;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, Bytes, MapType};

use crate::{Answer, HeaderEffect, Id, NewCookie, Node, Request, property};

/// The plugin's configuration. Empty where there is none.
pub(super) fn configuration() -> Bytes {
    hostcalls::get_buffer(BufferType::PluginConfiguration, 0, usize::MAX)
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// The node that runs the filter.
pub(super) fn node() -> Node {
    let node = hostcalls::get_property(vec!["xds", "node"]);
    property::node(&node.ok().flatten().unwrap_or_default())
}

/// The wall clock, in milliseconds since the Unix epoch.
pub(super) fn now() -> u64 {
    let now = hostcalls::get_current_time().unwrap_or(UNIX_EPOCH);
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A request whose parts are fetched when they are asked for, and never twice. Only while its
/// headers have not gone on.
#[derive(Default)]
pub(super) struct HostRequest {
    headers: Cell<Headers>,
    metadata: OnceCell<Bytes>,
    source_ip: OnceCell<Option<IpAddr>>,
    random: OnceCell<Option<u128>>,
}

impl HostRequest {
    /// Does what a decision asks.
    pub(super) fn apply(&self, effect: HeaderEffect<'_>) {
        match effect {
            HeaderEffect::Set(name, value) => set(name, Some(value.as_bytes())),
            HeaderEffect::Remove(name) => set(name, None),
            HeaderEffect::AddCookie(name, id) => self.add_cookie(name, id),
        }
    }

    /// In one line with those that are there, since HTTP/1.1 allows no second; and before them,
    /// since of two cookies of one name the first counts.
    fn add_cookie(&self, name: &str, id: Id) {
        let mut cookies = format!("{name}={id}").into_bytes();
        self.any_header("cookie", &mut |own| {
            cookies.extend_from_slice(b"; ");
            cookies.extend_from_slice(own);
            false
        });
        set("cookie", Some(&cookies));
    }
}

fn set(name: &str, value: Option<&[u8]>) {
    // Its one error is a panic already.
    let _ = hostcalls::set_map_value_bytes(MapType::HttpRequestHeaders, name, value);
}

/// What has been fetched so far. Fetching one header costs half of fetching all, so the others
/// are left until a condition wants to see a header's second value.
#[derive(Default)]
struct Headers {
    first: Vec<(String, Option<Bytes>)>,
    all: Option<Vec<(String, Bytes)>>,
}

impl Request for HostRequest {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        // Taken out while `see` runs, so that no borrow can be held twice.
        let mut headers = self.headers.take();
        let seen = headers.any(name, see);
        self.headers.set(headers);
        seen
    }

    fn source_ip(&self) -> Option<IpAddr> {
        *self.source_ip.get_or_init(|| {
            let address = hostcalls::get_property(vec!["source", "address"]);
            let address = address.ok().flatten()?;
            let address: SocketAddr = str::from_utf8(&address).ok()?.parse().ok()?;
            Some(address.ip())
        })
    }

    fn any_claim(&self, path: &[Box<str>], see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let metadata = self.metadata.get_or_init(|| {
            let metadata = hostcalls::get_property(vec!["metadata"]);
            metadata.ok().flatten().unwrap_or_default()
        });
        property::any_claim(metadata, path, see)
    }

    fn random(&self) -> Option<u128> {
        *self.random.get_or_init(|| {
            let mut bits = [0; 16];
            getrandom::fill(&mut bits).ok()?;
            Some(u128::from_ne_bytes(bits))
        })
    }
}

/// An answer. Only while its headers have not gone on.
pub(super) struct HostAnswer {
    headers: Vec<(String, Bytes)>,
}

impl HostAnswer {
    pub(super) fn fetch() -> Self {
        let headers = hostcalls::get_map_bytes(MapType::HttpResponseHeaders);
        Self {
            headers: headers.unwrap_or_default(),
        }
    }
}

/// Has the answer set a cookie. Only while its headers have not gone on.
pub(super) fn set_cookie(cookie: &NewCookie) {
    let line = cookie.line.as_bytes();
    let _ = hostcalls::add_map_value_bytes(MapType::HttpResponseHeaders, "set-cookie", line);
}

impl Answer for HostAnswer {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        of(&self.headers, name).any(see)
    }
}

impl Headers {
    fn any(&mut self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        if self.all.is_none() {
            match self.first(name) {
                None => return false,
                Some(value) if see(value) => return true,
                // A pseudo-header has one value.
                Some(_) if name.starts_with(':') => return false,
                Some(_) => {}
            }
            let all = hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default();
            let rest = of(&all, name).skip(1).any(&mut *see);
            self.all = Some(all);
            return rest;
        }
        self.all.as_ref().is_some_and(|all| of(all, name).any(see))
    }

    fn first(&mut self, name: &str) -> Option<&Bytes> {
        let known = self.first.iter().position(|(header, _)| header == name);
        let at = known.unwrap_or_else(|| {
            let value = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name);
            self.first.push((name.to_owned(), value.ok().flatten()));
            self.first.len().saturating_sub(1)
        });
        self.first.get(at)?.1.as_ref()
    }
}

fn of<'h>(all: &'h [(String, Bytes)], name: &str) -> impl Iterator<Item = &'h [u8]> {
    all.iter()
        .filter(move |(header, _)| header == name)
        .map(|(_, value)| value.as_slice())
}
