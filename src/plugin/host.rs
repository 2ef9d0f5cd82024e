//! Every hostcall of the filter, and the request that the rules see through them.
//!
//! Only calls that cannot fail where they are made: the SDK panics on a status it does not expect,
//! and a panic takes a worker's VM with it. Values are bytes, since a client may send any.

use std::cell::OnceCell;
use std::net::{IpAddr, SocketAddr};
use std::time::UNIX_EPOCH;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, Bytes, MapType};

use super::headers::{Habit, Headers, values};
use crate::{Answer, HeaderEffect, Id, NewCookie, Node, Request, baggage, property};

/// The plugin's configuration. Empty where there is none.
pub(super) fn configuration() -> Bytes {
    hostcalls::get_buffer(BufferType::PluginConfiguration, 0, usize::MAX)
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// The plugin's name, which Istio gives each of its own.
pub(super) fn plugin() -> Bytes {
    let name = hostcalls::get_property(vec!["plugin_name"]);
    name.ok().flatten().unwrap_or_default()
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
pub(super) struct HostRequest<'h, 'r> {
    headers: Headers<'h, 'r>,
    metadata: OnceCell<Bytes>,
    source_ip: OnceCell<Option<IpAddr>>,
    random: OnceCell<Option<u128>>,
    inbound: OnceCell<bool>,
}

impl<'h, 'r> HostRequest<'h, 'r> {
    pub(super) fn new(habit: &'h Habit) -> Self {
        Self {
            headers: Headers::new(habit),
            metadata: OnceCell::new(),
            source_ip: OnceCell::new(),
            random: OnceCell::new(),
            inbound: OnceCell::new(),
        }
    }

    /// Tells how the next one's headers are best fetched.
    pub(super) fn teach(&self) {
        self.headers.teach();
    }

    /// Does what a decision asks.
    pub(super) fn apply(&self, effect: HeaderEffect<'r>) {
        match effect {
            HeaderEffect::Set(name, value) => set(name, Some(value.as_bytes())),
            // To look is half of what a removal costs, which also has the route chosen anew.
            HeaderEffect::Remove(name) if !self.any_header(name, &mut |_| true) => {}
            HeaderEffect::Remove(name) => set(name, None),
            HeaderEffect::Entry(name, value) => self.set_entry(name, value),
            HeaderEffect::AddCookie(name, id) => self.add_cookie(name, id),
        }
    }

    /// In one line with the entries that are there, which is the same as several.
    fn set_entry(&self, name: &str, value: Option<&str>) {
        let mut entries = Vec::new();
        self.list(baggage::HEADER, &mut |own| {
            if !entries.is_empty() {
                entries.push(b',');
            }
            entries.extend_from_slice(own);
            false
        });
        if let Some(entries) = baggage::rewritten(&entries, name, value) {
            let entries = (!entries.is_empty()).then_some(&*entries);
            set(baggage::HEADER, entries);
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

impl<'r> Request<'r> for HostRequest<'_, 'r> {
    fn any_header(&self, name: &'r str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.headers.any(name, see)
    }

    fn list(&self, name: &'r str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.headers.list(name, see)
    }

    fn is_inbound(&self) -> bool {
        *self.inbound.get_or_init(|| {
            let direction = hostcalls::get_property(vec!["xds", "listener_direction"]);
            // An integer of 64 bits, as the host's machine has it; Envoy's `TrafficDirection`.
            let inbound = 1i64.to_ne_bytes();
            direction.ok().flatten().is_some_and(|own| own == inbound)
        })
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
        values(&self.headers, name).any(see)
    }
}
