//! What the playground is told is what the commands say, of every vector and every refusal.

use std::fs;

use graylane::cli::playground::answer;
use serde_json::{Value, json};

use crate::explain::{options, place};
use crate::run::graylane;
use crate::support::refusals::Refusals;
use crate::support::vectors::{files, vectors};

const NOW: &str = "2026-11-21T12:00:00Z";

fn asked(question: &Value) -> Value {
    let answer = answer(question.to_string().as_bytes()).unwrap();
    serde_json::from_str(&answer).unwrap()
}

/// The question that is asked with these options of a command.
fn question(policy: &str, options: &[String]) -> Value {
    let mut question = json!({ "policy": policy, "request": {}, "place": {} });
    for option in options {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let (part, field) = match name {
            "--at" => ("", "at"),
            "--inbound" => ("request", "inbound"),
            "--header" => ("request", "headers"),
            "--claim" => ("request", "claims"),
            "--node-cluster" => ("place", "cluster"),
            "--label" => ("place", "labels"),
            "--node" | "--region" | "--zone" => ("place", &name[2..]),
            "--path" | "--method" | "--host" | "--ip" => ("request", &name[2..]),
            other => panic!("{other} is no part of a question"),
        };
        let field = match part {
            "" => &mut question[field],
            part => &mut question[part][field],
        };
        match name {
            "--inbound" => *field = json!(true),
            "--header" | "--claim" | "--label" => match field {
                Value::Array(lines) => lines.push(json!(value)),
                none => *none = json!([value]),
            },
            _ => *field = json!(value),
        }
    }
    question
}

#[test]
fn an_explanation_is_that_of_the_command() {
    let mut compared = 0;
    for file in files() {
        for vector in vectors(&file) {
            let policy = vector.policy.to_string();
            for case in &vector.cases {
                // Neither says where the proxy keeps the token.
                let elsewhere = vector.policy.get("claims_in").is_some();
                let Some(mut all) = options(&case.request).filter(|_| !elsewhere) else {
                    continue;
                };
                let now = std::time::UNIX_EPOCH + std::time::Duration::from_millis(case.now);
                all.push(format!("--at={}", humantime::format_rfc3339_millis(now)));
                all.extend(vector.inbound.then(|| "--inbound".to_owned()));
                all.extend(place(&vector));
                let told = asked(&question(&policy, &all));
                assert_eq!(told["problems"], json!([]), "{all:?}");
                let story = &told["explained"]["value"];
                // A draw is another each time.
                if story.to_string().contains("\"drawn\":true") || has(story, "minted") {
                    continue;
                }
                let mut arguments = vec!["explain", "-", "--format=json"];
                arguments.extend(all.iter().map(String::as_str));
                assert_eq!(*story, graylane(&arguments, &policy).json(), "{all:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared} compared");
}

fn has(story: &Value, field: &str) -> bool {
    let mut rules = story["rules"].as_array().unwrap().iter();
    rules.any(|rule| rule["split"].get(field).is_some())
}

#[test]
fn a_refusal_is_that_of_the_command() {
    let Refusals {
        base, edits, texts, ..
    } = Refusals::read();
    let edited = edits.iter().map(|edit| format!("{:#}", edit.of(&base)));
    let mut refused = 0;
    for policy in edited.chain(texts.into_iter().map(|written| written.text)) {
        refused += usize::from(same_findings(&policy));
    }
    assert!(refused > 400, "{refused} refused");
    for policy in ["", "a: [", "- x", "\u{7}", "static_resources: {}"] {
        assert!(same_findings(policy), "{policy:?} is accepted");
    }
}

#[test]
fn warnings_are_those_of_the_command() {
    let mut compared = 0;
    for folder in ["docs/examples", "envoy", "istio"] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                same_findings(&fs::read_to_string(path).unwrap());
                compared += 1;
            }
        }
    }
    assert!(compared > 15, "{compared} compared");
}

/// Holds what is found in a policy against what the command finds; whether it is refused.
fn same_findings(policy: &str) -> bool {
    let at = format!("--at={NOW}");
    let told = asked(&json!({ "policy": policy, "at": NOW }));
    let checked = graylane(&["check", "-", "--format=json", &at], policy);
    let (mut told, mut checked) = (told["checked"].clone(), (checked.json(), checked.code));
    for one in [&mut told, &mut checked.0] {
        for policy in one.as_array_mut().unwrap() {
            // What the files are called.
            policy.as_object_mut().unwrap().remove("policy");
        }
    }
    assert_eq!(told, checked.0, "{policy}");
    checked.1 == 1
}

#[test]
fn a_change_is_that_of_the_command() {
    let at = format!("--at={NOW}");
    let examples = ["policy", "next", "renamed", "half", "mirrored", "ramp"];
    for (old, new) in examples
        .iter()
        .flat_map(|old| examples.map(|new| (old, new)))
    {
        let files = [old, new].map(|name| format!("docs/examples/{name}.yaml"));
        let [before, policy] = files.clone().map(|file| fs::read_to_string(file).unwrap());
        let question = json!({ "policy": policy, "before": before, "at": NOW });
        let told = asked(&question)["changed"]["value"].take();
        let diff = ["diff", &files[0], &files[1], "--format=json", &at];
        assert_eq!(told, graylane(&diff, "").json(), "{old} → {new}");
    }
}

fn ten_percent(user: &str) -> Value {
    let policy = fs::read_to_string("docs/examples/policy.yaml").unwrap();
    let headers = [format!("x-user-id: {user}")];
    json!({ "policy": policy, "request": { "headers": headers } })
}

#[test]
fn a_share_that_slides_takes_a_user_in_exactly_at_their_bucket() {
    let mut question = ten_percent("user-1");
    let shares = &asked(&question)["shares"]["splits"][0];
    assert_eq!(shares["bucket"], 23_620);
    assert_eq!(
        shares["slices"],
        json!([
            { "version": "v2", "first": 0, "last": 9_999 },
            { "version": "v1", "first": 10_000, "last": 99_999 },
        ])
    );
    for (percent, version) in [(0.0, "v1"), (23.62, "v1"), (23.621, "v2"), (100.0, "v2")] {
        question["slide"] = json!({ "place": [0, 1], "target": 0, "percent": percent });
        let slid = &asked(&question)["slid"];
        assert_eq!(slid["version"], version, "{percent}: {slid}");
        assert_eq!(slid["problem"], Value::Null);
    }
    for (place, percent) in [([0, 1], 100.001), ([0, 0], 1.0), ([1, 0], 1.0)] {
        question["slide"] = json!({ "place": place, "target": 0, "percent": percent });
        let slid = &asked(&question)["slid"];
        assert!(slid["problem"].is_string(), "{place:?} {percent}: {slid}");
    }
}

#[test]
fn shares_are_told_of_another_moment_as_well() {
    let policy = fs::read_to_string("docs/examples/ramp.yaml").unwrap();
    let question = json!({ "policy": policy, "at": NOW, "later": "2026-11-21T14:40:00Z" });
    let shares = &asked(&question)["shares"];
    assert_eq!(shares["later"], "2026-11-21T14:40:00Z");
    assert_eq!(shares["steps"][1], "2026-11-21T12:30:00Z");
    let own = |when: &str| shares["splits"][0][when][0].clone();
    let v2 = |last: u32| json!({ "version": "v2", "first": 0, "last": last });
    assert_eq!((own("slices"), own("later")), (v2(4_999), v2(99_999)));
}

#[test]
fn what_cannot_be_read_is_told_with_its_field() {
    for (pointer, value, field, part) in [
        ("/at", json!("soon"), "at", "soon: not a moment"),
        ("/later", json!("x"), "later", "x: not a moment"),
        (
            "/request/ip",
            json!("1.2"),
            "request",
            "1.2: not an address",
        ),
        (
            "/request/headers",
            json!(["x"]),
            "request",
            "x: write it as",
        ),
        (
            "/request/claims",
            json!(["sub"]),
            "request",
            "sub: write it as",
        ),
        (
            "/place",
            json!({ "labels": ["a"] }),
            "labels",
            "a: write it as",
        ),
        ("/closed", json!(["s/v9"]), "closed", "s/v9"),
        ("/before", json!("nothing"), "before", "before"),
    ] {
        let mut question = ten_percent("u");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        question.pointer_mut(parent).unwrap()[name] = value;
        let problems = &asked(&question)["problems"];
        assert_eq!(problems.as_array().unwrap().len(), 1, "{pointer}");
        assert_eq!(problems[0]["field"], field);
        let problem = problems[0]["problem"].as_str().unwrap();
        assert!(problem.contains(part), "{problem}");
    }
    assert!(answer(b"{\"polices\": \"\"}").is_err());
}

#[test]
fn of_several_policies_the_one_that_is_meant_is_explained() {
    let policy = |name: &str| {
        let baseline =
            format!("services: [{{name: s, baseline: {name}, versions: [{{name: {name}}}]}}]");
        format!(
            "kind: WasmPlugin\nmetadata: {{name: {name}}}\nspec: {{url: graylane, pluginConfig: \
             {{schema: graylane/v1, {baseline}}}}}\n"
        )
    };
    let text = [policy("one"), policy("two")].join("---\n");
    for (number, name) in ["one", "two"].into_iter().enumerate() {
        let told = asked(&json!({ "policy": text, "number": number }));
        assert_eq!(told["names"], json!(["one", "two"]));
        assert_eq!(told["checked"].as_array().unwrap().len(), 2);
        assert_eq!(told["explained"]["value"]["version"], name);
    }
}
