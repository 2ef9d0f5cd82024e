//! libFuzzer around the target that `FUZZ_TARGET` names.

#![no_main]

use std::sync::OnceLock;

use graylane_fuzz::TARGETS;
use libfuzzer_sys::fuzz_target;

static RUN: OnceLock<fn(&[u8])> = OnceLock::new();

/// The target by its name, once.
fn named() -> fn(&[u8]) {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let target = TARGETS.iter().find(|target| target.name == name);
    match target {
        Some(target) => target.run,
        None => {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!("FUZZ_TARGET is {name:?}; name one of {}", names.join(", "));
            std::process::exit(2);
        }
    }
}

fuzz_target!(|data: &[u8]| RUN.get_or_init(named)(data));
