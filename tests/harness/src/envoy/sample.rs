//! The repository's sample configurations, as trees.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::tree::{STRUCT, walk};
use crate::place;

/// Every sample with the module.
pub const SAMPLES: [&str; 12] = [
    "standalone",
    "rescue",
    "assets",
    "header-routes",
    "subset",
    "mirror",
    "jwt",
    "authorisation",
    "geo",
    "dynamic",
    "remote",
    "telemetry",
];

/// One sample: a file `envoy/NAME.yaml`, or a folder `envoy/NAME/` whose `envoy.yaml` is the
/// bootstrap.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The sample's name.
    pub name: String,
    /// Its files that Envoy reads; the first is the bootstrap.
    pub files: Vec<SampleFile>,
}

/// One file of a sample.
#[derive(Clone, Debug)]
pub struct SampleFile {
    /// Relative to the sample's folder.
    pub path: PathBuf,
    /// What it holds.
    pub tree: Value,
}

impl Sample {
    /// Reads `envoy/NAME.yaml` or `envoy/NAME/`.
    ///
    /// # Errors
    /// If there is no such sample, or it is no YAML.
    pub fn load(name: &str) -> Result<Self> {
        let samples = place::repository()?.join("envoy");
        let folder = samples.join(name);
        let file = samples.join(format!("{name}.yaml"));
        let files = if file.is_file() {
            vec![read(&samples, &file)?]
        } else if folder.join("envoy.yaml").is_file() {
            let mut paths = Vec::new();
            find(&folder, &mut paths)?;
            // The bootstrap comes first.
            paths.sort_by_key(|path| (*path != folder.join("envoy.yaml"), path.clone()));
            let mut files = Vec::new();
            for path in paths {
                let file = read(&folder, &path)?;
                files.extend(is_for_envoy(&file.tree).then_some(file));
            }
            files
        } else {
            bail!(
                "there is no sample {name}: neither {} nor {}",
                file.display(),
                folder.join("envoy.yaml").display()
            );
        };
        Ok(Self {
            name: name.to_owned(),
            files,
        })
    }

    /// Its own policy, where that is a `Struct`.
    ///
    /// # Errors
    /// If it has none.
    pub fn policy(&self) -> Result<Value> {
        let mut policy = None;
        for file in &self.files {
            walk(&mut file.tree.clone(), &mut |key, object| {
                let is_struct = object.get("@type").is_some_and(|kind| kind == STRUCT);
                if key == "configuration" && is_struct {
                    policy = object.get("value").cloned();
                }
                Ok(())
            })?;
        }
        policy.with_context(|| format!("envoy/{} has no policy as a Struct", self.name))
    }

    /// Where a path that the sample names lies in the sample's own folder: its longest tail that
    /// is one of the sample's files or folders.
    #[must_use]
    pub fn own_path(&self, named: &str) -> Option<PathBuf> {
        let named = Path::new(named);
        let parts: Vec<_> = named.components().collect();
        let tail = (0..parts.len()).find_map(|start| {
            let tail: PathBuf = parts.get(start..)?.iter().collect();
            self.files
                .iter()
                .any(|file| file.path.starts_with(&tail))
                .then_some(tail)
        });
        // The sample's folder itself.
        tail.or_else(|| named.ends_with(&self.name).then(PathBuf::new))
    }
}

/// Whether it is a bootstrap, or resources that one leads to: beside them lies what other programs
/// read, as Prometheus.
fn is_for_envoy(tree: &Value) -> bool {
    let parts = ["static_resources", "dynamic_resources", "resources"];
    parts.iter().any(|part| tree.get(part).is_some())
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = folder
        .read_dir()
        .with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, found)?;
        } else if path.extension().is_some_and(|kind| kind == "yaml") {
            found.push(path);
        }
    }
    Ok(())
}

fn read(base: &Path, path: &Path) -> Result<SampleFile> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let tree =
        yaml_serde::from_str(&text).with_context(|| format!("{} is no YAML", path.display()))?;
    Ok(SampleFile {
        path: path.strip_prefix(base)?.to_owned(),
        tree,
    })
}
