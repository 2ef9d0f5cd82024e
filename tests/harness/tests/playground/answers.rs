//! What the page tells is what the command line tells.

use graylane_harness::place;
use serde_json::{Value, json};

use crate::asked::{options, state, vectors};
use crate::site::{NOW, Site, arguments, example, json};

const TOLD: &str = "({ ...playground.answer().explained,
    problems: playground.answer().problems, shown: document.getElementById('story').textContent })";

/// Whether chance had a part in a story, which is another each time.
fn is_chance(story: &Value) -> bool {
    let mut rules = story["rules"].as_array().unwrap().iter();
    rules.any(|rule| rule["split"]["drawn"] == true || rule["split"]["minted"].is_string())
}

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn every_vector_is_explained_as_the_command_line_does() {
    let mut site = Site::open().await;
    let (mut compared, mut in_words) = (0, 0);
    for vector in vectors() {
        site.write("policy", &vector.policy.to_string());
        for case in &vector.cases {
            let Some(fields) = case.fields(&vector) else {
                continue;
            };
            let told = site.show(&state(&vector, &fields), TOLD).await;
            assert_eq!(told["problems"], json!([]), "{fields:?}");
            if is_chance(&told["value"]) {
                continue;
            }
            let mut explain = arguments(["explain", "policy", "--format=json"]);
            explain.extend(options(&vector, &fields));
            let story = json(&site.graylane(&explain));
            assert_eq!(told["value"], story, "{explain:?}");
            compared += 1;
            // The words are made of the same story: a part of them is enough.
            if compared % 10 == 0 {
                explain[2] = "--format=human".to_owned();
                assert_eq!(told["shown"], site.graylane(&explain), "{explain:?}");
                in_words += 1;
            }
        }
    }
    assert!(compared > 500 && in_words > 50, "{compared}, {in_words}");
    site.is_clean().await;
}

/// JavaScript has but one kind of number.
fn as_a_page_has_it(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(as_a_page_has_it).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields
                .map(|(name, value)| (name, as_a_page_has_it(value)))
                .collect()
        }
        other => other,
    }
}

/// Sets and removes what a refusal's edit says.
fn edited(base: &Value, edit: &Value) -> Value {
    let mut policy = base.clone();
    let split = |pointer: &str| {
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        (parent.to_owned(), field.to_owned())
    };
    for pointer in edit["remove"].as_array().into_iter().flatten() {
        let (parent, field) = split(pointer.as_str().unwrap());
        let parent = policy.pointer_mut(&parent).unwrap();
        parent.as_object_mut().unwrap().remove(&field).unwrap();
    }
    for (pointer, value) in edit["set"].as_object().into_iter().flatten() {
        if let Some(place) = policy.pointer_mut(pointer) {
            place.clone_from(value);
        } else {
            let (parent, field) = split(pointer);
            policy.pointer_mut(&parent).unwrap()[field] = value.clone();
        }
    }
    policy
}

const FOUND: &str = "({ checked: playground.answer().checked,
    lines: [...document.querySelectorAll('#lines .error')].map((line) => Number(line.textContent)),
    shown: document.getElementById('findings').textContent })";

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn every_refusal_is_told_at_its_line_as_the_command_line_does() {
    let mut site = Site::open().await;
    let file = place::repository()
        .unwrap()
        .join("tests/vectors/refusals.json");
    let refusals: Value = json(&std::fs::read_to_string(file).unwrap());
    let edits = refusals["edits"].as_array().unwrap().iter();
    // On many lines, as people write it.
    let policies = edits.map(|edit| format!("{:#}", edited(&refusals["base"], edit)));
    let policies: Vec<_> = policies.collect();
    let mut check = arguments(["check", "--format=json"]);
    for (number, policy) in policies.iter().enumerate() {
        let name = format!("policy-{number}");
        site.write(&name, policy);
        check.push(name);
    }
    check.push(format!("--at={NOW}"));
    let checked = json(&site.graylane(&check));
    assert!(policies.len() > 400);
    for (policy, checked) in policies.iter().zip(checked.as_array().unwrap()) {
        let told = site
            .show(&json!({ "policy": policy, "at": NOW }), FOUND)
            .await;
        let found = &checked["findings"];
        assert_eq!(told["checked"][0]["findings"], *found, "{policy}");
        assert_eq!(told["lines"], json!([found[0]["line"]]), "{policy}");
        let shown = told["shown"].as_str().unwrap();
        assert!(
            shown.contains(found[0]["problem"].as_str().unwrap()),
            "{shown}"
        );
    }
    site.is_clean().await;
}

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn warnings_and_changes_are_those_of_the_command_line() {
    let mut site = Site::open().await;
    let at = &format!("--at={NOW}");
    let names = ["policy", "next", "renamed", "mistakes", "ramp", "wrong"];
    for name in names {
        let policy = example(&format!("{name}.yaml"));
        site.write("policy", &policy);
        let told = site
            .show(
                &json!({ "policy": policy, "at": NOW }),
                "playground.answer()",
            )
            .await;
        let check = arguments(["check", "policy", "--format=json", at]);
        assert_eq!(told["checked"], json(&site.graylane(&check)), "{name}");
    }
    for (old, new) in names.iter().flat_map(|old| names.map(|new| (old, new))) {
        if [*old, new].contains(&"wrong") {
            continue;
        }
        let [before, policy] = [*old, new].map(|name| example(&format!("{name}.yaml")));
        site.write("before", &before);
        site.write("policy", &policy);
        let state = json!({ "policy": policy, "before": before, "at": NOW });
        let told = site
            .show(
                &state,
                "[playground.answer().changed.value, document.getElementById('change').textContent]",
            )
            .await;
        let diff = arguments(["diff", "before", "policy", "--format=json", at]);
        let change = as_a_page_has_it(json(&site.graylane(&diff)));
        assert_eq!(as_a_page_has_it(told[0].clone()), change, "{old} → {new}");
        let diff = arguments(["diff", "before", "policy", at]);
        assert_eq!(told[1], site.graylane(&diff), "{old} → {new}");
    }
    site.is_clean().await;
}
