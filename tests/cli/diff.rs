//! Users that move, counted a second time: bucket by bucket, over the compiled rules.

use graylane::{Node, Policy, Rules, SCALE};
use serde_json::{Value, json};

use crate::run::graylane;

pub(crate) fn policy(rules: &Value) -> Value {
    json!({ "schema": "graylane/v1", "services": [{
        "name": "s",
        "baseline": "v1",
        "versions": [{ "name": "v1" }, { "name": "v2" }, { "name": "v3" }, { "name": "v4" }],
        "rules": rules,
    }]})
}

pub(crate) fn split(to: &[(&str, f64)]) -> Value {
    let to: Vec<_> = to
        .iter()
        .map(|(version, percent)| json!({ "version": version, "percent": percent }))
        .collect();
    json!({ "by": [{ "header": "x-u" }], "to": to })
}

pub(crate) fn diff(old: &Value, new: &Value) -> Value {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = format!("graylane-{}-{number}.json", std::process::id());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, new.to_string()).unwrap();
    let arguments = ["diff", "-", file.to_str().unwrap(), "--format=json"];
    let ran = graylane(&arguments, &old.to_string());
    std::fs::remove_file(&file).unwrap();
    ran.json()
}

/// The version of each bucket under the first rule.
fn versions(policy: &Value) -> Vec<String> {
    let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
    let rules = Rules::compile(policy, &Node::default()).unwrap();
    let split = rules.services()[0].rules()[0].split().unwrap();
    let version = |bucket: u32| {
        let mut slices = split.slices_at(0).into_iter();
        let own = slices.find(|slice| slice.buckets().contains(&bucket));
        own.map_or("v1", |slice| slice.version().name()).to_owned()
    };
    (0..SCALE).map(version).collect()
}

#[test]
fn the_users_that_move_are_those_whose_bucket_changes_hands() {
    let shares: [&[(&str, f64)]; 6] = [
        &[("v2", 10.0)],
        &[("v2", 12.345)],
        &[("v2", 0.0), ("v3", 20.0)],
        &[("v2", 10.0), ("v3", 20.0), ("v4", 30.0)],
        &[("v2", 15.0), ("v3", 20.0), ("v4", 30.0)],
        &[("v3", 100.0)],
    ];
    let mut crossed = 0;
    for old in shares {
        for new in shares {
            let rules = |to| policy(&json!([{ "name": "r", "split": split(to) }]));
            let (old, new) = (rules(old), rules(new));
            let (before, after) = (versions(&old), versions(&new));
            let pairs = || before.iter().zip(&after).filter(|(old, new)| old != new);
            let diff = diff(&old, &new);
            let movement = &diff["movements"][0];
            let near = |value: &Value, buckets: usize| {
                let percent = f64::from(u32::try_from(buckets).unwrap()) / 1_000.0;
                (value.as_f64().unwrap_or(0.0) - percent).abs() < 1e-9
            };
            assert!(near(&movement["percent"], pairs().count()), "{movement}");
            for each in movement["moves"].as_array().into_iter().flatten() {
                let own =
                    |pair: &(&String, &String)| each["from"] == **pair.0 && each["to"] == **pair.1;
                assert!(
                    near(&each["percent"], pairs().filter(own).count()),
                    "{movement}"
                );
            }
            let count =
                |list: &[String], version: &str| list.iter().filter(|own| *own == version).count();
            let lost = ["v1", "v2", "v3", "v4"]
                .map(|version| count(&before, version).saturating_sub(count(&after, version)));
            assert!(
                near(&movement["least_percent"], lost.iter().sum()),
                "{movement}"
            );
            crossed += usize::from(lost.iter().sum::<usize>() < pairs().count());
        }
    }
    assert!(crossed > 0, "in none do the shares cross");
}

fn movements(old: &Value, new: &Value) -> Vec<(String, bool, f64)> {
    let diff = diff(&policy(old), &policy(new));
    let movements = diff["movements"].as_array().unwrap().iter();
    let movements = movements.map(|movement| {
        let whom = movement["whom"].as_str().unwrap().to_owned();
        (
            whom,
            movement["redrawn"] == true,
            movement["percent"].as_f64().unwrap(),
        )
    });
    movements.collect()
}

#[test]
fn another_salt_or_key_draws_everybody_anew() {
    let rule = |name: &str, edit: Value| {
        let mut split = split(&[("v2", 10.0)]);
        for (field, value) in edit.as_object().unwrap() {
            split[field] = value.clone();
        }
        json!([{ "name": name, "split": split }])
    };
    let plain = rule("r", json!({}));
    for (new, whom) in [
        (rule("r", json!({ "salt": "other" })), "r"),
        (rule("r", json!({ "by": [{ "cookie": "u" }] })), "r"),
        (rule("q", json!({})), "r → q"),
    ] {
        // Of 10 %, nine in ten leave, and as many come.
        assert_eq!(movements(&plain, &new), [(whom.to_owned(), true, 18.0)]);
    }
    for new in [
        rule("r", json!({ "salt": "s/r" })),
        rule("q", json!({ "salt": "s/r" })),
        rule(
            "r",
            json!({ "by": [{ "header": "x-u" }, { "cookie": "u" }] }),
        ),
        rule("r", json!({ "missing": "next" })),
        rule("r", json!({ "algorithm": "graylane-v1" })),
        rule("r", json!({ "by": [{ "header": "X-U" }] })),
    ] {
        assert_eq!(movements(&plain, &new), [], "{new}");
        assert_eq!(movements(&new, &plain), [], "{new}");
    }
    let other = rule("r", json!({ "salt": "s/r", "algorithm": "flagd-v2" }));
    assert_eq!(movements(&plain, &other), [("r".to_owned(), true, 18.0)]);
}

#[test]
fn a_rule_that_comes_or_goes_moves_those_whom_it_concerns() {
    let when = json!({ "header": { "name": "x-a", "present": true } });
    let some = json!({ "name": "some", "when": when, "use": "v3" });
    let all = json!({ "name": "all", "split": split(&[("v2", 10.0)]) });
    let moved = |whom: &str, percent: f64| vec![(whom.to_owned(), false, percent)];
    let (neither, both) = (json!([{ "name": "base", "use": "v1" }]), json!([some, all]));
    assert_eq!(movements(&json!([all]), &both), moved("some, new", 100.0));
    assert_eq!(
        movements(&both, &json!([all])),
        moved("some, removed", 100.0)
    );
    assert_eq!(
        movements(&json!([some]), &both),
        moved("the baseline → all", 10.0)
    );
    assert_eq!(
        movements(&neither, &json!([all])),
        moved("base → all", 10.0)
    );
    let off = {
        let mut off = policy(&json!([all]));
        off["services"][0]["enabled"] = json!(false);
        off
    };
    let diff = diff(&policy(&json!([all])), &off);
    assert_eq!(
        diff["movements"][0]["moves"][0],
        json!({ "from": "v2", "to": "v1", "percent": 10.0 })
    );
}

#[test]
fn who_is_kept_does_not_move() {
    let keeping = |percent, salt: &str| {
        let mut split = split(&[("v2", percent)]);
        split["keep"] = json!(true);
        split["salt"] = json!(salt);
        policy(&json!([{ "name": "r", "split": split }]))
    };
    let moved = |old: &Value, new: &Value| {
        let movements = diff(old, new)["movements"].clone();
        let of = |field: &str| movements[0][field].as_f64();
        (of("percent"), of("kept_percent"))
    };
    let old = keeping(30.0, "s");
    assert_eq!(moved(&old, &keeping(5.0, "s")), (Some(0.0), Some(25.0)));
    assert_eq!(moved(&old, &keeping(40.0, "s")), (Some(10.0), Some(0.0)));
    // Another salt is another release: nobody is kept.
    assert_eq!(moved(&old, &keeping(30.0, "t")), (Some(42.0), Some(0.0)));
    // Who was not told to stay has no cookie.
    let plain = policy(&json!([{ "name": "r", "split": split(&[("v2", 30.0)]) }]));
    let mut kept = keeping(5.0, "s/r");
    assert_eq!(moved(&plain, &kept), (Some(25.0), Some(0.0)));
    kept["services"][0]["enabled"] = json!(false);
    assert_eq!(moved(&keeping(5.0, "s/r"), &kept), (Some(5.0), Some(0.0)));
}

#[test]
fn what_runs_dry_moves_nobody() {
    let rules = |dry_run| {
        policy(&json!([
            { "name": "r", "split": split(&[("v2", 30.0)]), "dry_run": dry_run },
            { "name": "all", "use": "v3" },
        ]))
    };
    let (dry, live) = (rules(true), rules(false));
    assert_eq!(diff(&dry, &live)["movements"][0]["percent"], 100.0);
    let mut service = live.clone();
    service["services"][0]["dry_run"] = json!(true);
    assert_eq!(diff(&service, &live)["movements"][0]["percent"], 30.0);
    assert_eq!(diff(&dry, &dry)["movements"], json!([]));
}

#[test]
fn another_sum_of_weights_draws_everybody_anew() {
    let weighing = |v1: u32, v2: u32| {
        let to = json!([{ "version": "v1", "weight": v1 }, { "version": "v2", "weight": v2 }]);
        let split = json!({
            "by": [{ "header": "x-u" }],
            "algorithm": "unleash-variants",
            "salt": "f",
            "to": to,
        });
        policy(&json!([{ "name": "r", "split": split }]))
    };
    let movement = |new: &Value| diff(&weighing(900, 100), new)["movements"][0].clone();
    let same = movement(&weighing(800, 200));
    assert_eq!(
        (&same["redrawn"], &same["percent"]),
        (&json!(false), &json!(10.0))
    );
    let other = movement(&weighing(900, 300));
    assert_eq!(
        (&other["redrawn"], &other["percent"]),
        (&json!(true), &json!(30.0))
    );
}

#[test]
fn a_secret_changes_and_is_not_shown() {
    let with = |token: &str, path: &str| {
        let mut policy = policy(&json!([]));
        policy["services"][0]
            .as_object_mut()
            .unwrap()
            .remove("rules");
        policy["remote"] =
            json!({ "cluster": "centre", "http": { "token": token }, "policy": "/p" });
        policy["notify"] = json!({ "cluster": "chat", "path": path });
        policy
    };
    let one = with("open-sesame", "/sesame");
    let mut without = one.clone();
    let fields = without.as_object_mut().unwrap();
    fields.retain(|name, _| name != "remote" && name != "notify");
    assert_eq!(diff(&one, &one)["changes"], json!([]));
    let other = diff(&one, &with("sesame-seed", "/other-sesame"));
    let changes = other["changes"].as_array().unwrap().iter();
    let places: Vec<_> = changes
        .map(|change| change["place"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["notify › path", "remote › http › token"]);
    for told in [&other, &diff(&without, &one), &diff(&one, &without)] {
        assert_eq!(told["changes"].as_array().unwrap().len(), 2, "{told}");
        assert!(!told.to_string().contains("sesame"), "{told}");
    }
}
