//! A policy in a file, as a command line names it.

use std::path::PathBuf;

use super::{Loaded, read};
use crate::Node;

/// A file that may hold policies, as a command is given it.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct File {
    /// A policy, a `WasmPlugin`, or Envoy's configuration, as YAML or JSON; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// The policy, where the file holds several: a filter's or `WasmPlugin`'s name
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) policy: Option<String>,
}

impl File {
    /// The one policy that is meant, in force on the node.
    pub(in crate::cli) fn load(&self, node: &Node) -> anyhow::Result<Loaded> {
        let mut sources = read(&self.file)?;
        let names: Vec<_> = sources.iter().map(|source| source.name.clone()).collect();
        let names = names.join(", ");
        if let Some(name) = &self.policy {
            sources.retain(|source| source.name == *name);
        }
        match (sources.len(), sources.pop()) {
            (1, Some(source)) => Ok(source.load(node)?),
            (0, _) => anyhow::bail!(
                "{} has no policy of this name; choose one by --policy: {names}",
                self.file.display()
            ),
            _ => anyhow::bail!(
                "{} holds several policies; choose one by --policy: {names}",
                self.file.display()
            ),
        }
    }
}
