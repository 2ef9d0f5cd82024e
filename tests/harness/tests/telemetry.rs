//! Prometheus' own checks of what is in `envoy/telemetry`. They need promtool; without it this is
//! said, and nothing is tested.

use std::collections::BTreeMap;
use std::process::Command;

use graylane_harness::{place, telemetry};
use serde_json::Value;

fn promtool(arguments: &[&str]) {
    if let Some(missing) = telemetry::prometheus_missing() {
        eprintln!("left out: this needs {missing}");
        return;
    }
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(place::repository().unwrap().join("envoy/telemetry"))
        .output()
        .unwrap();
    let [said, told] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{arguments:?}: {said}{told}");
}

fn sample(name: &str) -> Value {
    let path = place::repository().unwrap().join("envoy/telemetry");
    let text = std::fs::read_to_string(path.join(name)).unwrap();
    yaml_serde::from_str(&text).unwrap()
}

/// Everything under this name, wherever it stands.
fn all<'a>(tree: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match tree {
        Value::Object(object) => {
            found.extend(object.get(name));
            object.values().for_each(|own| all(own, name, found));
        }
        Value::Array(list) => list.iter().for_each(|own| all(own, name, found)),
        _ => {}
    }
}

#[test]
fn the_configuration_and_its_rules_are_right() {
    promtool(&["check", "config", "prometheus.yaml"]);
}

#[test]
fn the_rules_come_to_what_their_tests_say() {
    promtool(&["test", "rules", "rules-test.yaml"]);
}

#[test]
fn every_alert_is_seen_to_fire_and_to_be_silent_and_says_what_to_do() {
    let rules = sample("rules.yaml");
    let tests = sample("rules-test.yaml");
    let mut cases = Vec::new();
    all(&tests, "alert_rule_test", &mut cases);
    let mut seen: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
    for case in cases.iter().flat_map(|list| list.as_array().unwrap()) {
        let fires = !case["exp_alerts"].as_array().unwrap().is_empty();
        let own = seen.entry(case["alertname"].as_str().unwrap()).or_default();
        own[usize::from(fires)] = true;
    }
    let guide = place::repository().unwrap().join("docs/dashboards.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let mut names = Vec::new();
    all(&rules, "alert", &mut names);
    assert!(!names.is_empty());
    for name in names.iter().map(|name| name.as_str().unwrap()) {
        assert_eq!(seen.remove(name), Some([true; 2]), "{name}");
        assert!(
            guide.contains(&format!("`{name}`")),
            "{name} is not explained"
        );
    }
    assert!(seen.is_empty(), "{seen:?}");
    let mut annotations = Vec::new();
    all(&rules, "annotations", &mut annotations);
    assert_eq!(annotations.len(), names.len());
    for own in annotations {
        for name in ["summary", "description", "action"] {
            assert!(own[name].is_string(), "{own} has no {name}");
        }
    }
}
