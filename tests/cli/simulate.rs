//! Simulated users, counted a second time.

use std::fs;

use graylane::{Moment, Node, Policy, Rules, decide};
use serde_json::{Value, json};

use crate::run::graylane;
use crate::support::Sent;

const POLICY: &str = "docs/examples/next.yaml";

fn simulated(arguments: &[&str], input: &str) -> Value {
    let arguments = [&["simulate"], arguments, &["--format=json"]].concat();
    let ran = graylane(&arguments, input);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json()
}

#[test]
fn each_user_gets_what_the_core_gives() {
    let policy: Value = yaml_serde::from_str(&fs::read_to_string(POLICY).unwrap()).unwrap();
    let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
    let rules = Rules::compile(policy, &Node::default()).unwrap();
    let mut counts = [0u64; 3];
    for number in 0..20_000 {
        let request = Sent::default().with("x-user-id", &format!("user-5-{number}"));
        let decision = decide(&rules, &request, Moment::default());
        let versions = ["v1", "v2", "v3"];
        let at = versions
            .iter()
            .position(|version| Some(*version) == decision.version());
        counts[at.unwrap()] += 1;
    }
    let simulated = simulated(&[POLICY, "--users=20000", "--seed=5"], "");
    let versions = simulated["services"][0]["versions"].as_array().unwrap();
    let users: Vec<_> = versions
        .iter()
        .map(|version| version["users"].as_u64().unwrap())
        .collect();
    assert_eq!(users, counts);
    assert_eq!(versions[1]["expected"], 5_100.0);
}

#[test]
fn users_come_by_the_keys_that_are_named() {
    let groups = |arguments: &[&str]| {
        let arguments = [&[POLICY, "--users=1000"], arguments].concat();
        let groups = simulated(&arguments, "")["services"][0]["rules"].clone();
        let groups = groups.as_array().unwrap().iter();
        let groups = groups.map(|group| json!([group["rule"], group["reason"], group["users"]]));
        groups.collect::<Vec<_>>()
    };
    let split = json!(["ten-percent", "rule", 1_000]);
    assert_eq!(groups(&[]), std::slice::from_ref(&split));
    assert_eq!(groups(&["--key=cookie:uid"]), [split]);
    assert_eq!(
        groups(&["--key=query:uid"]),
        [json!(["ten-percent", "no_key", 1_000])]
    );
    assert_eq!(
        groups(&["-H", "x-qa: on"]),
        [json!(["testers", "rule", 1_000])]
    );
}

#[test]
fn users_come_with_claims_and_are_counted_where_a_rule_runs_dry() {
    let to = json!([{ "version": "v2", "percent": 50 }]);
    let split = |claim: Value| json!({ "by": [{ "claim": claim }], "to": to });
    let policy = json!({ "schema": "graylane/v1", "services": [{
        "name": "s",
        "baseline": "v1",
        "versions": [{ "name": "v1" }, { "name": "v2" }],
        "rules": [
            { "name": "dry", "split": split(json!(["realm", "id"])), "dry_run": true },
            { "name": "live", "split": split(json!("sub")) },
        ],
    }]});
    let policy = policy.to_string();
    for keys in [&[][..], &["--key=claim:sub", "--key=claim:realm.id"]] {
        let arguments = [&["-", "--users=2000"], keys].concat();
        let simulated = simulated(&arguments, &policy);
        let rules = simulated["services"][0]["rules"].as_array().unwrap();
        let told = |field: &str| {
            let told = rules.iter().map(|rule| rule[field].clone());
            told.collect::<Vec<_>>()
        };
        assert_eq!(told("rule"), ["dry", "live"]);
        assert_eq!(told("reason"), ["rule", "rule"]);
        assert_eq!(told("dry_run"), [true, false]);
        assert_eq!(told("users"), [2_000, 2_000]);
        let versions = &simulated["services"][0]["versions"];
        let users = versions.as_array().unwrap().iter();
        let users = users.map(|version| version["users"].as_u64().unwrap());
        assert_eq!(users.sum::<u64>(), 2_000, "a dry run sends nobody anywhere");
    }
}

#[test]
fn each_service_is_reached_by_a_host_of_its_own() {
    let split = |by: Value| json!({ "by": [by], "to": [{ "version": "v2", "percent": 50 }] });
    let service = |name: &str, hosts: Value, by: Value| {
        json!({
            "name": name,
            "hosts": hosts,
            "baseline": "v1",
            "versions": [{ "name": "v1" }, { "name": "v2" }],
            "rules": [
                { "name": "r", "split": { "by": [by.clone()], "missing": "random",
                  "to": [{ "version": "v2", "percent": 50 }] } },
                { "name": "never", "split": split(by) },
            ],
        })
    };
    let policy = json!({ "schema": "graylane/v1", "services": [
        service("one", json!(["one.example.com"]), json!({ "query": "u" })),
        service("wild", json!(["one.example.com", "*.example.com"]), json!({ "source_ip": true })),
        service("hidden", json!(["two.example.com"]), json!({ "header": "x-u" })),
    ]});
    let simulated = |arguments: &[&str]| {
        let arguments = [&["-", "--users=10000"], arguments].concat();
        simulated(&arguments, &policy.to_string())
    };
    let names = |outcome: &Value| {
        let services = outcome["services"].as_array().unwrap().iter();
        services
            .map(|service| service["service"].clone())
            .collect::<Vec<_>>()
    };
    // By query, by address, and the second time by chance alone.
    assert_eq!(names(&simulated(&[])), ["one", "wild"]);
    assert_eq!(names(&simulated(&["--key=header:x-none"])), ["one", "wild"]);
    assert_eq!(names(&simulated(&["--service=wild"])), ["wild"]);
    for host in ["--host=b.example.com", "-HHost: b.example.com"] {
        assert_eq!(names(&simulated(&[host])), ["wild"], "{host}");
    }
}

#[test]
fn a_version_has_the_users_of_every_rule() {
    let some = json!({ "header": { "name": "x-u", "prefix": "user-1-1" } });
    let to = json!([{ "version": "v2", "percent": 50 }, { "version": "v3", "percent": 0.001 }]);
    let policy = json!({ "schema": "graylane/v1", "services": [{
        "name": "s",
        "baseline": "v1",
        "versions": [{ "name": "v1" }, { "name": "v2" }, { "name": "v3" }],
        "rules": [
            { "name": "some", "when": some, "use": "v2" },
            { "name": "half", "split": { "by": [{ "header": "x-u" }], "to": to } },
        ],
    }]});
    let simulated = simulated(&["-", "--users=1000"], &policy.to_string());
    let service = &simulated["services"][0];
    let users = |list: &Value| -> Vec<u64> {
        let list = list.as_array().unwrap().iter();
        list.map(|each| each["users"].as_u64().unwrap()).collect()
    };
    let (versions, rules) = (users(&service["versions"]), users(&service["rules"]));
    // Of 0 to 999 those that begin with 1.
    assert_eq!(rules, [111, 889]);
    assert_eq!(versions.iter().sum::<u64>(), 1_000);
    let half = users(&service["rules"][1]["versions"]);
    assert_eq!((versions[1], half[2]), (111 + half[1], 0));
}

#[test]
fn a_chart_has_a_bar_for_each_version() {
    let file = std::env::temp_dir().join(format!("graylane-{}.svg", std::process::id()));
    let path = file.to_str().unwrap();
    simulated(&[POLICY, "--users=1000", "--svg", path], "");
    let drawn = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(drawn.matches("<line").count(), 3, "{drawn}");
    for text in ["checkout", "v1", "v2", "v3"] {
        assert!(drawn.contains(&format!("\n{text}\n")), "{text}: {drawn}");
    }
}

/// Two versions that ramp, and a rule that does not.
fn planned() -> String {
    let ramp = |start: &str, steps: Value| json!({ "start": start, "steps": steps });
    let first = ramp(
        "2026-11-21T12:00:00Z",
        json!([{ "percent": 5, "for": "30m" }, { "percent": 30, "for": "2h" }, { "percent": 50 }]),
    );
    let second = ramp(
        "2026-11-21T12:10:00Z",
        json!([{ "percent": 0, "for": "20m" }, { "percent": 12.5 }]),
    );
    let to = json!([{ "version": "v2", "ramp": first }, { "version": "v3", "ramp": second }]);
    let by = json!([{ "header": "x-u" }]);
    let rule = json!({ "name": "by-plan", "split": { "by": by, "to": to } });
    let policy = json!({ "schema": "graylane/v1", "services": [{
        "name": "s",
        "baseline": "v1",
        "versions": [{ "name": "v1" }, { "name": "v2" }, { "name": "v3" }],
        "rules": [{ "name": "some", "when": { "path": { "prefix": "/a" } }, "use": "v2" }, rule],
    }]});
    policy.to_string()
}

#[test]
fn the_steps_to_come_are_told() {
    let coming = |at: &str| {
        let at = format!("--at={at}");
        let simulated = simulated(&["-", "--users=1000", &at], &planned());
        let plans = simulated["services"][0]["plans"]
            .as_array()
            .unwrap()
            .clone();
        let [plan] = &plans[..] else {
            panic!("{plans:?}")
        };
        assert_eq!(plan["rule"], "by-plan");
        plan["coming"].clone()
    };
    let step = |at: &str, version: &str, percent: f64| json!({ "at": at, "version": version, "percent": percent });
    let (half, last) = (
        [
            step("2026-11-21T12:30:00Z", "v2", 30.0),
            step("2026-11-21T12:30:00Z", "v3", 12.5),
        ],
        step("2026-11-21T14:30:00Z", "v2", 50.0),
    );
    assert_eq!(
        coming("2026-11-21T20:00:00+08:00"),
        json!([half[0], half[1], last])
    );
    assert_eq!(coming("2026-11-21T12:30:00Z"), json!([last]));
    assert_eq!(coming("2026-11-21T14:30:00Z"), json!([]));
    let told = graylane(
        &["simulate", "-", "-n=1000", "--at=2026-11-21T12:30:00Z"],
        &planned(),
    );
    let lines = " by-plan, to come\n   2026-11-21T14:30:00Z  v2 50 %\n";
    assert!(told.out.contains(lines), "{}", told.out);
    let off = planned().replacen('{', "{\"enabled\":false,", 1);
    let off = simulated(&["-", "--users=1000"], &off);
    assert_eq!(off["services"][0]["plans"], json!([]));
}

/// Numbers of an attribute, over all rectangles of a colour.
fn drawn(svg: &str, colour: &str, attribute: &str) -> Vec<f64> {
    let rectangles = svg.split("<rect").skip(1);
    let own = rectangles.filter(|each| each.split('>').next().unwrap().contains(colour));
    let numbers = own.map(|each| {
        let from = each.find(&format!(" {attribute}=\"")).unwrap();
        let text = &each[from + attribute.len() + 3..];
        text.split('"').next().unwrap().parse().unwrap()
    });
    numbers.collect()
}

#[test]
fn a_plan_is_drawn_over_time() {
    let file = std::env::temp_dir().join(format!("graylane-{}-plan.svg", std::process::id()));
    let path = file.to_str().unwrap();
    let draw = |at: &str| {
        simulated(&["-", "--users=1000", at, "--svg", path], &planned());
        let drawn = fs::read_to_string(&file).unwrap();
        fs::remove_file(&file).unwrap();
        drawn
    };
    let svg = draw("--at=2026-11-21T13:00:00Z");
    // The first is the bar. A plot is 120 tall; before the plan v2 has nothing.
    let of_v2 = drawn(&svg, "#2f6fd0", "height");
    assert_eq!(of_v2[1..], [6.0, 36.0, 60.0]);
    assert_eq!(drawn(&svg, "#e08214", "height")[1..], [15.0, 15.0]);
    assert_eq!(
        drawn(&svg, "#7a8594", "height")[1..],
        [120.0, 114.0, 69.0, 45.0]
    );
    let widths = drawn(&svg, "#2f6fd0", "width");
    assert!((widths[2] / widths[1] - 4.0).abs() < 1e-9, "{widths:?}");
    for text in [
        "by-plan",
        "now",
        "2026-11-21T12:00:00Z",
        "2026-11-21T14:30:00Z",
    ] {
        assert!(svg.contains(&format!("\n{text}\n")), "{text}: {svg}");
    }
    let before = draw("--at=2026-11-20T13:00:00Z");
    assert!(!before.contains("\nnow\n"), "{before}");
}
