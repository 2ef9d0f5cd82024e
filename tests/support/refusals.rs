//! `tests/vectors/refusals.json`, as every engine reads it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::ROOT;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusals {
    /// A policy that is accepted.
    pub(crate) base: Value,
    /// What makes it wrong, as JSON and as a `Struct`.
    pub(crate) edits: Vec<Edit>,
    /// What is wrong as JSON text.
    pub(crate) texts: Vec<Written>,
    /// What is wrong as bytes.
    pub(crate) bytes: Vec<Raw>,
}

/// One edit of the base: values by their JSON pointers, and the sentence that it earns.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    #[serde(default)]
    set: BTreeMap<String, Value>,
    #[serde(default)]
    remove: Vec<String>,
    pub(crate) error: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) error: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) error: String,
}

impl Refusals {
    pub(crate) fn read() -> Self {
        let file = fs::read(Path::new(ROOT).join("tests/vectors/refusals.json")).unwrap();
        serde_json::from_slice(&file).unwrap()
    }
}

impl Edit {
    /// The base with this edit.
    pub(crate) fn of(&self, base: &Value) -> Value {
        let mut document = base.clone();
        for pointer in &self.remove {
            let (object, field) = parent(&mut document, pointer);
            assert!(object.remove(field).is_some(), "{pointer} is not there");
        }
        for (pointer, value) in &self.set {
            if let Some(place) = document.pointer_mut(pointer) {
                place.clone_from(value);
            } else {
                let (object, field) = parent(&mut document, pointer);
                object.insert(field.to_owned(), value.clone());
            }
        }
        document
    }

    pub(crate) fn told(&self) -> String {
        format!("set {:?}, remove {:?}", self.set, self.remove)
    }
}

fn parent<'d, 'p>(
    document: &'d mut Value,
    pointer: &'p str,
) -> (&'d mut serde_json::Map<String, Value>, &'p str) {
    let (object, field) = pointer.rsplit_once('/').expect("a JSON pointer");
    let object = document.pointer_mut(object).and_then(Value::as_object_mut);
    (
        object.unwrap_or_else(|| panic!("{pointer} is in no object")),
        field,
    )
}

/// Collects what differs, so that one run shows all of it.
#[derive(Default)]
pub(crate) struct Report(Vec<String>);

impl Report {
    pub(crate) fn expect(&mut self, what: &dyn std::fmt::Display, got: &str, expected: &str) {
        if got != expected {
            self.0
                .push(format!("{what}\n  expected {expected}\n  got      {got}"));
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        assert!(
            self.0.is_empty() || std::thread::panicking(),
            "{}",
            self.0.join("\n")
        );
    }
}
