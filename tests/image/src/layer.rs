//! The layer: a compressed archive that says nothing of who packed it, where or when.

use std::io::Write;

use anyhow::Result;
use flate2::{Compression, GzBuilder};

/// The file that Istio looks for.
pub const FILE: &str = "plugin.wasm";

pub(super) fn tar(module: &[u8]) -> Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(module.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_data(&mut header, FILE, module)?;
    Ok(tar.into_inner()?)
}

pub(super) fn gzip(tar: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    gzip.write_all(tar)?;
    Ok(gzip.finish()?)
}
