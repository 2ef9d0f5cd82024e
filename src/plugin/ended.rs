//! A request that has ended, as the host tells of it. Only while it is logged.

use proxy_wasm::hostcalls;
use proxy_wasm::types::{Bytes, MapType};

use crate::guard::Ended;

/// The namespace of ours in the metadata of endpoints and routes.
const NAMESPACE: &str = "graylane";

/// Bytes of a trace's id that are kept.
const MAX_TRACE_BYTES: usize = 64;

/// The request that is being logged.
pub(super) struct HostEnded {
    code: u64,
}

impl HostEnded {
    /// Asks for what is asked of every one.
    pub(super) fn fetch() -> Self {
        Self {
            code: number(&["response", "code"]),
        }
    }

    /// By which id the request is found in traces or logs.
    pub(super) fn trace() -> Option<String> {
        let header = |name| value(MapType::HttpRequestHeaders, name);
        let trace = header("traceparent").and_then(|own| {
            let trace = own.split(|byte| *byte == b'-').nth(1)?;
            Some(trace.to_vec())
        });
        let trace = trace.or_else(|| header("x-request-id"))?;
        let trace = String::from_utf8(trace).ok()?;
        let fits = (1..=MAX_TRACE_BYTES).contains(&trace.len());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (fits && trace.bytes().all(plain)).then_some(trace)
    }
}

impl Ended for HostEnded {
    fn code(&self) -> u64 {
        self.code
    }

    fn flags(&self) -> u64 {
        number(&["response", "flags"])
    }

    fn is_from_upstream(&self) -> bool {
        property(&["response", "code_details"]).is_some_and(|details| details == b"via_upstream")
    }

    fn grpc_status(&self) -> Option<u8> {
        let status = |map| {
            let status = value(map, "grpc-status")?;
            str::from_utf8(&status).ok()?.parse().ok()
        };
        status(MapType::HttpResponseTrailers).or_else(|| status(MapType::HttpResponseHeaders))
    }

    fn is_by_other(&self, version: &str) -> bool {
        let own = |whose, name| property(&["xds", whose, "filter_metadata", NAMESPACE, name]);
        let answered = own("upstream_host_metadata", "version");
        answered.is_some_and(|answered| answered != version.as_bytes())
            && own("route_metadata", "borrow").is_none_or(|borrows| borrows != [1])
    }
}

/// The first value of a header. Where there is no map of the kind, the host says it is empty.
fn value(map: MapType, name: &str) -> Option<Bytes> {
    hostcalls::get_map_value_bytes(map, name).ok().flatten()
}

fn property(path: &[&str]) -> Option<Bytes> {
    hostcalls::get_property(path.to_vec()).ok().flatten()
}

/// A property that is a number; 0 where there is none.
fn number(path: &[&str]) -> u64 {
    let bytes = property(path).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u64::from_ne_bytes)
}
