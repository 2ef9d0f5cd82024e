//! The probes of `tests/probe/`, as `make probes` builds them.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::place;

/// Where the probes' modules are.
#[derive(Clone, Debug)]
pub(super) struct Probes {
    /// With every callback of the SDK, as rustc links it.
    pub(super) whole: PathBuf,
    /// With the callback for request headers alone.
    pub(super) trimmed: PathBuf,
    /// With the callback for response headers, too.
    pub(super) answering: PathBuf,
}

impl Probes {
    /// Finds them in `target/`.
    ///
    /// # Errors
    /// If one is not there.
    pub(super) fn find() -> Result<Self> {
        let target = place::repository()?.join("target");
        let find = |name: &str| {
            let path = target.join(name);
            if !path.is_file() {
                bail!(
                    "there is no probe at {}; build it with `make probes`",
                    path.display()
                );
            }
            Ok(path)
        };
        Ok(Self {
            whole: find("probe.wasm")?,
            trimmed: find("probe-trimmed.wasm")?,
            answering: find("probe-answering.wasm")?,
        })
    }
}
