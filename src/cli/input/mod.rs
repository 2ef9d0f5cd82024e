//! Policies in files: by themselves, in a `WasmPlugin`, in Envoy's configuration.

mod carrier;
#[cfg(feature = "cli")]
mod file;
#[cfg(feature = "cli")]
mod manifest;
mod scalar;
mod tree;
mod yaml;

#[cfg(feature = "cli")]
pub(super) use file::File;
#[cfg(feature = "cli")]
pub(super) use manifest::{Manifest, manifests};
#[cfg(feature = "cli")]
pub(super) use scalar::plain;
pub(super) use tree::Mark;

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

use anyhow::Context;
use serde_json::Value;

use crate::error::Place;
use crate::{Error, Node, Policy, Rules};

/// The bytes of a policy, and where they stand.
pub(super) struct Source {
    /// The file, and the policy's name where that is needed to tell it from others.
    pub(super) label: String,
    pub(super) name: String,
    file: String,
    bytes: Vec<u8>,
    tree: Rc<tree::Node>,
}

/// A policy in force.
pub(super) struct Loaded {
    pub(super) source: Source,
    /// The document as it is written.
    pub(super) document: Value,
    /// What it means.
    pub(super) rules: Rules,
}

/// Why a policy is refused, and where in its file.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) label: String,
    pub(super) at: String,
    pub(super) mark: Option<Mark>,
    pub(super) error: Error,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.error)
    }
}

impl std::error::Error for Refusal {}

/// Every policy of a file, of which there is at least one.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Source>> {
    let (file, bytes) = bytes(path)?;
    in_text(&file, &bytes)
}

/// Every policy of a file that has been read, of which there is at least one.
pub(super) fn in_text(file: &str, bytes: &[u8]) -> anyhow::Result<Vec<Source>> {
    let Documents { trees, json } = documents(file, bytes)?;
    let mut found = carrier::policies(&trees);
    if found.is_empty() && trees.is_empty() {
        return Err(refuse(
            file,
            None,
            "is empty; give at least `schema` and `services`",
        ));
    }
    if let (true, [alone]) = (json, &mut found[..])
        && Rc::ptr_eq(&alone.tree, &trees[0])
    {
        // A policy in JSON goes to the core as it was written.
        alone.bytes = bytes.to_vec();
    }
    if found.is_empty() {
        return Err(refuse(
            file,
            None,
            "is not in this file: no graylane filter, no WasmPlugin, no EnvoyExtensionPolicy; give \
             the file that has it",
        ));
    }
    Ok(sources(file, found))
}

/// The documents of a file.
struct Documents {
    trees: Vec<Rc<tree::Node>>,
    /// Whether it is JSON.
    json: bool,
}

fn documents(file: &str, bytes: &[u8]) -> anyhow::Result<Documents> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| refuse(file, None, "is not UTF-8; save it so"))?;
    let json = serde_json::from_str::<Value>(text).ok();
    let trees = match (yaml::parse(text), &json) {
        (Ok(trees), _) => trees,
        (Err(_), Some(json)) => vec![tree::from_json(json)],
        (Err(syntax), None) => {
            let problem = format!("is not YAML: {}", syntax.problem);
            return Err(refuse(file, syntax.mark, &problem));
        }
    };
    Ok(Documents {
        trees,
        json: json.is_some(),
    })
}

/// What is wrong with a file as a whole.
fn refuse(file: &str, mark: Option<Mark>, problem: &str) -> anyhow::Error {
    anyhow::Error::new(Refusal {
        label: file.to_owned(),
        at: position(file, mark),
        mark,
        error: Place::ROOT.error(problem),
    })
}

/// A file's name and content.
fn bytes(path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        return Ok(("-".to_owned(), bytes));
    }
    let file = path.display().to_string();
    let bytes = std::fs::read(path).with_context(|| format!("{file} cannot be read"))?;
    Ok((file, bytes))
}

/// A file of JSON, and its name.
pub(super) fn json(path: &Path) -> anyhow::Result<(String, Value)> {
    let (file, bytes) = bytes(path)?;
    let json = serde_json::from_slice(&bytes).with_context(|| format!("{file} is not JSON"))?;
    Ok((file, json))
}

/// The policies that a proxy has in force, in its `/config_dump`; each once, however many of its
/// filters have it.
pub(super) fn in_dump(file: &str, dump: &Value) -> Vec<Source> {
    let mut found = carrier::policies(&[tree::from_json(dump)]);
    let mut seen = BTreeSet::new();
    found.retain(|found| seen.insert(found.bytes.clone()));
    sources(file, found)
}

/// The policy that a centre has: JSON, as it was written there.
pub(super) fn of_centre(label: &str, bytes: Vec<u8>, node: &Node) -> Result<Loaded, Refusal> {
    let json = serde_json::from_slice(&bytes).unwrap_or_default();
    let source = Source {
        label: label.to_owned(),
        name: String::new(),
        file: label.to_owned(),
        tree: tree::from_json(&json),
        bytes,
    };
    source.load(node)
}

/// A policy that a command has written itself, in YAML.
#[cfg(feature = "cli")]
pub(super) fn written(label: &str, text: &str) -> anyhow::Result<Source> {
    let trees = documents(label, text.as_bytes())?.trees;
    let mut sources = sources(label, carrier::policies(&trees));
    sources.pop().context("no policy was written")
}

fn sources(file: &str, found: Vec<carrier::Found>) -> Vec<Source> {
    let several = found.len() > 1;
    let source = |(index, found): (usize, carrier::Found)| {
        let name = found.name.unwrap_or_else(|| (index + 1).to_string());
        Source {
            label: if several {
                format!("{file}#{name}")
            } else {
                file.to_owned()
            },
            name,
            file: file.to_owned(),
            bytes: found.bytes,
            tree: found.tree,
        }
    };
    found.into_iter().enumerate().map(source).collect()
}

impl Source {
    /// Reads and compiles the policy, as the module does.
    pub(super) fn load(self, node: &Node) -> Result<Loaded, Refusal> {
        let compiled = Policy::parse(&self.bytes).and_then(|policy| Rules::compile(policy, node));
        let document = serde_json::from_slice(&self.bytes);
        match (compiled, document) {
            (Ok(rules), Ok(document)) => Ok(Loaded {
                source: self,
                document,
                rules,
            }),
            (Err(error), _) => Err(self.refusal(error)),
            // The core reads a Struct's bytes as well, which may stand in a file as text.
            (Ok(_), Err(_)) => {
                let problem = "is a protobuf Struct; write it as YAML or JSON";
                Err(self.refusal(Place::ROOT.error(problem)))
            }
        }
    }

    fn refusal(&self, error: Error) -> Refusal {
        let mark = self.tree.locate(error.place());
        Refusal {
            label: self.label.clone(),
            at: self.at(mark),
            mark,
            error,
        }
    }

    /// The line and column of a place of the policy, where the file has it.
    pub(super) fn mark(&self, place: &str) -> Option<Mark> {
        self.tree.locate(place)
    }

    /// A place of the file, as an editor finds it: `policy.yaml:12:5`.
    pub(super) fn at(&self, mark: Option<Mark>) -> String {
        position(&self.file, mark)
    }
}

fn position(file: &str, mark: Option<Mark>) -> String {
    match mark {
        Some(Mark { line, column }) => format!("{file}:{line}:{column}"),
        None => file.to_owned(),
    }
}
