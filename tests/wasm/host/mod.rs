//! A host for the module, as Envoy is one, without a socket: it calls the module's callbacks in
//! Envoy's order and answers the module's hostcalls out of a state that tests set and look at.

mod common;
mod dispatched;
mod ended;
mod hostcall;
mod metrics;
mod module;
mod property;
mod proxy;
mod request;
mod shared;
mod state;
mod wasi;

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::mem;
use std::rc::Rc;

use wasmi::{Instance, Store, WasmParams, WasmResults};

pub(crate) use dispatched::{DEAD, Dispatched, UNKNOWN};
pub(crate) use ended::Ended;
pub(crate) use module::path;
pub(crate) use request::{Request, Served};
pub(crate) use state::{Calls, DEBUG, ERROR, Headers, INFO, Line, Noise, WARN};

use crate::support::vectors::Vector;
use common::{Common, Kind};
use state::State;

/// One VM, as each of Envoy's workers has.
pub(crate) struct Vm {
    store: Store<State>,
    instance: Instance,
    contexts: u32,
}

/// A configuration in the VM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root(u32);

/// What was done at a tick.
#[derive(Debug)]
pub(crate) struct Ticked {
    /// Milliseconds from one to the next.
    pub(crate) period: u64,
    pub(crate) calls: Calls,
    pub(crate) log: Vec<Line>,
}

impl Vm {
    /// The first one of a proxy.
    pub(crate) fn start() -> Self {
        Self::in_common(Rc::default())
    }

    /// One more of the proxy that another one belongs to.
    pub(crate) fn start_beside(other: &Self) -> Self {
        Self::in_common(other.store.data().common.clone())
    }

    fn in_common(common: Rc<RefCell<Common>>) -> Self {
        let (module, linker) = &*module::BUILT;
        assert!(
            module.get_export("proxy_abi_version_0_2_1").is_some(),
            "the module does not speak the ABI of this host"
        );
        let mut store = Store::new(module.engine(), State::new(common));
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
        let properties = &mut self.store.data_mut().properties;
        properties.extend(property::node(vector));
    }

    /// Prescribes what the module draws; without it, it draws what has no pattern.
    pub(crate) fn chance(&mut self, chance: Option<u128>) {
        self.store.data_mut().chance = chance;
    }

    /// What counts, by its name: how much since this was asked last.
    pub(crate) fn counted(&mut self) -> BTreeMap<String, u64> {
        let mut common = self.common();
        let counters = common.metrics.iter_mut();
        let counters = counters.filter(|(_, (kind, count))| *kind == Kind::Counter && *count > 0);
        let counted = counters.map(|(name, (_, count))| (name.clone(), mem::take(count)));
        counted.collect()
    }

    /// What a gauge is at, which may be of any VM of the proxy; `None` if there is none.
    pub(crate) fn gauge(&self, name: &str) -> Option<u64> {
        let common = self.common();
        let gauge = common.metrics.get(name);
        gauge
            .filter(|(kind, _)| *kind == Kind::Gauge)
            .map(|(_, value)| *value)
    }

    /// What was put into a histogram, by any VM of the proxy, in order.
    pub(crate) fn samples(&self, name: &str) -> Vec<u64> {
        let common = self.common();
        common.samples.get(name).cloned().unwrap_or_default()
    }

    /// Sets the clock of the proxy: milliseconds since the Unix epoch.
    pub(crate) fn clock(&mut self, now: u64) {
        self.common().now = now * 1_000_000;
    }

    /// The proxy's shared data.
    pub(crate) fn shared(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.common().all()
    }

    /// Writes to the proxy's shared data, as somebody else might.
    pub(crate) fn share(&mut self, key: &[u8], value: &[u8]) {
        self.common().set(key, value, 0);
    }

    fn common(&self) -> RefMut<'_, Common> {
        self.store.data().common.borrow_mut()
    }

    /// What the host does each time that the period of a configuration's timer is over: tells the
    /// period, what was called and what was logged.
    pub(crate) fn tick(&mut self, Root(root): Root) -> Ticked {
        let state = self.store.data_mut();
        state.log.clear();
        state.calls.clear();
        let period = state.ticks.get(&root).copied().unwrap_or_default();
        assert!(period > 0, "no timer was asked for");
        self.callback_for::<_, ()>(root, "proxy_on_tick", root);
        let state = self.store.data_mut();
        Ticked {
            period: period.into(),
            calls: mem::take(&mut state.calls),
            log: mem::take(&mut state.log),
        }
    }

    /// What was logged since this was asked last, or a tick came.
    pub(crate) fn logged(&mut self) -> Vec<Line> {
        mem::take(&mut self.store.data_mut().log)
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

    /// What the module has said of properties that it will set: the arguments of
    /// `declare_property`.
    pub(crate) fn declared(&self) -> &[Vec<u8>] {
        &self.store.data().declared
    }

    /// What Envoy does with a configuration that has been replaced, once its requests are over.
    pub(crate) fn retire(&mut self, Root(root): Root) {
        self.delete(root);
        let state = self.store.data_mut();
        // Envoy's own does not end with it.
        let period = state.ticks.remove(&root).unwrap_or_default();
        assert_eq!(period, 0, "its timer goes on");
    }

    /// How large the module's memory is, in pages of 64 KiB.
    pub(crate) fn pages(&self) -> u64 {
        let memory = self.instance.get_memory(&self.store, "memory");
        memory.unwrap().size(&self.store)
    }

    fn create(&mut self, parent: u32) -> u32 {
        self.contexts += 1;
        let context = self.contexts;
        self.callback_for::<_, ()>(context, "proxy_on_context_create", (context, parent));
        context
    }

    fn delete(&mut self, context: u32) {
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
