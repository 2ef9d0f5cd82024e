//! What the module tells, in metrics, in the log and to others.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::host::{Ended, Root, Vm};
use crate::hostcalls::{policy, sent};
use crate::support::vectors::Vector;
use crate::support::{self, Sent};

/// 2026-11-22, in the morning, in milliseconds.
const BEGIN: u64 = 1_795_320_000_000;

fn started(policy: &Value) -> (Vm, Root) {
    let mut vm = Vm::start();
    vm.clock(BEGIN);
    let root = vm.accept(&support::json(policy));
    (vm, root)
}

fn guarded() -> Value {
    let mut policy = policy(&json!([{ "name": "all", "use": "v2" }]));
    policy["services"][0]["versions"][1]["guard"] = json!({ "consecutive_failures": 2 });
    policy
}

/// They and the counters of decisions are of one kind: a rule's name costs a series.
#[test]
fn rules_that_dry_runs_are_counted_by() {
    let rule = |at: usize| {
        let when = json!({ "header": { "name": "x-rule", "equals": at.to_string() } });
        json!({ "name": format!("r{at}"), "when": when, "use": "v2", "dry_run": true })
    };
    let (mut vm, root) = started(&policy(&(0..1_001).map(rule).collect()));
    for at in 0..1_001 {
        vm.serve(root, &sent(&[("x-rule", &at.to_string())]));
    }
    vm.tick(root);
    let mut counted = vm.counted();
    counted.retain(|name, _| name.ends_with("graylane_dry_run_total"));
    let name = |rule: &str| {
        format!("gray_service=.=checkout;.;{rule}gray_version=.=v2;.;graylane_dry_run_total")
    };
    assert_eq!(counted.len(), 1_001);
    assert_eq!(counted.get(&name("gray_rule=.=r999;.;")), Some(&1));
    assert_eq!(counted.get(&name("gray_rule=.=r1000;.;")), None);
    assert_eq!(counted.get(&name("")), Some(&1));
}

#[test]
fn shares_that_are_told() {
    let rule = |at: usize| {
        let to = json!([{ "version": "v2", "percent": 10 }]);
        json!({ "name": format!("r{at}"), "split": { "by": [{ "header": "x-a" }], "to": to } })
    };
    let (mut vm, root) = started(&policy(&(0..201).map(rule).collect()));
    vm.tick(root);
    let gauge = |rule: usize| {
        let tags = format!("gray_service=.=checkout;.;gray_rule=.=r{rule};.;gray_version=.=v2;.;");
        vm.gauge(&format!("{tags}graylane_share"))
    };
    assert_eq!(
        (gauge(0), gauge(199), gauge(200)),
        (Some(10_000), Some(10_000), None)
    );
}

#[test]
fn bytes_of_a_trace() {
    let (mut vm, root) = started(&guarded());
    for bytes in [64, 65] {
        let traced = sent(&[("x-request-id", &"x".repeat(bytes))]);
        vm.serve_to(root, &traced, &Ended::with(500));
    }
    vm.clock(BEGIN + 250);
    let log = vm.tick(root).log;
    let mut verdicts = log
        .iter()
        .filter_map(|(_, line)| line.strip_prefix("verdict: "));
    let verdict: Value = serde_json::from_str(verdicts.next().unwrap()).unwrap();
    assert_eq!(verdict["trace_ids"], json!(["x".repeat(64)]));
}

/// How the key ends by which a proxy tells others, for a node of this id.
fn announced_by(node: &str) -> String {
    let mut policy = guarded();
    policy["remote"] = json!({ "cluster": "etcd", "etcd": {}, "announce": { "under": "fleet" } });
    let vector = json!({ "name": "", "node": node, "policy": policy, "cases": [] });
    let vector: Vector = serde_json::from_value(vector).unwrap();
    let mut vm = Vm::start();
    vm.clock(BEGIN);
    vm.node(&vector);
    let root = vm.accept(&support::json(&policy));
    vm.serve(root, &Sent::default());
    for tick in 1..40 {
        vm.clock(BEGIN + tick * 250);
        vm.tick(root);
    }
    let sent = vm.dispatched();
    let mut puts = sent
        .iter()
        .filter(|own| own.headers.values(":path").concat() == b"/v3/kv/put");
    let put: Value = serde_json::from_slice(&puts.next().unwrap().body).unwrap();
    let key = Base64::decode_vec(put["key"].as_str().unwrap()).unwrap();
    let key = String::from_utf8(key).unwrap();
    let (proxy, bits) = key.rsplit_once('-').unwrap();
    assert_eq!(bits.len(), 16);
    proxy.strip_prefix("fleet/").unwrap().to_owned()
}

#[test]
fn characters_of_a_node() {
    let node = |chars: usize| "n".repeat(chars);
    assert_eq!(announced_by(&node(120)), node(120));
    assert_eq!(announced_by(&node(121)), node(120));
    assert_eq!(announced_by("router~10.0.0.1~a/b c"), "router~10.0.0.1~abc");
}

#[test]
fn bytes_of_a_policy_whose_changes_are_told() {
    for (bytes, line) in [
        (
            65_536,
            r#"policy changed: ~ services checkout › rules all › use: "v2" → "v1""#,
        ),
        (
            65_537,
            "policy changed: above 65536 bytes `graylane diff` tells what",
        ),
    ] {
        let (mut vm, root) = started(&policy(&json!([{ "name": "all", "use": "v2" }])));
        vm.tick(root);
        let mut other = support::json(&policy(&json!([{ "name": "all", "use": "v1" }])));
        other.resize(bytes, b' ');
        let root = vm.accept(&other);
        let log = vm.tick(root).log;
        assert!(log.iter().any(|(_, own)| own == line), "{bytes}: {log:?}");
    }
}
