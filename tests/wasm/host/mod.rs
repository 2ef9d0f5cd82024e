//! A host for the module, as Envoy is one, without a socket: it calls the module's callbacks in
//! Envoy's order and answers the module's hostcalls out of a state that tests set and look at.

mod hostcall;
mod module;
mod property;
mod proxy;
mod state;
mod wasi;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::mem;

use wasmi::{Instance, Store, WasmParams, WasmResults};

pub(crate) use module::path;
pub(crate) use state::{Calls, DEBUG, ERROR, Headers, INFO, Line, Noise};

use crate::support::Sent;
use crate::support::vectors::Vector;
use state::{State, Stream};

/// One VM, as each of Envoy's workers has.
pub(crate) struct Vm {
    store: Store<State>,
    instance: Instance,
    contexts: u32,
}

/// A configuration in the VM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root(u32);

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
    pub(crate) calls: Calls,
    pub(crate) log: Vec<Line>,
}

impl Vm {
    pub(crate) fn start() -> Self {
        let (module, linker) = &*module::BUILT;
        assert!(
            module.get_export("proxy_abi_version_0_2_1").is_some(),
            "the module does not speak the ABI of this host"
        );
        let mut store = Store::new(module.engine(), State::new());
        let instance = linker.instantiate_and_start(&mut store, module).unwrap();
        let mut vm = Self {
            store,
            instance,
            contexts: 0,
        };
        vm.callback::<_, ()>("_initialize", ());
        vm
    }

    /// Makes the host the node of the vector, as Envoy's `--service-node` and bootstrap do.
    pub(crate) fn node(&mut self, vector: &Vector) {
        self.store.data_mut().properties = property::node(vector);
    }

    /// Prescribes what the module draws; without it, it draws what has no pattern.
    pub(crate) fn chance(&mut self, chance: Option<u128>) {
        self.store.data_mut().chance = chance;
    }

    /// What counts, by its name: how much since this was asked last.
    pub(crate) fn counted(&mut self) -> BTreeMap<String, u64> {
        let counters = self.store.data_mut().counters.iter_mut();
        let counted = counters.map(|(name, count)| (name.clone(), mem::take(count)));
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// Sets the clock: milliseconds since the Unix epoch.
    pub(crate) fn clock(&mut self, now: u64) {
        self.store.data_mut().now = now * 1_000_000;
    }

    /// Gives the module a configuration, as a root context of its own; tells what the module
    /// answered, and what it logged meanwhile.
    pub(crate) fn configure(&mut self, bytes: &[u8]) -> (Root, bool, Vec<Line>) {
        let size = u32::try_from(bytes.len()).unwrap();
        let root = self.create(0);
        self.store.data_mut().log.clear();
        let started: u32 = self.callback_for(root, "proxy_on_vm_start", (root, 0));
        assert_eq!(started, 1, "the VM does not start");
        self.store.data_mut().configuration = Some(bytes.to_vec());
        let accepted: u32 = self.callback_for(root, "proxy_on_configure", (root, size));
        self.store.data_mut().configuration = None;
        let log = mem::take(&mut self.store.data_mut().log);
        (Root(root), accepted == 1, log)
    }

    /// Gives the module a configuration that it must accept.
    pub(crate) fn accept(&mut self, bytes: &[u8]) -> Root {
        let (root, accepted, log) = self.configure(bytes);
        assert!(accepted, "refused: {log:?}");
        root
    }

    /// What Envoy does with a configuration that has been replaced, once its requests are over.
    pub(crate) fn retire(&mut self, Root(root): Root) {
        self.end(root);
    }

    /// A request from its beginning to its end, answered with nothing that matters.
    pub(crate) fn serve(&mut self, root: Root, sent: &Sent) -> Served {
        self.serve_with(root, sent, &[])
    }

    /// A request from its beginning to its end, and these headers of what answers it.
    pub(crate) fn serve_with(
        &mut self,
        root: Root,
        sent: &Sent,
        answer: &[(String, String)],
    ) -> Served {
        let state = self.store.data_mut();
        state.log.clear();
        state.calls.clear();
        let request = self.open(root);
        let (before, after) = self.send(request, sent);
        let answer = self.answer(request, answer);
        self.close(request);
        let state = self.store.data_mut();
        Served {
            before,
            after,
            answer,
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
        let after = self.stream(context).headers.take();
        (before, after.unwrap())
    }

    /// The answer's headers pass the module: as they go on.
    pub(crate) fn answer(
        &mut self,
        Request(context): Request,
        answer: &[(String, String)],
    ) -> Headers {
        let mut headers = Headers::default();
        headers.add(":status", b"200");
        for (name, value) in answer {
            headers.add(name, value.as_bytes());
        }
        let count = u32::try_from(headers.len()).unwrap();
        self.stream(context).answer = Some(headers);
        if self.exports("proxy_on_response_headers") {
            let arguments = (context, count, 1);
            let action: u32 = self.callback_for(context, "proxy_on_response_headers", arguments);
            assert_eq!(action, 0, "the response is held up");
        }
        self.stream(context).answer.take().unwrap()
    }

    /// The request is over.
    pub(crate) fn close(&mut self, Request(context): Request) {
        if self.exports("proxy_on_log") {
            self.callback_for::<_, ()>(context, "proxy_on_log", context);
        }
        self.end(context);
        self.store.data_mut().streams.remove(&context);
    }

    /// How large the module's memory is, in pages of 64 KiB.
    pub(crate) fn pages(&self) -> u64 {
        let memory = self.instance.get_memory(&self.store, "memory");
        memory.unwrap().size(&self.store)
    }

    fn stream(&mut self, context: u32) -> &mut Stream {
        let streams = &mut self.store.data_mut().streams;
        streams.get_mut(&context).expect("an open request")
    }

    fn create(&mut self, parent: u32) -> u32 {
        self.contexts += 1;
        let context = self.contexts;
        self.callback_for::<_, ()>(context, "proxy_on_context_create", (context, parent));
        context
    }

    fn end(&mut self, context: u32) {
        if self.exports("proxy_on_done") {
            let done: u32 = self.callback_for(context, "proxy_on_done", context);
            assert_eq!(done, 1, "the module asks for time that it never ends");
        }
        self.callback_for::<_, ()>(context, "proxy_on_delete", context);
    }

    fn exports(&self, name: &str) -> bool {
        self.instance.get_func(&self.store, name).is_some()
    }

    fn callback_for<P: WasmParams, R: WasmResults>(
        &mut self,
        context: u32,
        name: &str,
        arguments: P,
    ) -> R {
        self.store.data_mut().context = context;
        self.callback(name, arguments)
    }

    fn callback<P: WasmParams, R: WasmResults>(&mut self, name: &str, arguments: P) -> R {
        let callback = self.instance.get_typed_func::<P, R>(&self.store, name);
        let callback = callback.unwrap_or_else(|error| panic!("{name}: {error}"));
        callback
            .call(&mut self.store, arguments)
            .unwrap_or_else(|error| panic!("{name}: {error}; logged {:?}", self.store.data().log))
    }
}

/// The names of all that the module exports.
pub(crate) fn exports() -> BTreeSet<String> {
    let (module, _) = &*module::BUILT;
    module
        .exports()
        .map(|export| export.name().to_owned())
        .collect()
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
