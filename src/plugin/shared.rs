//! What the workers of a proxy share.

use proxy_wasm::hostcalls;

use crate::Shared;
use crate::guard::Worker;

thread_local! {
    /// This worker: one for each VM, whatever configurations that has.
    static WORKER: Worker = Worker::new(random());
}

/// This worker.
pub(super) fn worker<T>(with: impl FnOnce(&Worker) -> T) -> T {
    WORKER.with(with)
}

/// The host tells no worker who it is.
fn random() -> u64 {
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
