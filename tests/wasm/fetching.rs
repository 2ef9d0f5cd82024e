//! Which headers are fetched, and how: none before its turn, and at the least cost.

use serde_json::json;

use crate::host::Vm;
use crate::hostcalls::{ALL, DROP_CLUSTER, SET_CLUSTER, SET_TAG, check, once, policy, sent};
use crate::support;

/// Which is less, to fetch headers one by one or all at once, the requests before have shown.
#[test]
fn how_headers_are_fetched_follows_the_traffic() {
    let test = |name: &str| json!({ "header": { "name": name, "equals": "on" } });
    let names = ["x-a", "x-b", "x-c"];
    let rules: Vec<_> = names
        .iter()
        .map(|name| json!({ "name": name, "when": test(name), "use": "v2" }))
        .collect();
    let mut vm = Vm::start();
    let root = vm.accept(&support::json(&policy(&json!(rules))));
    let [a, b, c] = names.map(first);
    let [all_a, all_b, all_c] = names.map(joined);
    let without = sent(&[]);
    let with = sent(&[("x-a", "off"), ("x-b", "off"), ("x-c", "off")]);
    for (sent, reads) in [
        // Absent ones are cheap, one by one.
        (&without, &[&*a, &*b, &*c, DROP_CLUSTER][..]),
        (&without, &[&a, &b, &c, DROP_CLUSTER]),
        // Those that are there may have a second value.
        (&with, &[&a, &all_a, &b, &all_b, &c, &all_c, DROP_CLUSTER]),
        // So many that it is less to fetch all.
        (&with, &[ALL]),
        (&with, &[ALL]),
        (&without, &[ALL]),
        (&without, &[&a, &b, &c, DROP_CLUSTER]),
    ] {
        let calls = vm.serve(root, sent).calls;
        assert_eq!(calls, once(reads.iter().chain([&SET_TAG])), "{sent:?}");
    }
}

/// Where the first value was not enough, the next request's are looked at together.
#[test]
fn a_header_that_may_repeat_is_fetched_once() {
    let rules = json!([{
        "name": "testers",
        "when": { "header": { "name": "x-a", "equals": "on" } },
        "use": "v2",
    }]);
    let (a, all_a) = (first("x-a"), joined("x-a"));
    let values = |values: &[&str]| {
        // Among a browser's many, so that it is never less to fetch all.
        let others = (0..20).fold(sent(&[]), |sent, at| sent.with(&format!("h-{at}"), ""));
        values
            .iter()
            .fold(others, |sent, value| sent.with("x-a", value))
    };
    let mut vm = Vm::start();
    let root = vm.accept(&support::json(&policy(&rules)));
    for (values, reads, effect) in [
        (values(&["off"]), &[&*a, &all_a][..], DROP_CLUSTER),
        (values(&["off"]), &[&all_a], DROP_CLUSTER),
        (values(&[]), &[&all_a, &a], DROP_CLUSTER),
        // The last request had none, so it is asked for the first again.
        (values(&["off", "on"]), &[&a, &all_a, ALL], SET_CLUSTER),
        (values(&["off", "on"]), &[&all_a, &a, ALL], SET_CLUSTER),
        // One value that looks like two.
        (values(&["off,on"]), &[&all_a, &a], DROP_CLUSTER),
        (values(&["on"]), &[&all_a], SET_CLUSTER),
        (values(&["on"]), &[&a], SET_CLUSTER),
    ] {
        let calls = vm.serve(root, &values).calls;
        assert_eq!(
            calls,
            once(reads.iter().chain([&SET_TAG, &effect])),
            "{values:?}"
        );
    }
}

/// Many rules that wait for a value of a header, and some for one of another.
#[test]
fn of_many_rules_nothing_is_read_before_its_turn() {
    let waiting = |at: usize, header: &str| {
        let test = json!({ "name": header, "equals": at.to_string() });
        json!({ "name": format!("r{at}"), "when": { "header": test }, "use": "v2" })
    };
    let mut rules: Vec<_> = (0..20).map(|at| waiting(at, "x-a")).collect();
    rules.extend((20..40).map(|at| waiting(at, "x-b")));
    let [a, b] = ["x-a", "x-b"].map(first);
    let [all_a, all_b] = ["x-a", "x-b"].map(joined);
    check(
        &policy(&json!(rules)),
        vec![
            (
                "an early rule decides",
                sent(&[("x-a", "7"), ("x-b", "27")]),
                // Another value of the same header might lead to an earlier rule.
                &[&a, &all_a, SET_TAG, SET_CLUSTER],
            ),
            (
                "a late rule decides",
                sent(&[("x-b", "27")]),
                &[&a, &b, &all_b, SET_TAG, SET_CLUSTER],
            ),
            ("none does", sent(&[]), &[&a, &b, SET_TAG, DROP_CLUSTER]),
        ],
    );
    rules.insert(0, json!({ "name": "all", "use": "v2" }));
    check(
        &policy(&json!(rules)),
        vec![(
            "one before all",
            sent(&[("x-a", "7")]),
            &[SET_TAG, SET_CLUSTER],
        )],
    );
}

fn first(name: &str) -> String {
    format!("get_header_map_value {name}")
}

fn joined(name: &str) -> String {
    format!("get_property request.headers.{name}")
}
