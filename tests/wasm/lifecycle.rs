//! What lives how long in a VM: configurations, requests, and the memory that they take.

use serde_json::{Value, json};

use crate::host::{Request, Root, Vm};
use crate::support::{self, Sent};

/// Sends everybody to one version, and reads what a request has.
fn everybody_to(version: &str) -> Vec<u8> {
    let split = json!({
        "by": [{ "header": "x-user-id" }, { "source_ip": true }],
        "to": [{ "version": "v2", "percent": 1 }],
        "missing": "next",
    });
    let header = |name: &str, equals: &str| json!({ "header": { "name": name, "equals": equals } });
    support::json(&json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "hosts": ["checkout.example.com"],
            "baseline": "v1",
            "versions": [{ "name": "v1" }, { "name": "v2" }, { "name": "v3" }],
            "rules": [
                { "name": "nobody", "when": header("x-a", "never"), "split": split },
                { "name": "everybody", "when": { "not": header("x-a", "never") }, "use": version },
            ],
        }],
    }))
}

fn refused() -> Vec<u8> {
    let mut policy: Value = serde_json::from_slice(&everybody_to("v2")).unwrap();
    policy["colour"] = json!("red");
    support::json(&policy)
}

fn request() -> Sent {
    // Twice, so that the module fetches all headers, and so has the most to free.
    Sent::default().with("x-a", "1").with("x-a", "2")
}

/// The version that an open request goes on with.
fn version(vm: &mut Vm, request: Request) -> String {
    let (_, after) = vm.send(request, &self::request());
    let values = after.values("x-gray-version");
    values
        .iter()
        .map(|value| String::from_utf8_lossy(value))
        .collect()
}

fn version_under(vm: &mut Vm, root: Root) -> String {
    let request = vm.open(root);
    let version = version(vm, request);
    vm.close(request);
    version
}

#[test]
fn a_second_configuration_replaces_the_first() {
    let mut vm = Vm::start();
    let first = vm.accept(&everybody_to("v2"));
    assert_eq!(version_under(&mut vm, first), "v2");
    let under_way = vm.open(first);
    let second = vm.accept(&everybody_to("v3"));
    assert_eq!(version_under(&mut vm, second), "v3");
    // Whoever came before keeps to what was in force then, even where it is gone meanwhile.
    vm.retire(first);
    assert_eq!(version(&mut vm, under_way), "v2");
    vm.close(under_way);
    assert_eq!(version_under(&mut vm, second), "v3");
}

#[test]
fn a_refused_configuration_changes_nothing_for_the_one_in_force() {
    let mut vm = Vm::start();
    let first = vm.accept(&everybody_to("v2"));
    let under_way = vm.open(first);
    let (second, accepted, _) = vm.configure(&refused());
    assert!(!accepted);
    assert_eq!(version(&mut vm, under_way), "v2");
    vm.close(under_way);
    assert_eq!(version_under(&mut vm, first), "v2");
    vm.retire(second);
    assert_eq!(version_under(&mut vm, first), "v2");
}

#[test]
fn requests_of_two_configurations_do_not_mix() {
    let mut vm = Vm::start();
    let roots = ["v2", "v3"].map(|version| vm.accept(&everybody_to(version)));
    let open = [0, 1, 0, 1].map(|root| vm.open(roots[root]));
    let versions = open.map(|request| version(&mut vm, request));
    assert_eq!(versions, ["v2", "v3", "v2", "v3"]);
    for request in open {
        vm.close(request);
    }
}

#[test]
fn requests_free_what_they_took() {
    let mut vm = Vm::start();
    let root = vm.accept(&everybody_to("v2"));
    for _ in 0..100 {
        vm.serve(root, &request());
    }
    let before = vm.pages();
    for _ in 0..10_000 {
        vm.serve(root, &request());
    }
    assert_eq!(vm.pages(), before, "pages of 64 KiB");
    // The yardstick itself: as many that do not end do show.
    for _ in 0..10_000 {
        let request = vm.open(root);
        version(&mut vm, request);
    }
    assert!(vm.pages() > before, "10,000 open requests take no memory");
}

#[test]
fn configurations_free_what_they_took() {
    let mut vm = Vm::start();
    let turn = |vm: &mut Vm| {
        let root = vm.accept(&everybody_to("v2"));
        let (second, _, _) = vm.configure(&refused());
        vm.serve(root, &request());
        vm.retire(second);
        vm.retire(root);
    };
    (0..20).for_each(|_| turn(&mut vm));
    let before = vm.pages();
    (0..500).for_each(|_| turn(&mut vm));
    assert_eq!(vm.pages(), before, "pages of 64 KiB");
}
