//! What the workers of a proxy share.

use proxy_wasm::hostcalls;

use crate::guard::Worker;
use crate::shared::{NOTHING_YET, Shared, bytes, words};

/// Where the proxy's random bits are.
const PROXY: &str = "graylane/1/proxy";

/// Enough of a node's id to know it again; Istio's has its pod.
const MAX_NODE_CHARS: usize = 120;

thread_local! {
    /// This worker: one for each VM, whatever configurations that has.
    static WORKER: Worker = Worker::new(random());
}

/// This worker.
pub(super) fn worker<T>(with: impl FnOnce(&Worker) -> T) -> T {
    WORKER.with(with)
}

/// Who this proxy is among others, all workers of it: its node's id, which need not be its own
/// alone, and random bits.
pub(super) fn proxy(node: &str) -> String {
    let host = HostShared;
    host.set(PROXY, &bytes(&[random()]), Some(NOTHING_YET));
    let bits = words(&host.get(PROXY).0).next().unwrap_or_default();
    let valid = |char: &char| char.is_ascii_alphanumeric() || "-._~".contains(*char);
    let node: String = node.chars().filter(valid).take(MAX_NODE_CHARS).collect();
    format!("{node}-{bits:016x}")
}

/// The host tells no worker who it is.
pub(super) fn random() -> u64 {
    let mut bits = [0; 8];
    // Its one error is that there is no source, which Envoy always has.
    let _ = getrandom::fill(&mut bits);
    u64::from_ne_bytes(bits)
}

/// Envoy's shared data: one map for all VMs of the same `vm_id`.
pub(super) struct HostShared;

impl Shared for HostShared {
    fn get(&self, key: &str) -> (Vec<u8>, Option<u32>) {
        let (value, since) = hostcalls::get_shared_data(key).unwrap_or_default();
        (value.unwrap_or_default(), since)
    }

    fn set(&self, key: &str, value: &[u8], since: Option<u32>) -> bool {
        hostcalls::set_shared_data(key, Some(value), since).is_ok()
    }
}
