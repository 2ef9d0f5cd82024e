//! The vectors in `tests/vectors`, as every engine reads them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{Bytes, ROOT, Sent};

/// Files of the directory that are not lists of [`Vector`]s, and have a runner of their own.
pub(crate) const OTHERS: [&str; 2] = ["buckets.json", "refusals.json"];

/// One policy, and what it answers.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) node: String,
    #[serde(default)]
    pub(crate) proxy: Proxy,
    /// Whether its requests come in to the workload beside the proxy.
    #[serde(default)]
    pub(crate) inbound: bool,
    pub(crate) policy: Value,
    /// What the guards have seen before the cases.
    #[serde(default)]
    pub(crate) before: Vec<Step>,
    pub(crate) cases: Vec<Case>,
}

/// Where the filter runs.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Proxy {
    pub(crate) cluster: String,
    pub(crate) region: String,
    pub(crate) zone: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// Requests that were answered, all alike; or, where there is no request, guards that judged.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    #[serde(rename = "comment")]
    _comment: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub(crate) now: u64,
    pub(crate) request: Option<Sent>,
    /// How many.
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// What the version answered.
    #[serde(default = "ok")]
    pub(crate) status: u32,
    /// And in the trailers.
    pub(crate) grpc_status: Option<u8>,
}

fn once() -> u32 {
    1
}

fn ok() -> u32 {
    200
}

/// One request, and what becomes of it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    #[serde(rename = "comment")]
    _comment: Option<String>,
    pub(crate) request: Sent,
    /// Where the case prescribes it: not every engine can.
    pub(crate) random: Option<u32>,
    /// Milliseconds since the Unix epoch.
    #[serde(default)]
    pub(crate) now: u64,
    /// What the version answers: headers.
    #[serde(default)]
    pub(crate) answer: Vec<(String, String)>,
    pub(crate) expect: Answer,
}

impl Case {
    /// The request, with the chance that the case prescribes.
    pub(crate) fn sent(&self) -> Sent {
        let mut sent = self.request.clone();
        sent.random = self.random.map(u128::from);
        sent
    }
}

/// What was only counted: by which rule, and for which version.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
pub(crate) struct DryRun(pub(crate) Option<String>, pub(crate) String);

#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) service: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) cluster: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) reason: String,
    /// Every value of these headers, once the request goes on.
    pub(crate) headers: BTreeMap<String, Vec<Bytes>>,
    /// The cookies that the answer sets beside its own.
    #[serde(default)]
    pub(crate) set_cookies: Vec<String>,
    #[serde(default)]
    pub(crate) dry_runs: Vec<DryRun>,
    /// What access logs find, where the policy says `annotate`: the bytes of a `Struct`, escaped.
    #[serde(default, deserialize_with = "annotation")]
    pub(crate) annotation: Option<String>,
    /// Whether a tag is counted that was not believed.
    #[serde(default)]
    pub(crate) drops_tag: bool,
}

fn annotation<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let object = Value::deserialize(from)?;
    Ok(Some(super::wire(&object).escape_ascii().to_string()))
}

/// Every file of vectors.
pub(crate) fn files() -> Vec<PathBuf> {
    let directory = fs::read_dir(Path::new(ROOT).join("tests/vectors")).unwrap();
    let mut files: Vec<_> = directory.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| !OTHERS.iter().any(|other| file.ends_with(other)));
    files.sort();
    files
}

/// What a file holds.
pub(crate) fn vectors(file: &Path) -> Vec<Vector> {
    let text = fs::read(file).unwrap();
    let vectors: Vec<Vector> =
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert!(!vectors.is_empty(), "{} holds no vector", file.display());
    for Vector { name, cases, .. } in &vectors {
        assert!(!cases.is_empty(), "{}: {name}: no case", file.display());
    }
    vectors
}

/// The values of a header, as a vector writes them.
pub(crate) fn written(values: &[&[u8]]) -> Vec<Bytes> {
    let written = values.iter().map(|value| match str::from_utf8(value) {
        Ok(text) => Bytes::Text(text.to_owned()),
        Err(_) => Bytes::Raw(value.to_vec()),
    });
    written.collect()
}
