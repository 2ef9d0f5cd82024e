//! What Envoy finds in the module. It enters the VM for every callback that is exported, so there
//! are no others than those that the filter has, and all of those.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::host;
use crate::support::ROOT;

/// What the host or the SDK needs, whatever the filter does; the SDK frees its contexts on deletion.
const ALWAYS: [&str; 7] = [
    "memory",
    "_initialize",
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_vm_start",
    "proxy_on_context_create",
    "proxy_on_delete",
];

/// The callbacks that the filter implements, by their names in the ABI.
fn implemented() -> BTreeSet<String> {
    let folder = fs::read_dir(Path::new(ROOT).join("src/plugin")).unwrap();
    let sources = folder.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let callbacks = |source: String| {
        let after = source.split("fn on_").skip(1);
        let names = after.filter_map(|rest| rest.split('(').next());
        names.map(in_the_abi).collect::<Vec<_>>()
    };
    sources.flat_map(callbacks).collect()
}

/// The SDK says `on_http_request_headers` where the ABI has `proxy_on_request_headers`.
fn in_the_abi(name: &str) -> String {
    let name = match name.strip_prefix("http_") {
        Some(stream) if stream.starts_with("re") => stream,
        _ => name,
    };
    format!("proxy_on_{name}")
}

#[test]
fn the_module_exports_what_the_filter_has_and_nothing_else() {
    let implemented = implemented();
    for callback in ["configure", "request_headers", "response_headers"] {
        let name = format!("proxy_on_{callback}");
        assert!(implemented.contains(&name), "{name}: {implemented:?}");
    }
    let always = ALWAYS.map(str::to_owned);
    let expected: BTreeSet<_> = implemented.into_iter().chain(always).collect();
    assert_eq!(host::exports(), expected);
}

/// The one that does is built beside it, by `make trap`.
#[test]
fn the_module_does_not_die_on_purpose() {
    let asks = "x-graylane-trap";
    assert!(include_str!("../../src/plugin/trap.rs").contains(asks));
    let module = fs::read(host::path()).unwrap();
    let mut parts = module.windows(asks.len());
    assert!(!parts.any(|part| part == asks.as_bytes()));
}
