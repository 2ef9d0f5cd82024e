//! Requests on their way through a VM.

use std::mem;

use super::state::{Calls, Headers, Line, Stream};
use super::{Ended, Root, Vm, property};
use crate::support::Sent;

/// A request in the VM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request(u32);

/// A request that went through.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) before: Headers,
    pub(crate) after: Headers,
    /// The answer as it goes on.
    pub(crate) answer: Headers,
    /// What access logs find of the decision.
    pub(crate) annotation: Option<Vec<u8>>,
    pub(crate) calls: Calls,
    pub(crate) log: Vec<Line>,
}

impl Vm {
    /// A request from its beginning to its end, answered with nothing that matters.
    pub(crate) fn serve(&mut self, root: Root, sent: &Sent) -> Served {
        self.serve_to(root, sent, &Ended::with(200))
    }

    /// A request from its beginning to this end.
    pub(crate) fn serve_to(&mut self, root: Root, sent: &Sent, ended: &Ended) -> Served {
        let state = self.store.data_mut();
        state.log.clear();
        state.calls.clear();
        let request = self.open(root);
        let (before, after) = self.send(request, sent);
        let answer = self.answer(request, ended);
        let annotation = self.stream(request.0).properties.remove("graylane");
        self.end(request, ended);
        let state = self.store.data_mut();
        Served {
            before,
            after,
            answer,
            annotation,
            calls: mem::take(&mut state.calls),
            log: mem::take(&mut state.log),
        }
    }

    /// A request's context.
    pub(crate) fn open(&mut self, Root(root): Root) -> Request {
        let context = self.create(root);
        self.store
            .data_mut()
            .streams
            .insert(context, Stream::default());
        Request(context)
    }

    /// The request's headers pass the module: as they came, and as they go on.
    pub(crate) fn send(&mut self, Request(context): Request, sent: &Sent) -> (Headers, Headers) {
        let before = headers(sent);
        let count = u32::try_from(before.len()).unwrap();
        let stream = self.stream(context);
        stream.headers = Some(before.clone());
        stream.properties = property::of_request(sent);
        let action: u32 =
            self.callback_for(context, "proxy_on_request_headers", (context, count, 1));
        assert_eq!(action, 0, "the request is held up");
        // From here on the module must not touch them any more.
        let stream = self.stream(context);
        let after = stream.headers.take().unwrap();
        stream.gone.headers = Some(after.clone());
        (before, after)
    }

    /// The answer's headers, if there is one, pass the module: as they go on.
    pub(crate) fn answer(&mut self, Request(context): Request, ended: &Ended) -> Headers {
        let Some(headers) = ended.headers() else {
            return Headers::default();
        };
        let count = u32::try_from(headers.len()).unwrap();
        self.stream(context).answer = Some(headers);
        if self.exports("proxy_on_response_headers") {
            let arguments = (context, count, 1);
            let action: u32 = self.callback_for(context, "proxy_on_response_headers", arguments);
            assert_eq!(action, 0, "the response is held up");
        }
        let stream = self.stream(context);
        let headers = stream.answer.take().unwrap();
        stream.gone.answer = Some(headers.clone());
        headers
    }

    /// The request is over, and nothing is known of how it went.
    pub(crate) fn close(&mut self, request: Request) {
        self.end(request, &Ended::left());
    }

    /// The request is over.
    pub(crate) fn end(&mut self, Request(context): Request, ended: &Ended) {
        let stream = self.stream(context);
        stream.gone.trailers = ended.trailers();
        stream.properties.extend(ended.properties());
        stream.is_logged = true;
        if self.exports("proxy_on_log") {
            self.callback_for::<_, ()>(context, "proxy_on_log", context);
        }
        self.delete(context);
        self.store.data_mut().streams.remove(&context);
    }

    fn stream(&mut self, context: u32) -> &mut Stream {
        let streams = &mut self.store.data_mut().streams;
        streams.get_mut(&context).expect("an open request")
    }
}

/// A request's headers as Envoy has them: those of HTTP/2 first, whatever the protocol.
fn headers(sent: &Sent) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in [
        (":authority", &*sent.host),
        (":path", &sent.path),
        (":method", &sent.method),
        (":scheme", "http"),
    ] {
        headers.add(name, value.as_bytes());
    }
    for (name, value) in &sent.headers {
        headers.add(name, value.as_slice());
    }
    headers
}
