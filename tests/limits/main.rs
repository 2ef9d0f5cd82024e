//! Each bound: what is just within it is accepted, or looked at, and one more is not.

mod document;
mod guards;
mod largest;
mod lists;
mod names;
mod patterns;
mod remote;
mod requests;
mod shared;
#[path = "../support/mod.rs"]
mod support;
mod table;

use serde_json::{Value, json};

use support::{accept, refusal};

fn policy(services: impl Into<Value>) -> Value {
    json!({ "schema": "graylane/v1", "services": services.into() })
}

/// A service with versions `v1` (the baseline) and `v2`.
fn service(name: &str, rules: Vec<Value>) -> Value {
    let versions = json!([{ "name": "v1" }, { "name": "v2" }]);
    let mut service = json!({ "name": name, "baseline": "v1", "versions": versions });
    if !rules.is_empty() {
        service["rules"] = Value::Array(rules);
    }
    service
}

/// A policy of one rule, with the given condition.
fn when(condition: &Value) -> Value {
    let rule = json!({ "name": "it", "when": condition, "use": "v2" });
    policy(vec![service("checkout", vec![rule])])
}

/// A policy of one split by the given keys.
fn split(by: &Value, salt: &str) -> Value {
    let to = json!([{ "version": "v2", "percent": 10 }]);
    let split = json!({ "by": by, "salt": salt, "to": to });
    let rule = json!({ "name": "it", "split": split });
    policy(vec![service("checkout", vec![rule])])
}

fn numbered<T>(count: usize, make: impl FnMut(usize) -> T) -> Vec<T> {
    (0..count).map(make).collect()
}

/// Asserts that a bound is held exactly: `make` of it is accepted, and one more refused so.
fn bound(bound: usize, make: impl Fn(usize) -> Value, sentence: &str) {
    accept(&make(bound));
    assert_eq!(refusal(&make(bound + 1)), sentence);
}
