//! Warnings of what has no effect, or not the one it seems to have: whom the edge trusts, mirrors,
//! versions, and what time has passed over.

use serde_json::{Value, json};

use crate::check::{checked, with};
use crate::run::graylane;

/// Asserts that these findings are all, each a warning, as place and sentence.
fn warned(policy: &Value, expected: &[(&str, &str)]) {
    found("warning", policy, expected);
}

fn found(severity: &str, policy: &Value, expected: &[(&str, &str)]) {
    let (places, problems) = checked(policy);
    let (expected_places, expected): (Vec<_>, Vec<_>) = expected.iter().copied().unzip();
    let expected_places = expected_places.iter();
    let expected_places: Vec<_> = expected_places
        .map(|place| format!("{severity} {place}"))
        .collect();
    assert_eq!(places, expected_places, "{policy:#}");
    assert_eq!(problems, expected, "{policy:#}");
}

fn mirror(percent: u32) -> Value {
    json!([{ "version": "v2", "percent": percent, "by": [{ "header": "x-u" }] }])
}

#[test]
fn whom_the_edge_trusts_is_looked_at() {
    let trust = json!({ "any": [{ "path": { "prefix": "in" } }, { "time": { "until": "2026-11-21T11:00:00Z" } }] });
    warned(
        &with("/trust", trust),
        &[
            (
                "trust.any[0].path.prefix",
                "\"in\" fits no request: a path begins with `/`; put one before it",
            ),
            (
                "trust.any[1].time.until",
                "is past: this never holds any more; leave out what it is for, or move it",
            ),
        ],
    );
    let mut mesh = with("/trust", json!({ "path": { "prefix": "/in" } }));
    warned(&mesh, &[]);
    mesh["role"] = json!("auto");
    warned(&mesh, &[]);
    mesh["role"] = json!("mesh");
    warned(
        &mesh,
        &[(
            "trust",
            "is never asked: with `role: mesh` every tag is followed; leave it out",
        )],
    );
}

#[test]
fn mirrors_are_looked_at() {
    warned(&with("/services/0/mirror", mirror(5)), &[]);
    warned(
        &with("/services/0/mirror", mirror(0)),
        &[(
            "services[0].mirror[0].percent",
            "0 copies nobody; raise it, or leave the mirror out",
        )],
    );
    let mut salted = with("/services/0/mirror", mirror(5));
    salted["services"][0]["rules"][1]["split"]["salt"] = json!("s/mirror/v2");
    warned(
        &salted,
        &[(
            "services[0].rules[1].split.salt",
            "\"s/mirror/v2\" is the salt that mirror[0] of s has by default, so the same users \
             come first in both; write another",
        )],
    );
    let split = &mut salted["services"][0]["rules"][1]["split"];
    split["algorithm"] = json!("flagd-v2");
    warned(&salted, &[]);
    let mut twice = with("/services/0/mirror", mirror(5));
    let by = json!([{ "header": "x-u" }, { "cookie": "u" }, { "header": "X-U" }]);
    twice["services"][0]["mirror"][0]["by"] = by.clone();
    twice["services"][0]["rules"][1]["split"]["by"] = by;
    let never = "never counts: by[0] is the same key; leave it out";
    warned(
        &twice,
        &[
            ("services[0].mirror[0].by[2]", never),
            ("services[0].rules[1].split.by[2]", never),
        ],
    );
}

#[test]
fn a_version_may_be_reached_without_a_rule() {
    let third = |edit: fn(&mut Value)| {
        let versions = "/services/0/versions/-";
        let mut policy = with(versions, json!({ "name": "v3", "cluster": "s-v3" }));
        edit(&mut policy);
        policy
    };
    let nobody = "nobody gets v3: no rule and no mirror names it; name it in one, or leave it out";
    warned(&third(|_| {}), &[("services[0].versions[2]", nobody)]);
    for reach in [
        |policy: &mut Value| {
            let mut mirror = mirror(5);
            mirror[0]["version"] = json!("v3");
            policy["services"][0]["mirror"] = mirror;
        },
        |policy: &mut Value| policy["trust"] = json!({ "path": { "prefix": "/in" } }),
        |policy: &mut Value| policy["role"] = json!("mesh"),
        |policy: &mut Value| policy["role"] = json!("auto"),
    ] {
        warned(&third(reach), &[]);
    }
}

#[test]
fn what_time_has_made_idle_is_told() {
    let ramp = |start: &str| {
        let steps = json!([{ "percent": 5, "for": "1h" }, { "percent": 30.5 }]);
        let target = json!({ "version": "v2", "ramp": { "start": start, "steps": steps } });
        let split = "/services/0/rules/1/split/to";
        let mut policy = with(split, json!([{ "version": "v3", "percent": 1 }, target]));
        let versions = policy["services"][0]["versions"].as_array_mut().unwrap();
        versions.push(json!({ "name": "v3", "cluster": "s-v3" }));
        policy
    };
    warned(&ramp("2026-11-21T11:00:00.001Z"), &[]);
    warned(
        &ramp("2026-11-21T11:00:00Z"),
        &[(
            "services[0].rules[1].split.to[1].ramp",
            "its last step began at 2026-11-21T12:00:00Z, and holds for good; write \
             `percent: 30.5` instead",
        )],
    );
    let time = |time: Value| {
        with(
            "/services/0/rules/0/when",
            json!({ "not": { "time": time } }),
        )
    };
    let over = "is past: this never holds any more; leave out what it is for, or move it";
    let always = "is past, and nothing ends it: this always holds; leave it out";
    let (past, now, to_come) = (
        "2026-11-21T19:59:59+08:00",
        "2026-11-21T20:00:00+08:00",
        "2026-11-21T20:00:01+08:00",
    );
    for (stretch, expected) in [
        (json!({ "until": now }), Some(("until", over))),
        (json!({ "from": past, "until": now }), Some(("until", over))),
        (json!({ "until": to_come }), None),
        (json!({ "from": now }), Some(("from", always))),
        (json!({ "from": past, "until": to_come }), None),
        (json!({ "from": to_come }), None),
    ] {
        let place = |field: &str| format!("services[0].rules[0].when.not.time.{field}");
        let expected = expected.map(|(field, problem)| (place(field), problem));
        let expected = expected.iter().map(|(place, problem)| (&**place, *problem));
        warned(&time(stretch), &expected.collect::<Vec<_>>());
    }
}

#[test]
fn the_moment_is_now_unless_it_is_given() {
    let over = json!({ "time": { "until": "1999-12-31T23:59:59Z" } });
    let policy = with("/services/0/rules/0/when", over).to_string();
    let warned = |options: &[&str]| {
        let arguments = [&["check", "-", "--strict"], options].concat();
        graylane(&arguments, &policy).code == 1
    };
    assert!(warned(&[]) && !warned(&["--at=1999-12-31T23:59:58Z"]));
}

#[test]
fn what_is_only_counted_is_noted() {
    let only = |name: &str| format!("{name} is only counted; take it out to apply it");
    let dry = json!(true);
    found(
        "note",
        &with("/services/0/dry_run", dry.clone()),
        &[("services[0].dry_run", &only("s"))],
    );
    let rule = with("/services/0/rules/1/dry_run", dry);
    let name = rule["services"][0]["rules"][1]["name"].as_str().unwrap();
    found(
        "note",
        &rule,
        &[("services[0].rules[1].dry_run", &only(name))],
    );
}

#[test]
fn cookies_are_for_splits_that_set_some() {
    let mut policy = with("/services/0/cookies", json!({ "max_age": "30d" }));
    warned(
        &policy,
        &[(
            "services[0].cookies",
            "no split sets a cookie: none has `missing: mint` or `keep`; leave it out",
        )],
    );
    let split = &mut policy["services"][0]["rules"][1]["split"];
    split["keep"] = json!(true);
    warned(&policy, &[]);
    let split = &mut policy["services"][0]["rules"][1]["split"];
    split["keep"] = json!(false);
    split["by"] = json!([{ "cookie": "uid" }]);
    split["missing"] = json!("mint");
    warned(&policy, &[]);
}
