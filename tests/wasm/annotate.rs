//! Where access logs find a decision. What they find is in the vectors.

use serde_json::json;

use crate::host::Vm;
use crate::hostcalls::{HOST, TAG, once};
use crate::support::{self, Sent, delimited};

const WRITE: &str = "set_property graylane";

fn policy(annotate: bool) -> Vec<u8> {
    support::json(&json!({
        "schema": "graylane/v1",
        "annotate": annotate,
        "services": [{
            "name": "checkout",
            "hosts": ["checkout.example.com"],
            "baseline": "v1",
            "versions": [{ "name": "v1" }],
        }],
    }))
}

#[test]
fn only_who_annotates_pays_for_it() {
    let set_tag = crate::hostcalls::SET_TAG;
    for (annotate, calls) in [
        (false, &[HOST, set_tag][..]),
        (true, &[HOST, WRITE, TAG, set_tag]),
    ] {
        let mut vm = Vm::start();
        let root = vm.accept(&policy(annotate));
        let served = vm.serve(root, &Sent::default());
        assert_eq!(served.calls, once(calls), "annotate: {annotate}");
        assert_eq!(served.annotation.is_some(), annotate);
    }
}

#[test]
fn the_host_is_told_once_that_it_is_a_struct() {
    let mut vm = Vm::start();
    vm.accept(&policy(false));
    assert!(vm.declared().is_empty());
    vm.accept(&policy(true));
    // A policy that follows another one.
    vm.accept(&policy(true));
    let schema = b"type.googleapis.com/google.protobuf.Struct";
    let declared = [
        delimited(1, b"graylane"),
        vec![3 << 3, 3],
        delimited(4, schema),
    ];
    assert_eq!(vm.declared(), [declared.concat()]);
}
