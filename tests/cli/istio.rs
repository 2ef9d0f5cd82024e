//! What stands under `istio/`: every policy is accepted without a remark, every `WasmPlugin` says
//! what Istio would otherwise choose, and whatever a policy names has a route in the same folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::run::graylane;

/// A moment before the plans of the samples, which would otherwise be remarked on once they are over.
const NOW: &str = "--at=2026-11-21T12:00:00Z";

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn documents(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let documents = yaml_serde::Deserializer::from_str(&text);
    documents
        .map(|document| {
            let document = Value::deserialize(document);
            document.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

/// The objects of a kind in all files of a folder, each with its file.
fn of_kind(folder: &str, kind: &str) -> Vec<(String, Value)> {
    let files = files(Path::new(folder)).into_iter();
    let all = files.flat_map(|file| {
        let documents = documents(&file).into_iter();
        documents.map(move |document| (file.display().to_string(), document))
    });
    all.filter(|(_, object)| object["kind"] == kind).collect()
}

#[test]
fn every_plugin_is_accepted_without_a_remark() {
    let mut plugins = of_kind("istio", "WasmPlugin");
    assert!(plugins.len() >= 7, "{plugins:?}");
    plugins.dedup_by(|one, other| one.0 == other.0);
    for (file, _) in plugins {
        let ran = graylane(&["check", "--strict", NOW, &file], "");
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        let remarks = ran.out.lines().filter(|line| !line.contains(": fine: "));
        assert_eq!(remarks.count(), 0, "{}", ran.out);
    }
}

#[test]
fn every_policy_of_the_readme_is_accepted_without_a_remark() {
    let readme = fs::read_to_string("istio/README.md").unwrap();
    let blocks = readme.split("```yaml\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let policies: Vec<_> = blocks
        .filter(|block| block.starts_with("schema:"))
        .collect();
    assert!(policies.len() >= 4);
    for policy in policies {
        let ran = graylane(&["check", "--strict", NOW, "-"], policy);
        assert!(ran.out.starts_with("-: fine: "), "{policy}\n{}", ran.out);
    }
}

#[test]
fn every_plugin_leaves_nothing_to_istio_and_its_url_to_the_module() {
    for (file, plugin) in of_kind("istio", "WasmPlugin") {
        let spec = &plugin["spec"];
        for field in ["failStrategy", "phase", "imagePullPolicy"] {
            assert!(spec[field].is_string(), "{file}: {field}");
        }
        assert_eq!(spec["url"], "oci://set-by/istio-module", "{file}");
        // A waypoint's listeners are SERVER, all others that are meant here CLIENT.
        let mode = spec.get("match").map(|of| &of[0]["mode"]);
        assert_eq!(mode.is_none(), spec.get("targetRefs").is_some(), "{file}");
        assert!(mode.is_none_or(|mode| mode == "CLIENT"), "{file}");
        let overlay = Path::new(&file).with_file_name("kustomization.yaml");
        let overlay = &documents(&overlay)[0];
        let components = overlay["components"].as_array().unwrap();
        for component in ["../../components/strip", "../../module"] {
            assert!(
                components.contains(&component.into()),
                "{file}: {component}"
            );
        }
    }
}

/// The values of the cluster header that some route of the shop matches.
fn matched() -> Vec<String> {
    let mut values = Vec::new();
    for (_, routes) in of_kind("istio/base", "VirtualService") {
        for route in routes["spec"]["http"].as_array().unwrap() {
            for condition in route["match"].as_array().into_iter().flatten() {
                let value = &condition["headers"]["x-gray-cluster"]["exact"];
                values.push(value.as_str().unwrap().to_owned());
            }
        }
    }
    values
}

/// The clusters that Envoy has for the subsets of the shop.
fn subsets() -> Vec<String> {
    let rules = of_kind("istio/base", "DestinationRule").into_iter();
    let all = rules.flat_map(|(_, rule)| {
        let host = rule["spec"]["host"].as_str().unwrap().to_owned();
        let subsets = rule["spec"]["subsets"].as_array().unwrap().clone();
        let name =
            move |subset: Value| format!("outbound|80|{}|{host}", subset["name"].as_str().unwrap());
        subsets.into_iter().map(name)
    });
    all.collect()
}

#[test]
fn whatever_a_policy_names_has_a_route() {
    let (matched, subsets) = (matched(), subsets());
    assert!(
        matched.len() >= 3 && subsets.len() == 4,
        "{matched:?} {subsets:?}"
    );
    for (file, plugin) in of_kind("istio", "WasmPlugin") {
        let known = if file.contains("cluster-header") {
            &subsets
        } else {
            &matched
        };
        for service in plugin["spec"]["pluginConfig"]["services"]
            .as_array()
            .unwrap()
        {
            for version in service["versions"].as_array().unwrap() {
                if let Some(cluster) = version["cluster"].as_str() {
                    assert!(known.iter().any(|one| one == cluster), "{file}: {cluster}");
                }
            }
        }
    }
}
