//! What a proxy counts of versions, as its admin interface shows it.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::envoy::Admin;

/// Everything that is counted by service and version, at one moment.
#[derive(Debug)]
pub(super) struct Gauges {
    stats: BTreeMap<String, u64>,
}

impl Gauges {
    pub(super) async fn read(admin: &Admin) -> Result<Self> {
        let stats = admin.stats(r"^wasmcustom\.gray_service=").await?;
        Ok(Self { stats })
    }

    /// What is counted of a version under this name; `None` if it is not.
    pub(super) fn of(&self, service: &str, version: &str, name: &str) -> Option<u64> {
        let name =
            format!("wasmcustom.gray_service=.={service};.;gray_version=.={version};.;{name}");
        self.stats.get(&name).copied()
    }
}
