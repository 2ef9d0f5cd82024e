//! The requests of the core's vectors, as the form and as the command line have them.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use graylane_harness::place;
use serde::Deserialize;
use serde_json::{Value, json};

/// Data of other shapes.
const OTHERS: [&str; 2] = ["buckets.json", "refusals.json"];

/// A policy, and who asks it from where.
#[derive(Deserialize)]
pub(crate) struct Vector {
    pub(crate) policy: Value,
    #[serde(default)]
    node: String,
    #[serde(default)]
    proxy: Proxy,
    #[serde(default)]
    inbound: bool,
    pub(crate) cases: Vec<Case>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Proxy {
    cluster: String,
    region: String,
    zone: String,
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    request: Request,
    #[serde(default)]
    now: u64,
}

#[derive(Deserialize)]
struct Request {
    method: Option<String>,
    path: Option<String>,
    host: Option<String>,
    #[serde(default)]
    headers: Vec<(String, Value)>,
    source_ip: Option<String>,
    #[serde(default)]
    claims: Value,
}

/// Every vector.
pub(crate) fn vectors() -> Vec<Vector> {
    let folder = place::repository().unwrap().join("tests/vectors");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    files.retain(|file| !OTHERS.iter().any(|other| file.file_name() == *other));
    files.sort_by_key(fs::DirEntry::file_name);
    let read = |file: &fs::DirEntry| -> Vec<Vector> {
        serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap()
    };
    files.iter().flat_map(read).collect()
}

impl Case {
    /// What is filled in: fields of the form, each also an option, with lines for one that may be
    /// given more than once. `None` where neither can carry it.
    pub(crate) fn fields(&self, vector: &Vector) -> Option<Vec<(&'static str, String)>> {
        // Neither says where the proxy keeps the token.
        if vector.policy.get("claims_in").is_some() {
            return None;
        }
        let request = &self.request;
        let or = |field: &Option<String>, default: &str| {
            field.clone().unwrap_or_else(|| default.to_owned())
        };
        let now = UNIX_EPOCH + Duration::from_millis(self.now);
        let labels = vector.proxy.labels.iter();
        let labels = labels.map(|(name, value)| format!("{name}={value}"));
        let mut claims = Vec::new();
        leaves("", &request.claims, &mut claims);
        let fields = vec![
            ("method", or(&request.method, "GET")),
            ("path", or(&request.path, "/")),
            ("host", or(&request.host, "checkout.example.com")),
            ("headers", self.headers()?),
            ("ip", or(&request.source_ip, "")),
            ("claims", claims.join("\n")),
            ("at", humantime::format_rfc3339_millis(now).to_string()),
            ("node", vector.node.clone()),
            ("cluster", vector.proxy.cluster.clone()),
            ("region", vector.proxy.region.clone()),
            ("zone", vector.proxy.zone.clone()),
            ("labels", labels.collect::<Vec<_>>().join("\n")),
        ];
        Some(fields)
    }

    fn headers(&self) -> Option<String> {
        let lines = self.request.headers.iter().map(|(name, value)| {
            let value = value.as_str()?;
            let bare = value.trim() == value && !value.chars().any(char::is_control);
            bare.then(|| format!("{name}: {value}"))
        });
        Some(lines.collect::<Option<Vec<_>>>()?.join("\n"))
    }
}

/// Claims, each at the end of its way.
fn leaves(way: &str, claim: &Value, lines: &mut Vec<String>) {
    match claim {
        Value::Object(inner) => {
            for (name, claim) in inner {
                let dot = if way.is_empty() { "" } else { "." };
                leaves(&format!("{way}{dot}{name}"), claim, lines);
            }
        }
        Value::Array(members) => members.iter().for_each(|each| leaves(way, each, lines)),
        Value::String(text) => lines.push(format!("{way}={text}")),
        Value::Number(_) | Value::Bool(_) => lines.push(format!("{way}={claim}")),
        Value::Null => {}
    }
}

/// As the page fills in its form.
pub(crate) fn state(vector: &Vector, fields: &[(&'static str, String)]) -> Value {
    let mut state = json!({ "policy": vector.policy.to_string(), "inbound": vector.inbound });
    for (name, value) in fields {
        state[name] = json!(value);
    }
    state
}

/// As a command line has them.
pub(crate) fn options(vector: &Vector, fields: &[(&'static str, String)]) -> Vec<String> {
    let mut options = Vec::new();
    for (name, value) in fields {
        let option = match *name {
            "headers" => "header",
            "claims" => "claim",
            "labels" => "label",
            "cluster" => "node-cluster",
            // Where it is not given it has no value.
            "ip" if value.is_empty() => continue,
            name => {
                options.push(format!("--{name}={value}"));
                continue;
            }
        };
        if option == "node-cluster" {
            options.push(format!("--{option}={value}"));
        } else {
            options.extend(value.lines().map(|line| format!("--{option}={line}")));
        }
    }
    options.extend(vector.inbound.then(|| "--inbound".to_owned()));
    options
}
