//! Changes in words: by the names of things, and none where the meaning is the same.

use serde_json::{Value, json};

use crate::diff::{diff, policy, split};

#[test]
fn a_default_that_is_written_out_changes_nothing() {
    let when = |test: Value| json!({ "all": [{ "header": test }] });
    let split = split(&[("v2", 10.0)]);
    let bare = policy(&json!([
        { "name": "a", "when": when(json!({ "name": "x-a", "equals": "1" })), "use": "v2" },
        { "name": "b", "split": split },
    ]));
    let mut full = bare.clone();
    for (field, value) in [
        ("role", json!("edge")),
        ("enabled", json!(true)),
        ("stamp", json!("all")),
        ("claims_in", json!("payload")),
        ("headers", json!({ "version": "x-gray-version" })),
    ] {
        full[field] = value;
    }
    full["services"][0]["enabled"] = json!(true);
    let test = json!({ "name": "x-a", "equals": "1", "ignore_case": false });
    full["services"][0]["rules"][0]["when"] = when(test);
    for (field, value) in [
        ("algorithm", "graylane-v1"),
        ("missing", "baseline"),
        ("salt", "s/b"),
    ] {
        full["services"][0]["rules"][1]["split"][field] = json!(value);
    }
    for (old, new) in [(&bare, &full), (&full, &bare)] {
        let diff = diff(old, new);
        assert_eq!(
            (&diff["changes"], &diff["movements"]),
            (&json!([]), &json!([]))
        );
    }
    // Beside a change of its own a default is still none, and a change of one is told.
    full["services"][0]["cookies"] = json!({ "path": "/", "max_age": "365d" });
    let mut other = full.clone();
    other["services"][0]["cookies"]["path"] = json!("/a");
    other["stamp"] = json!("canary");
    other["headers"]["cluster"] = json!("x-c");
    let told = |old: &Value, new: &Value| {
        let changes = diff(old, new)["changes"].clone();
        let edits = changes.as_array().unwrap().iter();
        let edits =
            edits.map(|edit| format!("{} {}", edit["what"], edit["place"]).replace('"', ""));
        edits.collect::<Vec<_>>()
    };
    assert_eq!(
        told(&full, &other),
        [
            "added headers › cluster",
            "changed services s › cookies › path",
            "changed stamp"
        ]
    );
    assert_eq!(
        told(&bare, &other),
        ["added headers", "added services s › cookies", "added stamp"]
    );
}

#[test]
fn changes_are_told_by_name() {
    let old = policy(&json!([{ "name": "a", "use": "v2" }, { "name": "b", "use": "v3" }]));
    let mut new = policy(&json!([{ "name": "b", "use": "v4" }, { "name": "a", "use": "v2" }]));
    new["role"] = json!("mesh");
    new["services"][0]["versions"]
        .as_array_mut()
        .unwrap()
        .remove(1);
    new["services"][0]["rules"].as_array_mut().unwrap()[1]["use"] = json!("v3");
    let diff = diff(&old, &new);
    let edits = diff["changes"].as_array().unwrap().iter();
    let edits: Vec<_> = edits
        .map(|edit| {
            format!(
                "{} {}",
                edit["what"].as_str().unwrap(),
                edit["place"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        edits,
        [
            "added role",
            "changed services s › rules b › use",
            "changed services s › rules a › use",
            "reordered services s › rules",
            "removed services s › versions v2",
        ]
    );
    let text = json!({ "a": [{ "name": "x", "percent": "10" }] });
    let number = policy(&json!([{ "name": "r", "split": split(&[("v2", 10.0)]) }]));
    let mut as_text = number.clone();
    as_text["services"][0]["rules"][0]["split"]["to"][0]["percent"] =
        text["a"][0]["percent"].clone();
    assert_eq!(crate::diff::diff(&number, &as_text)["changes"], json!([]));
}
