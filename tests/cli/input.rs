//! One policy in everything that can carry it: read the same, and a mistake found where it stands.

use std::fs;

use serde_json::{Value, json};

use crate::run::graylane;
use crate::support::wire;

const POLICY: &str = "
schema: graylane/v1
services:
- name: checkout
  baseline: v1
  versions:
  - name: v1
  - { name: v2, cluster: checkout-v2 }
  rules:
  - name: ten
    split:
      by: [ { header: x-user-id } ]
      to:
      - version: v2
        percent: 10
";

fn value() -> Value {
    yaml_serde::from_str(POLICY).unwrap()
}

fn plugin(name: &str) -> Value {
    json!({
        "apiVersion": "extensions.istio.io/v1alpha1",
        "kind": "WasmPlugin",
        "metadata": { "name": name },
        "spec": { "url": "file:///graylane.wasm", "pluginConfig": value() },
    })
}

fn filter(name: &str, configuration: Value) -> Value {
    let any = |kind: &str, value: Value| {
        let url = format!("type.googleapis.com/google.protobuf.{kind}");
        json!({ "@type": url, "value": value })
    };
    let configuration = match configuration {
        Value::String(text) => any("StringValue", text.into()),
        other => any("Struct", other),
    };
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
        "config": { "name": name, "configuration": configuration },
    })
}

fn listener(filters: Vec<Value>) -> Value {
    let filters: Vec<_> = filters
        .into_iter()
        .map(|filter| json!({ "name": "f", "typed_config": filter }))
        .collect();
    json!({ "static_resources": { "listeners": [{ "http_filters": filters }] } })
}

/// What carries the policy, as YAML and as JSON. Where its policy is text, a mistake is found at
/// the text's beginning.
fn carriers() -> Vec<(&'static str, String, bool)> {
    let yaml = |value: &Value| yaml_serde::to_string(value).unwrap();
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let bootstrap = listener(vec![filter("graylane", value())]);
    let text = listener(vec![filter("graylane", pretty(&value()).into())]);
    let typed = json!({
        "type_url": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
        "value": { "config": filter("graylane", value())["config"] },
    });
    vec![
        ("a policy in YAML", POLICY.to_owned(), false),
        ("a policy in JSON", pretty(&value()), false),
        (
            "a policy with an alias",
            POLICY.replace("percent: 10", "percent: &p 10"),
            false,
        ),
        ("a WasmPlugin", yaml(&plugin("gray")), false),
        ("a WasmPlugin in JSON", pretty(&plugin("gray")), false),
        (
            "a WasmPlugin in a list",
            yaml(&json!({ "apiVersion": "v1", "kind": "List", "items": [plugin("gray")] })),
            false,
        ),
        (
            "a WasmPlugin behind another document",
            format!(
                "apiVersion: v1\nkind: Namespace\n---\n{}",
                yaml(&plugin("gray"))
            ),
            false,
        ),
        (
            "an EnvoyExtensionPolicy with another module",
            yaml(&json!({
                "apiVersion": "gateway.envoyproxy.io/v1alpha1",
                "kind": "EnvoyExtensionPolicy",
                "spec": { "wasm": [
                    { "name": "other", "config": { "a": 1 } },
                    { "name": "graylane", "config": value() },
                ] },
            })),
            false,
        ),
        ("a bootstrap", yaml(&bootstrap), false),
        ("a bootstrap in JSON", pretty(&bootstrap), false),
        ("a bootstrap with the policy as text", yaml(&text), false),
        ("a bootstrap with the policy in quotes", pretty(&text), true),
        (
            "a TypedStruct",
            yaml(&json!({ "apiVersion": "v1", "patch": typed })),
            false,
        ),
        (
            "a filter beside another module's",
            yaml(&listener(vec![
                filter("other", json!({ "a": 1 })),
                filter("graylane", value()),
            ])),
            false,
        ),
    ]
}

#[test]
fn a_policy_is_read_out_of_whatever_carries_it() {
    for (what, text, _) in carriers() {
        let arguments = ["explain", "-", "-H", "x-user-id: user-8", "--format=json"];
        let story = graylane(&arguments, &text).json();
        assert_eq!(story["version"], "v2", "{what}: {story}");
    }
}

#[test]
fn a_mistake_is_found_where_it_stands() {
    for (what, text, as_text) in carriers() {
        let wrong = text.replace("percent: 10", "percent: 120");
        let wrong = wrong.replace("percent: &p 10", "percent: &p 120");
        let wrong = wrong.replace("\"percent\": 10", "\"percent\": 120");
        let wrong = wrong.replace("\\\"percent\\\": 10", "\\\"percent\\\": 120");
        let checked = graylane(&["check", "-", "--format=json"], &wrong).json();
        let finding = &checked[0]["findings"][0];
        assert_eq!(
            finding["place"], "services[0].rules[0].split.to[0].percent",
            "{what}"
        );
        assert_eq!(finding["problem"], "120 is above 100", "{what}");
        let number = |field: &str| usize::try_from(finding[field].as_u64().unwrap()).unwrap() - 1;
        let line = wrong.lines().nth(number("line")).unwrap();
        let found = &line[number("column")..];
        let expected = ["percent: ", "\"percent\": "]
            .iter()
            .any(|text| found.starts_with(text));
        assert!(
            expected || (as_text && found.starts_with('"')),
            "{what}: {found}"
        );
    }
}

#[test]
fn a_scalar_is_what_envoy_takes_it_for() {
    let with = |value: &str| POLICY.replace("name: ten", &format!("name: {value}"));
    for (value, problem) in [
        ("on", "boolean `true`"),
        ("No", "boolean `false`"),
        ("42", "integer `42`"),
        ("1.10", "floating point `1.1`"),
        ("~", "invalid type: null"),
    ] {
        let ran = graylane(&["check", "-"], &with(value));
        assert!(
            ran.code == 1 && ran.out.contains(problem),
            "{value}: {}",
            ran.out
        );
    }
    for value in ["\"on\"", "'42'", "!!str 42", "1.2.3", "ten"] {
        let ran = graylane(&["check", "-"], &with(value));
        assert_eq!(ran.code, 0, "{value}: {}", ran.out);
    }
}

#[test]
fn what_is_no_policy_is_refused_with_its_line() {
    let twice = format!("{POLICY}  baseline: v1\n");
    let deep = "[".repeat(200);
    // So short that its bytes are text.
    let service = json!({ "name": "s", "baseline": "a", "versions": [{ "name": "a" }] });
    let small = json!({ "schema": "graylane/v1", "services": [service] });
    let bytes = String::from_utf8(wire(&small)).unwrap();
    let as_struct = listener(vec![filter("graylane", bytes.into())]).to_string();
    for (text, sentence) in [
        (
            twice.as_str(),
            "-:4:3: error: services[0]: duplicate field `baseline`",
        ),
        (
            "",
            "-: error: policy: is empty; give at least `schema` and `services`",
        ),
        (
            "a: [\n",
            "-:2:1: error: policy: is not YAML: while parsing a node, did not find expected node \
             content",
        ),
        (
            "{\"schema\": \"graylane/v2\"}",
            "-:1:2: error: schema: unknown variant `graylane/v2`, expected `graylane/v1`",
        ),
        (
            "kind: Pod\napiVersion: v1\n",
            "-: error: policy: is not in this file: no graylane filter, no WasmPlugin, no \
             EnvoyExtensionPolicy; give the file \
             that has it",
        ),
        (
            "schema: graylane/v1\nstamp: all\nstamp.x: 1\n",
            "-:3:1: error: stamp.x: unknown field `stamp.x`, expected one of `schema`, `role`, \
             `enabled`, `stamp`, `carrier`, `annotate`, `headers`, `trust`, `claims_in`, `services`, `lanes`, `remote`, `notify`",
        ),
        // What JSON says in two halves YAML does not know; and a repetition is not lost by that.
        (
            r#"{"schema": "graylane/v1", "schema": "graylane/v1", "x": "\ud83d\ude00"}"#,
            "-: error: policy: duplicate field `schema`",
        ),
        (
            r#"{"static_resources": {"x": "\ud83d\ude00", "@type": "filters.http.wasm.v3.Wasm"}}"#,
            "-: error: policy: is empty; give at least `schema` and `services`",
        ),
        (
            "a: &a [*a]",
            "-:1:8: error: policy: is not YAML: an alias stands inside of what it names; write it \
             out",
        ),
        (
            &deep,
            "-:1:129: error: policy: is not YAML: nests deeper than 128 levels; flatten it",
        ),
        (
            &bomb(),
            "-:8:14: error: policy: is not YAML: its aliases make it too large; write out what is \
             meant",
        ),
        (
            &as_struct,
            "-:1:246: error: policy: is a protobuf Struct; write it as YAML or JSON",
        ),
    ] {
        let ran = graylane(&["check", "-"], text);
        assert_eq!((ran.code, ran.out.trim_end()), (1, sentence), "{text}");
    }
    let file = std::env::temp_dir().join(format!("graylane-{}.yaml", std::process::id()));
    fs::write(&file, b"schema: \xff").unwrap();
    let path = file.to_str().unwrap();
    let ran = graylane(&["check", path], "");
    fs::remove_file(&file).unwrap();
    let sentence = format!("{path}: error: policy: is not UTF-8; save it so\n");
    assert_eq!((ran.code, ran.out), (1, sentence));
}

/// Nine times nine times nine …: 3 GB, were it written out.
fn bomb() -> String {
    (1..10).fold("a0: &a0 [x]".to_owned(), |text, level| {
        let below = vec![format!("*a{}", level - 1); 9].join(",");
        format!("{text}\na{level}: &a{level} [{below}]")
    })
}

#[test]
fn several_policies_are_told_apart_by_name() {
    let yaml = |name: &str| yaml_serde::to_string(&plugin(name)).unwrap();
    let two = format!("{}---\n{}", yaml("one"), yaml("two"));
    let checked = graylane(&["check", "-", "--format=json"], &two).json();
    assert_eq!(
        (&checked[0]["policy"], &checked[1]["policy"]),
        (&json!("-#one"), &json!("-#two"))
    );
    for (arguments, sentence) in [
        (
            &["explain", "-"][..],
            "error: - holds several policies; choose one by --policy: one, two\n",
        ),
        (
            &["explain", "-", "--policy=three"],
            "error: - has no policy of this name; choose one by --policy: one, two\n",
        ),
    ] {
        let ran = graylane(arguments, &two);
        assert_eq!((ran.code, &*ran.err), (2, sentence));
    }
    assert_eq!(graylane(&["explain", "-", "--policy=two"], &two).code, 0);
}
