//! What holds between the parts of the repository: who names the host, which data has a runner,
//! and that every policy in a document or a sample is one.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use support::vectors::OTHERS;
use support::{ROOT, accept};

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect();
    files.sort();
    files
}

fn below(directory: &str) -> Vec<PathBuf> {
    files_below(&Path::new(ROOT).join(directory))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn only_the_plugin_names_the_host() {
    let sources = below("src");
    assert!(sources.len() > 10);
    for source in sources {
        let within = source.strip_prefix(Path::new(ROOT).join("src")).unwrap();
        let may = within.starts_with("plugin") || within == Path::new("lib.rs");
        assert!(
            may || !read(&source).contains("proxy_wasm"),
            "{} names proxy_wasm",
            source.display()
        );
    }
}

/// The engines find every file but those that are excepted; a runner names each of these.
#[test]
fn every_file_of_vectors_has_a_runner() {
    let runners: Vec<_> = below("tests")
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| read(path))
        .collect();
    for file in below("tests/vectors") {
        assert_eq!(file.extension().unwrap(), "json", "{}", file.display());
        let name = file.file_name().unwrap().to_str().unwrap();
        if OTHERS.contains(&name) {
            let path = format!("tests/vectors/{name}\")");
            assert!(
                runners.iter().any(|runner| runner.contains(&path)),
                "{name} is in no runner"
            );
        }
    }
}

/// The fenced `yaml` and `json` blocks of a Markdown text that are whole policies.
fn blocks(markdown: &str) -> Vec<Value> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let fence = line.trim_start();
        if !["```yaml", "```json"].contains(&fence.trim_end()) {
            continue;
        }
        let indent = line.len() - fence.len();
        let block: Vec<_> = lines
            .by_ref()
            .take_while(|line| line.trim() != "```")
            .map(|line| line.get(indent..).unwrap_or_default())
            .collect();
        let block = block.join("\n");
        let start = block.trim_start_matches(['{', ' ', '\n']);
        if start.starts_with("schema: graylane/v1") || start.starts_with("\"schema\"") {
            blocks.push(yaml_serde::from_str(&block).unwrap_or_else(|error| {
                panic!("{error} in\n{block}");
            }));
        }
    }
    blocks
}

#[test]
fn every_policy_in_the_documents_is_accepted() {
    let reference = blocks(&read(&Path::new(ROOT).join("docs/policy.md")));
    assert!(reference.len() >= 3);
    let readme = Path::new(ROOT).join("README.md");
    let readme = if readme.exists() {
        blocks(&read(&readme))
    } else {
        Vec::new()
    };
    for policy in reference.iter().chain(&readme) {
        accept(policy);
    }
}

/// The policies in an Envoy configuration: what a `Struct` or `StringValue` holds.
fn configured(yaml: &Value, policies: &mut Vec<Value>) {
    match yaml {
        Value::Object(object) => {
            let of = |name| {
                object
                    .get("@type")
                    .is_some_and(|of| *of == format!("type.googleapis.com/google.protobuf.{name}"))
            };
            match object.get("value") {
                Some(policy) if of("Struct") => policies.push(policy.clone()),
                Some(Value::String(text)) if of("StringValue") => {
                    policies.push(serde_json::from_str(text).unwrap());
                }
                // Envoy Gateway makes a `StringValue` of it.
                _ if object.contains_key("code") && object.contains_key("config") => {
                    policies.push(object["config"].clone());
                }
                _ => object.values().for_each(|each| configured(each, policies)),
            }
        }
        Value::Array(list) => list.iter().for_each(|each| configured(each, policies)),
        _ => {}
    }
}

#[test]
fn every_policy_in_the_samples_is_accepted() {
    let mut found = 0;
    for file in below("envoy") {
        if file.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = read(&file);
        let mut policies = Vec::new();
        for document in yaml_serde::Deserializer::from_str(&text) {
            configured(&Value::deserialize(document).unwrap(), &mut policies);
        }
        let written = text.matches("graylane/v1").count();
        assert_eq!(
            policies.len(),
            written,
            "{}: a policy elsewhere",
            file.display()
        );
        policies.iter().for_each(accept);
        found += policies.len();
    }
    assert!(found >= 4, "{found} policies");
}

/// The failure policy that loses least and lands on the baseline; docs/failures.md has why.
#[test]
fn every_sample_fails_open() {
    for (folder, kind, choice) in [
        ("envoy", "runtime: envoy.wasm.runtime.v8", "fail_open: true"),
        ("istio", "kind: WasmPlugin", "failStrategy: FAIL_OPEN"),
    ] {
        let mut filters = 0;
        for path in below(folder) {
            if path.extension().is_none_or(|kind| kind != "yaml") {
                continue;
            }
            let text = read(&path);
            let count = |line: &str| text.lines().filter(|own| own.trim() == line).count();
            assert_eq!(count(kind), count(choice), "{}", path.display());
            assert!(!text.contains("failure_policy"), "{}", path.display());
            filters += count(kind);
        }
        assert!(filters > 5, "{folder}: {filters} filters");
    }
}
