//! Requests of the proxy's own, to config centres and to whoever is told of verdicts. Only from a
//! root context.

use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, MapType, Status};

use crate::limits::MAX_REPLY_BYTES;
use crate::remote::{Call, Reply, patience};
use crate::rules::Server;

/// Sends a request: the host's number for it, or a sentence why it was not sent. A reply comes only
/// for what was.
pub(super) fn send(server: &Server, call: &Call) -> Result<u32, String> {
    let mut headers = vec![
        (":method", call.method),
        (":path", &*call.path),
        (":authority", &*server.host),
    ];
    let own = call.headers.iter();
    headers.extend(own.map(|(name, value)| (*name, &**value)));
    let body = (!call.body.is_empty()).then_some(&*call.body);
    let timeout = Duration::from_millis(patience(call.hold));
    let sent = hostcalls::dispatch_http_call(&server.cluster, headers, body, Vec::new(), timeout);
    sent.map_err(|status| match status {
        Status::BadArgument => {
            let cluster = &server.cluster;
            format!("cannot be asked: the proxy has no cluster {cluster:?}; define it")
        }
        _ => format!(
            "cannot be reached: the proxy's cluster {:?} has no healthy endpoint",
            server.cluster
        ),
    })
}

/// The reply that has just come, or a sentence why there is none. Only while the host tells of it.
pub(super) fn reply(headers: usize, body: usize) -> Result<Reply, String> {
    if headers == 0 {
        return Err("gave no answer: the connection broke off".to_owned());
    }
    if body > MAX_REPLY_BYTES {
        return Err(format!(
            "answers with {body} bytes, above {MAX_REPLY_BYTES}; no document is so large"
        ));
    }
    let headers = hostcalls::get_map_bytes(MapType::HttpCallResponseHeaders).unwrap_or_default();
    let status = headers.iter().find(|(name, _)| name == ":status");
    let status = status.and_then(|(_, status)| str::from_utf8(status).ok()?.parse().ok());
    let body = match body {
        0 => None,
        _ => hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, body)
            .ok()
            .flatten(),
    };
    Ok(Reply {
        status: status.unwrap_or_default(),
        headers,
        body: body.unwrap_or_default(),
    })
}
