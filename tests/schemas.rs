//! The sample for Envoy Gateway against the schemas of the resources that it consists of.
//!
//! `make schemas` brings them. A cluster does two things more: it drops fields that it does not
//! know, which are refused here, and it evaluates rules in CEL, which are not looked at.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use support::ROOT;

fn documents(path: &Path) -> Vec<Value> {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let documents = yaml_serde::Deserializer::from_str(&text);
    documents
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

/// Makes a schema refuse fields that it does not name, unless it says that it takes any.
fn close(schema: &mut Value) {
    let open = schema["x-kubernetes-preserve-unknown-fields"] == true;
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            if fields.get("properties").is_some_and(Value::is_object)
                && fields.contains_key("type")
                && !open
            {
                fields.insert("additionalProperties".to_owned(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// The schema of each version of each kind, by `apiVersion` and `kind`.
fn schemas() -> BTreeMap<(String, String), Value> {
    let mut schemas = BTreeMap::new();
    let folder = Path::new(ROOT).join(".cache/schemas");
    let files = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}; run `make schemas`", folder.display()));
    for definition in files.flat_map(|file| documents(&file.unwrap().path())) {
        if definition["kind"] != "CustomResourceDefinition" {
            continue;
        }
        let spec = &definition["spec"];
        for version in spec["versions"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let api = format!("{}/{}", text(&spec["group"]), text(&version["name"]));
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            close(&mut schema);
            // Kubernetes knows what every object has.
            schema["properties"]["metadata"] = serde_json::json!({ "type": "object" });
            schemas.insert((api, text(&spec["names"]["kind"])), schema);
        }
    }
    schemas
}

#[test]
#[ignore = "needs what `make schemas` brings"]
fn the_sample_for_envoy_gateway_is_what_its_resources_may_be() {
    let schemas = schemas();
    let mut looked_at = Vec::new();
    for object in documents(&Path::new(ROOT).join("envoy/envoy-gateway.yaml")) {
        let text = |name: &str| object[name].as_str().unwrap().to_owned();
        let (api, kind) = (text("apiVersion"), text("kind"));
        if api == "v1" {
            continue;
        }
        let schema = &schemas[&(api, kind.clone())];
        let schema = jsonschema::validator_for(schema).unwrap();
        let errors: Vec<_> = schema
            .iter_errors(&object)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{kind}");
        // A field that does not exist is found, wherever it stands.
        let mut wrong = object.clone();
        wrong["spec"]["nonsense"] = true.into();
        assert!(!schema.is_valid(&wrong), "{kind}");
        looked_at.push(kind);
    }
    assert_eq!(
        looked_at,
        [
            "GatewayClass",
            "Gateway",
            "ClientTrafficPolicy",
            "EnvoyExtensionPolicy",
            "HTTPRoute"
        ]
    );
}
