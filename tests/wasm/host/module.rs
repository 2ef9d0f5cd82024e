//! The built module, and its imports linked to this host.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs};

use wasmi::{Engine, Error, ExternType, Linker, Module, Val};

use super::hostcall::Hostcall;
use super::state::State;
use super::{proxy, wasi};
use crate::support::ROOT;

/// What the SDK and the standard library link whether or not a module calls it. The host has none
/// of it: a call of one fails with its name.
const NEVER: [&str; 21] = [
    "environ_get",
    "proc_exit",
    "proxy_call_foreign_function",
    "proxy_close_stream",
    "proxy_continue_stream",
    "proxy_dequeue_shared_queue",
    "proxy_done",
    "proxy_enqueue_shared_queue",
    "proxy_get_status",
    "proxy_grpc_call",
    "proxy_grpc_cancel",
    "proxy_grpc_close",
    "proxy_grpc_send",
    "proxy_grpc_stream",
    "proxy_http_call",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_send_local_response",
    "proxy_set_buffer_bytes",
    "proxy_set_header_map_pairs",
    "proxy_set_property",
];

/// What is tested: parsed and linked once, and started afresh for each test.
pub(super) static BUILT: LazyLock<(Module, Linker<State>)> = LazyLock::new(|| {
    let path = path();
    let bytes = fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `make wasm` builds the module, and GRAYLANE_WASM names another",
            path.display()
        )
    });
    let engine = Engine::default();
    let module = Module::new(&engine, bytes)
        .unwrap_or_else(|error| panic!("{} is no module: {error}", path.display()));
    let linker = link(&engine, &module);
    (module, linker)
});

/// Where the module is.
pub(crate) fn path() -> PathBuf {
    env::var_os("GRAYLANE_WASM").map_or_else(
        || PathBuf::from(ROOT).join("target/graylane.wasm"),
        PathBuf::from,
    )
}

fn link(engine: &Engine, module: &Module) -> Linker<State> {
    let mut linker = Linker::new(engine);
    let mut lacking = Vec::new();
    for import in module.imports() {
        let (from, name) = (import.module(), import.name());
        let answer = match from {
            "env" => proxy::hostcall(name),
            "wasi_snapshot_preview1" => wasi::hostcall(name),
            _ => None,
        };
        let ExternType::Func(signature) = import.ty() else {
            panic!("the module imports {from}.{name}, which is no function");
        };
        if answer.is_none() && !NEVER.contains(&name) {
            lacking.push(format!("{from}.{name}"));
            continue;
        }
        let called = name.to_owned();
        let defined = linker.func_new(
            from,
            name,
            signature.clone(),
            move |caller, arguments, results| {
                let mut call = Hostcall { caller, arguments };
                count(&called, &mut call)?;
                let Some(answer) = answer else {
                    return Err(Error::new(format!("this host has no {called}")));
                };
                let status = answer(&mut call)?;
                if let [result] = results {
                    *result = Val::I32(status as i32);
                }
                Ok(())
            },
        );
        defined.unwrap();
    }
    assert!(
        lacking.is_empty(),
        "the module imports what this host lacks: {}",
        lacking.join(", ")
    );
    linker
}

fn count(name: &str, call: &mut Hostcall<'_>) -> Result<(), Error> {
    let subject = proxy::subject(name, call)?;
    let name = name.strip_prefix("proxy_").unwrap_or(name);
    let counted = match subject {
        Some(subject) => format!("{name} {subject}"),
        None => name.to_owned(),
    };
    *call.state().calls.entry(counted).or_default() += 1;
    Ok(())
}
