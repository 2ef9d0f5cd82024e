//! Requests of the module's own, and the replies to them.

use super::hostcall::Hostcall;
use super::proxy::Answer;
use super::state::{Headers, Status};
use super::{Root, Vm};

/// A request that the module has sent.
#[derive(Clone, Debug)]
pub(crate) struct Dispatched {
    /// The host's number for it.
    pub(crate) ticket: u32,
    /// The root context that sent it, and is called back.
    context: u32,
    pub(crate) cluster: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    /// In milliseconds.
    pub(crate) timeout: u32,
}

/// What a request was answered with.
#[derive(Clone, Debug)]
pub(crate) struct Replied {
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

/// A cluster that the host does not have, and one without a healthy endpoint.
pub(crate) const UNKNOWN: &str = "unknown";
pub(crate) const DEAD: &str = "dead";

pub(super) fn send(call: &mut Hostcall<'_>) -> Answer {
    let cluster = call.text(0)?;
    match &*cluster {
        UNKNOWN => return Ok(Status::BadArgument),
        DEAD => return Ok(Status::InternalFailure),
        _ => {}
    }
    let headers = Headers::of_pairs(&call.bytes(2)?);
    let needed = [":method", ":path", ":authority"];
    if needed.iter().any(|name| headers.first(name).is_none()) {
        return Ok(Status::BadArgument);
    }
    let (body, timeout) = (call.bytes(4)?, call.number(8)?);
    let state = call.state();
    state.tickets += 1;
    let ticket = state.tickets;
    state.dispatched.push(Dispatched {
        ticket,
        context: state.context,
        cluster,
        headers,
        body,
        timeout,
    });
    call.write(call.number(9)?, &ticket.to_le_bytes())?;
    Ok(Status::Ok)
}

impl Dispatched {
    /// Whether it was this configuration that sent it.
    pub(crate) fn is_by(&self, Root(root): Root) -> bool {
        self.context == root
    }
}

impl Vm {
    /// The requests that the module has sent and that have no reply yet, taken.
    pub(crate) fn dispatched(&mut self) -> Vec<Dispatched> {
        std::mem::take(&mut self.store.data_mut().dispatched)
    }

    /// Answers a request of the module's own; without headers where the connection broke.
    pub(crate) fn reply(&mut self, to: &Dispatched, headers: &[(&str, &str)], body: &[u8]) {
        let mut own = Headers::default();
        for (name, value) in headers {
            own.add(name, value.as_bytes());
        }
        let arguments = (
            to.context,
            to.ticket,
            u32::try_from(own.len()).unwrap(),
            u32::try_from(body.len()).unwrap(),
            0u32,
        );
        self.store.data_mut().replied = Some(Replied {
            headers: own,
            body: body.to_vec(),
        });
        self.callback_for::<_, ()>(to.context, "proxy_on_http_call_response", arguments);
        self.store.data_mut().replied = None;
    }
}
