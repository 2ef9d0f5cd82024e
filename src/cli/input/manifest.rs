//! Manifests: documents that are no policies, each with its lines.

use std::path::Path;
use std::rc::Rc;

use serde_json::Value;

use super::{Mark, Refusal, bytes, documents, position, tree};
use crate::error::Place;

/// A document of a file.
pub(in crate::cli) struct Manifest {
    /// The file that it is in.
    pub(in crate::cli) file: String,
    tree: Rc<tree::Node>,
    /// What it says.
    pub(in crate::cli) value: Value,
}

/// The documents of a file, without those that say nothing.
pub(in crate::cli) fn manifests(path: &Path) -> anyhow::Result<Vec<Manifest>> {
    let (file, bytes) = bytes(path)?;
    let trees = documents(&file, &bytes)?.trees.into_iter();
    let manifests = trees.map(|tree| {
        // The tree is written as JSON, so that it can be read again.
        let value = serde_json::from_slice(&tree.to_json())?;
        Ok(Manifest {
            file: file.clone(),
            tree,
            value,
        })
    });
    let manifests: anyhow::Result<Vec<_>> = manifests.collect();
    let mut manifests = manifests?;
    manifests.retain(|manifest| !manifest.value.is_null());
    Ok(manifests)
}

impl Manifest {
    /// The line and column of a place.
    pub(in crate::cli) fn mark(&self, place: &str) -> Option<Mark> {
        self.tree.locate(place)
    }

    /// A place as an editor finds it: `ingress.yaml:12:5`.
    pub(in crate::cli) fn at(&self, place: &str) -> String {
        position(&self.file, self.mark(place))
    }

    /// What is wrong at a place.
    pub(in crate::cli) fn refusal(&self, place: &str, problem: &str) -> Refusal {
        let error = if place.is_empty() {
            Place::ROOT.field("document").error(problem)
        } else {
            Place::ROOT.field(place).error(problem)
        };
        Refusal {
            label: self.file.clone(),
            at: self.at(place),
            mark: self.mark(place),
            error,
        }
    }
}
