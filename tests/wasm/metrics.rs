//! What the module tells in Envoy's statistics. What guards and config centres tell is with these.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::host::{Ended, Root, Vm};
use crate::hostcalls::{self, policy, sent};
use crate::support::{self, Sent};

/// 2026-11-22, in the morning, in milliseconds; half a second before a full one.
const BEGIN: u64 = 1_795_320_000_500;

/// Tags, as Envoy makes labels of them, and a name.
fn named(tags: &[(&str, &str)], name: &str) -> String {
    let mut full = String::new();
    for (tag, value) in tags {
        full.extend(["gray_", tag, "=.=", value, ";.;"]);
    }
    full + "graylane_" + name
}

fn decisions(rule: Option<&str>, version: &str, reason: &str) -> String {
    let mut tags = vec![("service", "checkout"), ("version", version)];
    tags.extend(rule.map(|rule| ("rule", rule)));
    tags.push(("reason", reason));
    named(&tags, "decisions_total")
}

/// Sends whoever says so to v2, by one of these rules.
fn testers(rules: &[&str]) -> Value {
    let rules = rules.iter().map(|name| {
        let when = json!({ "header": { "name": "x-rule", "equals": name } });
        json!({ "name": name, "when": when, "use": "v2" })
    });
    policy(&rules.collect())
}

fn by(rule: &str) -> Sent {
    sent(&[("x-rule", rule)])
}

fn started(policy: &Value) -> (Vm, Root) {
    let mut vm = Vm::start();
    vm.clock(BEGIN);
    let root = vm.accept(&support::json(policy));
    (vm, root)
}

/// What was counted since this was asked last, of the metrics of this name.
fn counted(vm: &mut Vm, name: &str) -> BTreeMap<String, u64> {
    let mut counted = vm.counted();
    counted.retain(|own, _| own.ends_with(name));
    counted
}

#[test]
fn decisions_cost_a_request_no_call_and_are_told_on_the_tick() {
    let (mut vm, root) = started(&testers(&["a", "b"]));
    for _ in 0..2 {
        let calls = vm.serve(root, &by("a")).calls;
        let read = "get_header_map_value x-rule";
        let expected = [read, hostcalls::SET_TAG, hostcalls::SET_CLUSTER];
        assert_eq!(calls, hostcalls::once(&expected));
    }
    vm.serve(root, &sent(&[]));
    assert_eq!(vm.counted(), BTreeMap::new());
    vm.tick(root);
    let expected = [
        (decisions(Some("a"), "v2", "rule"), 2),
        (decisions(None, "v1", "no_rule"), 1),
    ];
    assert_eq!(counted(&mut vm, "decisions_total"), expected.into());
    vm.tick(root);
    assert_eq!(counted(&mut vm, "decisions_total"), BTreeMap::new());
    // What came after the last tick is not lost with the configuration.
    vm.serve(root, &by("b"));
    vm.retire(root);
    let last = [(decisions(Some("b"), "v2", "rule"), 1)];
    assert_eq!(counted(&mut vm, "decisions_total"), last.into());
}

#[test]
fn a_thousand_series_have_their_rule_and_further_ones_do_not() {
    let names: Vec<_> = (0..=1_000).map(|rule| format!("r{rule}")).collect();
    let names: Vec<_> = names.iter().map(|name| &**name).collect();
    let (mut vm, root) = started(&testers(&names));
    for name in &names {
        vm.serve(root, &by(name));
    }
    vm.tick(root);
    let told = counted(&mut vm, "decisions_total");
    let of_rules = told.keys().filter(|name| name.contains("gray_rule="));
    assert_eq!(of_rules.count(), 1_000);
    assert_eq!(told.values().sum::<u64>(), 1_001);
    let rest = decisions(None, "v2", "rule");
    assert_eq!(told[&rest], 1);
    // The host keeps the names of a policy that has gone, and those it knows cost no new one.
    vm.retire(root);
    let root = vm.accept(&support::json(&testers(&["r7", "other"])));
    vm.serve(root, &by("r7"));
    vm.serve(root, &by("other"));
    vm.tick(root);
    let expected = [(decisions(Some("r7"), "v2", "rule"), 1), (rest, 1)];
    assert_eq!(counted(&mut vm, "decisions_total"), expected.into());
}

#[test]
fn ids_that_were_minted_are_counted_by_their_rule() {
    let split = json!({
        "by": [{ "cookie": "uid" }],
        "to": [{ "version": "v2", "percent": 50 }],
        "missing": "mint",
    });
    let (mut vm, root) = started(&policy(&json!([{ "name": "half", "split": split }])));
    let page = sent(&[
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ]);
    for _ in 0..20 {
        vm.serve(root, &page);
    }
    vm.serve(root, &page.with("cookie", "uid=7"));
    vm.tick(root);
    let name = named(
        &[("service", "checkout"), ("rule", "half")],
        "ids_minted_total",
    );
    let minted = counted(&mut vm, "ids_minted_total");
    assert_eq!(minted, BTreeMap::from([(name, 20)]));
}

#[test]
fn answers_of_a_guarded_version_are_counted_by_class_and_timed() {
    let mut policy = testers(&["a"]);
    let guard = json!({ "consecutive_failures": 50 });
    policy["services"][0]["versions"][1]["guard"] = guard;
    let (mut vm, root) = started(&policy);
    let mut took = 0;
    for (status, times) in [(101, 1), (200, 5), (302, 2), (404, 3), (503, 4), (999, 1)] {
        for _ in 0..times {
            let request = vm.open(root);
            vm.clock(BEGIN);
            vm.send(request, &by("a"));
            took += 10;
            vm.clock(BEGIN + took);
            let ended = Ended::with(status);
            vm.answer(request, &ended);
            vm.clock(BEGIN + 10_000);
            vm.end(request, &ended);
        }
    }
    vm.serve_to(root, &by("a"), &Ended::left());
    vm.serve_to(root, &sent(&[]), &Ended::with(500));
    vm.tick(root);
    let tags = [("service", "checkout"), ("version", "v2")];
    let class = |class, count| {
        let tags = [tags[0], tags[1], ("class", class)];
        (named(&tags, "answers_total"), count)
    };
    let classes = [
        class("1xx", 1),
        class("2xx", 5),
        class("3xx", 2),
        class("4xx", 3),
        class("5xx", 4),
        class("none", 1),
    ];
    let mut told = counted(&mut vm, "answers_total");
    told.retain(|name, _| !name.contains("guard_"));
    assert_eq!(told, classes.into());
    let times: Vec<_> = (1..=16).map(|time| time * 10).collect();
    assert_eq!(vm.samples(&named(&tags, "answer_milliseconds")), times);
}

/// The revision, the number of rules, and since when.
fn in_force(vm: &Vm) -> [Option<u64>; 3] {
    let names = ["revision", "rules", "loaded_timestamp_seconds"];
    names.map(|name| vm.gauge(&format!("graylane_policy_{name}")))
}

#[test]
fn all_workers_tell_the_policy_in_force_since_the_same_moment() {
    let [one, other] = [&["a"][..], &["a", "b"]].map(testers);
    let revision = |policy: &Value| graylane::revision(&support::json(policy)).into();
    let gauges = |policy, rules, since| [revision(policy), rules, since].map(Some);
    let (mut vm, root) = started(&one);
    // Not before it ticks: a proxy may refuse what the module accepts.
    assert_eq!(in_force(&vm), [Some(0); 3]);
    vm.tick(root);
    assert_eq!(in_force(&vm), gauges(&one, 1, BEGIN / 1_000));
    let mut second = Vm::start_beside(&vm);
    let beside = second.accept(&support::json(&one));
    second.clock(BEGIN + 5_000);
    second.tick(beside);
    assert_eq!(in_force(&second), gauges(&one, 1, BEGIN / 1_000));

    let later = second.accept(&support::json(&other));
    second.tick(later);
    assert_eq!(in_force(&vm), gauges(&other, 2, BEGIN / 1_000 + 5));
    // One that was in force nowhere, or is not any more, takes nothing back.
    let canary = second.accept(&support::json(&one));
    second.retire(canary);
    second.retire(beside);
    assert_eq!(in_force(&vm), gauges(&other, 2, BEGIN / 1_000 + 5));
    second.tick(later);
    assert_eq!(in_force(&vm), gauges(&other, 2, BEGIN / 1_000 + 5));
    second.retire(later);
    assert_eq!(in_force(&vm), [Some(0); 3]);
}

#[test]
fn refused_policies_are_counted() {
    let (mut vm, root) = started(&testers(&["a"]));
    vm.tick(root);
    assert_eq!(vm.counted().get("graylane_policy_refused_total"), None);
    for _ in 0..2 {
        let (_, accepted, _) = vm.configure(b"{}");
        assert!(!accepted);
    }
    assert_eq!(vm.counted()["graylane_policy_refused_total"], 2);
}

#[test]
fn a_worker_counts_the_seconds_that_its_module_lives() {
    let (mut vm, root) = started(&testers(&["a"]));
    let other = vm.accept(&support::json(&testers(&["b"])));
    let seconds = |vm: &mut Vm, now| {
        vm.clock(now);
        vm.tick(root);
        // However many configurations it has.
        vm.tick(other);
        let counted = vm.counted();
        counted.get("graylane_alive_seconds_total").copied()
    };
    assert_eq!(seconds(&mut vm, BEGIN), None);
    assert_eq!(seconds(&mut vm, BEGIN + 499), None);
    assert_eq!(seconds(&mut vm, BEGIN + 500), Some(1));
    assert_eq!(seconds(&mut vm, BEGIN + 2_500), Some(2));
    // A worker that hung, a clock that was set: both ways.
    assert_eq!(seconds(&mut vm, BEGIN + 62_500), Some(2));
    assert_eq!(seconds(&mut vm, BEGIN), None);
    assert_eq!(seconds(&mut vm, BEGIN + 1_000), Some(1));
}

/// A counter that begins with its first event shows no increase by that.
#[test]
fn counters_that_alerts_look_at_are_there_from_the_first_tick() {
    let (mut vm, root) = started(&testers(&["a"]));
    let calls = vm.tick(root).calls;
    for name in ["policy_refused_total", "alive_seconds_total"] {
        let define = format!("define_metric graylane_{name}");
        assert_eq!(calls.get(&define), Some(&1), "{calls:?}");
    }
}
