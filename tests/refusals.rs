//! Every sentence that a policy is refused with, word for word, in both forms of a policy.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{ROOT, entry, kind, load, refusal, wire};

/// `tests/vectors/refusals.json`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusals {
    /// A policy that is accepted.
    base: Value,
    /// What makes it wrong, as JSON and as a `Struct`.
    edits: Vec<Edit>,
    /// What is wrong as JSON text.
    texts: Vec<Written>,
    /// What is wrong as bytes.
    bytes: Vec<Raw>,
}

/// One edit of the base: values by their JSON pointers, and the sentence that it earns.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    #[serde(default)]
    set: BTreeMap<String, Value>,
    #[serde(default)]
    remove: Vec<String>,
    error: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    text: String,
    error: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    bytes: Vec<u8>,
    error: String,
}

impl Edit {
    fn of(&self, base: &Value) -> Value {
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

fn refusals() -> Refusals {
    let file = fs::read(Path::new(ROOT).join("tests/vectors/refusals.json")).unwrap();
    serde_json::from_slice(&file).unwrap()
}

fn sentence(bytes: &[u8]) -> String {
    match load(bytes) {
        Ok(_) => "(accepted)".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Collects what differs, so that one run shows all of it.
#[derive(Default)]
struct Report(Vec<String>);

impl Report {
    fn expect(&mut self, what: &dyn std::fmt::Display, got: &str, expected: &str) {
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

#[test]
fn the_base_is_accepted() {
    support::accept(&refusals().base);
}

#[test]
fn an_edit_is_refused_in_both_forms() {
    let Refusals { base, edits, .. } = refusals();
    let mut report = Report::default();
    assert!(edits.len() > 100);
    for edit in edits {
        let what = format!("set {:?}, remove {:?}", edit.set, edit.remove);
        report.expect(&what, &refusal(&edit.of(&base)), &edit.error);
    }
}

#[test]
fn a_text_is_refused() {
    let mut report = Report::default();
    for Written { text, error } in refusals().texts {
        report.expect(&text, &sentence(text.as_bytes()), &error);
    }
}

#[test]
fn bytes_are_refused() {
    let mut report = Report::default();
    for Raw { name, bytes, error } in refusals().bytes {
        report.expect(&name, &sentence(&bytes), &error);
    }
}

#[test]
fn a_field_that_a_struct_repeats_is_refused() {
    let base = wire(&refusals().base);
    let twice = [&base[..], &entry("enabled", &kind(&json!(true)))].concat();
    assert!(load(&twice).is_ok(), "it stands once yet");
    let twice = [&twice[..], &entry("enabled", &kind(&json!(false)))].concat();
    assert_eq!(sentence(&twice), "policy: duplicate field `enabled`");
}

#[test]
fn a_number_that_is_none_is_refused_where_it_stands() {
    let mut document = refusals().base;
    let percent = "/services/0/rules/1/split/to/0/percent";
    *document.pointer_mut(percent).unwrap() = json!(12.5);
    let bytes = wire(&document);
    let at = bytes
        .windows(8)
        .position(|window| window == 12.5f64.to_le_bytes())
        .unwrap();
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut bytes = bytes.clone();
        bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        assert_eq!(
            sentence(&bytes),
            "services[0].rules[1].split.to[0].percent: \
             invalid type: null, expected a number such as 12.5"
        );
    }
}

#[test]
fn a_struct_cut_anywhere_is_refused() {
    let bytes = wire(&refusals().base);
    for end in 0..bytes.len() {
        assert!(load(&bytes[..end]).is_err(), "the first {end} bytes");
    }
    let malformed = "policy: is neither JSON nor a protobuf Struct; give one of them";
    assert_eq!(sentence(&bytes[..bytes.len() - 1]), malformed);
}

#[test]
fn a_json_text_cut_anywhere_is_refused() {
    let text = support::json(&refusals().base);
    for end in 0..text.len() {
        assert!(load(&text[..end]).is_err(), "the first {end} bytes");
    }
}
