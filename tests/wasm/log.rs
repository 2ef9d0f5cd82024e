//! What the module writes into the host's log of the policy in force. Refusals, verdicts and config
//! centres are with theirs.

use serde_json::{Value, json};

use crate::host::{INFO, Line, Vm};
use crate::hostcalls::policy;
use crate::support::{self, Sent};

const SECRETS: [&str; 3] = ["open-sesame", "chat-sesame", "/sesame"];

/// A policy of this many rules, the first of which gives a share to v2.
fn with(percent: u32, rules: usize) -> Value {
    let to = json!([{ "version": "v2", "percent": percent }]);
    let split = json!({ "by": [{ "header": "x-user-id" }], "to": to });
    let mut all = vec![json!({ "name": "canary", "split": split })];
    all.extend((1..rules).map(|rule| json!({ "name": format!("r{rule}"), "use": "v1" })));
    policy(&all.into())
}

/// Workers of one proxy that each get this policy, and tick: all that they log beside that it is in
/// force.
fn put(vms: &mut [Vm], policy: &Value) -> Vec<String> {
    let bytes = support::json(policy);
    let mut lines = Vec::new();
    for vm in vms {
        let (root, accepted, log) = vm.configure(&bytes);
        assert!(accepted, "{log:?}");
        assert!(matches!(&log[..], [(INFO, line)] if line.contains("policy in force")));
        for _ in 0..2 {
            lines.extend(vm.tick(root).log);
        }
    }
    assert!(lines.iter().all(|(level, _)| *level == INFO), "{lines:?}");
    let told = lines.into_iter().map(|(_, line): Line| {
        let told = line.strip_prefix("policy changed: ");
        told.expect("nothing else is told").to_owned()
    });
    told.collect()
}

fn workers(count: usize) -> Vec<Vm> {
    let mut vms = vec![Vm::start()];
    vms[0].clock(1_795_320_000_000);
    for _ in 1..count {
        vms.push(Vm::start_beside(&vms[0]));
    }
    vms
}

fn revisions(before: &Value, after: &Value) -> String {
    let [before, after] = [before, after].map(|policy| graylane::revision(&support::json(policy)));
    format!("revision {before:08x} → {after:08x}")
}

#[test]
fn at_its_start_it_says_what_it_is_and_what_is_in_force() {
    let policy = with(10, 3);
    let (_, _, log) = Vm::start().configure(&support::json(&policy));
    let [(INFO, line)] = &log[..] else {
        panic!("{log:?}")
    };
    let revision = graylane::revision(&support::json(&policy));
    let end = format!(": policy in force: revision {revision:08x}, services: 1, rules: 3");
    let before = line.strip_suffix(&end).unwrap_or_else(|| panic!("{line}"));
    let build = before.strip_prefix(concat!("graylane ", env!("CARGO_PKG_VERSION")));
    let build = build.unwrap_or_else(|| panic!("{line}"));
    // What git says, where there is one.
    let is_build = build.starts_with(" (") && build.ends_with(')');
    assert!(build.is_empty() || is_build, "{line}");
}

#[test]
fn each_change_of_the_policy_is_told_once_by_all_workers() {
    let mut vms = workers(3);
    let (ten, twenty) = (with(10, 1), with(20, 1));
    assert_eq!(put(&mut vms, &ten), [""; 0], "the first is no change");
    let share = "services checkout › rules canary › split › to v2 › percent";
    let change = format!("~ {share}: 10 → 20");
    assert_eq!(put(&mut vms, &twenty), [revisions(&ten, &twenty), change]);
    assert_eq!(put(&mut vms, &twenty), [""; 0]);
    let back = format!("~ {share}: 20 → 10");
    assert_eq!(put(&mut vms, &ten), [revisions(&twenty, &ten), back]);
    // A default that is written out.
    let mut same = ten.clone();
    same["enabled"] = json!(true);
    let told = [revisions(&ten, &same), "in how it is written".to_owned()];
    assert_eq!(put(&mut vms, &same), told);
}

#[test]
fn what_was_refused_or_never_ticked_changes_nothing() {
    let mut vms = workers(1);
    let (ten, twenty, thirty) = (with(10, 1), with(20, 1), with(30, 1));
    put(&mut vms, &ten);
    let canary = vms[0].accept(&support::json(&twenty));
    vms[0].retire(canary);
    assert_eq!(put(&mut vms, &thirty)[0], revisions(&ten, &thirty));
}

#[test]
fn of_many_changes_twenty_are_told_and_how_many_there_are_more() {
    for (rules, more) in [
        (21, None),
        (22, Some("and 1 more, which `graylane diff` tells")),
    ] {
        let mut vms = workers(1);
        put(&mut vms, &with(10, 1));
        let lines = put(&mut vms, &with(10, rules));
        assert!(lines[1].contains("rules r1: {"), "{lines:?}");
        assert_eq!(lines.len(), 21 + more.map_or(0, |_| 1));
        assert_eq!(lines.get(21).map(String::as_str), more);
    }
}

#[test]
fn a_large_policy_is_said_to_be_large() {
    let sized = |size: usize| {
        let mut policy = with(10, 1);
        policy["services"][0]["hosts"] = json!(["a"]);
        let hosts = policy["services"][0]["hosts"].as_array_mut().unwrap();
        (0..900).for_each(|host| hosts.push(json!(format!("{host:060}"))));
        let name = "n".repeat(60);
        let rest = size - support::json(&policy).len();
        let extra = json!({ "name": name, "equals": "v".repeat(rest - 119) });
        let rule = json!({ "name": "x", "when": { "header": extra }, "use": "v1" });
        policy["services"][0]["rules"]
            .as_array_mut()
            .unwrap()
            .push(rule);
        let exact = support::json(&policy).len();
        assert!(exact.abs_diff(size) < 20, "{exact}");
        policy
    };
    let large = "above 65536 bytes `graylane diff` tells what";
    for (size, is_large) in [(65_000, false), (66_000, true)] {
        let mut vms = workers(1);
        let small = with(10, 1);
        put(&mut vms, &small);
        let lines = put(&mut vms, &sized(size));
        assert_eq!(lines[1] == large, is_large, "{lines:?}");
        let lines = put(&mut vms, &small);
        assert_eq!(lines[1] == large, is_large, "{lines:?}");
    }
}

#[test]
fn no_secret_is_told_or_kept_for_telling() {
    let mut vms = workers(2);
    let mut secret = with(10, 1);
    secret["remote"] = json!({
        "cluster": "etcd", "etcd": { "user": "gray", "password": SECRETS[0] }, "policy": "a",
    });
    secret["notify"] = json!({ "cluster": "chat", "path": SECRETS[2] });
    let mut other = with(20, 1);
    other["remote"] = json!({ "cluster": "http", "http": { "token": SECRETS[1] }, "policy": "/a" });
    put(&mut vms, &with(10, 1));
    let mut lines = put(&mut vms, &secret);
    assert_eq!(lines[1..], ["+ notify", "+ remote"]);
    lines.extend(put(&mut vms, &other));
    let expected = [
        "- notify",
        "~ remote",
        "~ services checkout › rules canary › split › to v2 › percent: 10 → 20",
    ];
    assert_eq!(lines[4..], expected);
    let shared = vms[0].shared();
    let kept = shared
        .iter()
        .filter(|(key, _)| key.starts_with(b"graylane/1/policy/"));
    let kept: Vec<_> = kept
        .map(|(_, value)| String::from_utf8_lossy(value))
        .collect();
    assert_eq!(kept.len(), 1);
    for secret in SECRETS {
        assert!(
            !lines
                .iter()
                .chain([&kept[0].to_string()])
                .any(|line| line.contains(secret))
        );
    }
}

#[test]
fn what_a_client_sends_is_in_no_line_and_no_annotation() {
    let hostile = format!(
        "v2\u{1b}[2J\u{7}[critical] forged \"}}{}",
        "x".repeat(60_000)
    );
    let names = ["x-user-id", "x-gray-version", "x-gray-cluster", "cookie"];
    let sent = names
        .iter()
        .fold(Sent::default(), |sent, name| sent.with(name, &hostile));
    let other = Sent {
        path: format!("/{hostile}"),
        method: hostile.clone(),
        host: hostile.clone(),
        ..sent.clone()
    };
    for role in ["edge", "mesh"] {
        let mut policy = with(10, 1);
        policy["role"] = role.into();
        policy["annotate"] = true.into();
        let mut vm = Vm::start();
        let root = vm.accept(&support::json(&policy));
        for sent in [&sent, &other] {
            let served = vm.serve(root, sent);
            assert!(served.log.is_empty(), "{role}: {:?}", served.log);
            let told = served.annotation.expect("it annotates");
            assert!(told.len() < 200, "{role}: {} bytes", told.len());
            let forged = told.windows(6).any(|part| part == b"forged");
            assert!(!forged && !told.contains(&0x1b), "{role}: {told:x?}");
        }
    }
}
