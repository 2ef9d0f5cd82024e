//! A module without the callbacks that it does not need: the SDK exports all of them, and the host
//! calls whatever is exported.

use anyhow::{Result, anyhow};
use walrus::Module;

/// The callbacks without which nothing works: a filter that only looks at request headers.
const NEEDED: [&str; 5] = [
    "proxy_on_context_create",
    "proxy_on_vm_start",
    "proxy_on_configure",
    "proxy_on_request_headers",
    // The SDK frees its context there.
    "proxy_on_delete",
];

/// The module with the callbacks that a filter of request headers needs, and those of `keep`.
///
/// # Errors
/// If it is no module.
pub(super) fn trimmed(wasm: &[u8], keep: &[&str]) -> Result<Vec<u8>> {
    let mut module = Module::from_buffer(wasm).map_err(|error| anyhow!("{error:#}"))?;
    let is_spare = |name: &str| {
        name.starts_with("proxy_on_")
            && name != "proxy_on_memory_allocate"
            && !NEEDED.contains(&name)
            && !keep.contains(&name)
    };
    let spare: Vec<_> = module
        .exports
        .iter()
        .filter(|export| is_spare(&export.name))
        .map(walrus::Export::id)
        .collect();
    for export in spare {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spare_callbacks_go() {
        let wasm = wat::parse_str(
            r#"(module
                (func (export "proxy_on_request_headers"))
                (func (export "proxy_on_memory_allocate"))
                (func (export "proxy_on_response_headers"))
                (func (export "proxy_on_log"))
                (func (export "_initialize")))"#,
        )
        .unwrap();
        let trimmed = trimmed(&wasm, &["proxy_on_response_headers"]).unwrap();
        let module = Module::from_buffer(&trimmed).unwrap();
        let names: Vec<_> = module.exports.iter().map(|export| &*export.name).collect();
        assert_eq!(
            names,
            [
                "proxy_on_request_headers",
                "proxy_on_memory_allocate",
                "proxy_on_response_headers",
                "_initialize"
            ]
        );
    }
}
