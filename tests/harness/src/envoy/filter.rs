//! The filter, as a chain of HTTP filters has it.

use std::path::Path;

use serde_json::{Value, json};

/// A wasm filter of this module. All of them share a VM in each worker.
pub(crate) fn wasm_filter(module: &Path, configuration: &Value) -> Value {
    json!({
        "name": "graylane",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "graylane",
                "root_id": "graylane",
                "fail_open": true,
                "vm_config": {
                    "vm_id": "graylane",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": module } },
                },
                "configuration": configuration,
            },
        },
    })
}
