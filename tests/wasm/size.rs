//! How large the module is. Every proxy of a mesh fetches it, and each compiles it before it serves
//! the first request: what makes it much larger should be seen, and be worth it.

use std::fs::File;
use std::process::Command;

use crate::host;

/// As Envoy compiles it.
const MAX_BYTES: u64 = 576_000;

/// As it travels: an image's layers are compressed by gzip.
const MAX_GZIPPED_BYTES: usize = 250_000;

#[test]
fn the_module_is_small() {
    let module = File::open(host::path()).unwrap();
    let bytes = module.metadata().unwrap().len();
    let gzip = Command::new("gzip").arg("-9").stdin(module).output();
    let gzipped = gzip.expect("gzip is installed").stdout.len();
    println!("{bytes} bytes, {gzipped} gzipped");
    assert!(bytes <= MAX_BYTES, "{bytes} bytes");
    assert!(
        (1..=MAX_GZIPPED_BYTES).contains(&gzipped),
        "{gzipped} bytes gzipped"
    );
}
