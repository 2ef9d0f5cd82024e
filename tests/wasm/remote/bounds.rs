//! What a centre may answer, and what is believed of what somebody else has written where workers
//! keep it.

use graylane::limits::{MAX_POLICY_BYTES, MAX_REPLY_BYTES, MAX_SWITCHES_BYTES};
use serde_json::json;

use super::{Worker, everybody_to, following, path};
use crate::host::Ended;
use crate::support::Sent;

/// Text with white space behind it, up to so many bytes.
fn padded(text: &str, bytes: usize) -> String {
    format!("{text}{}", " ".repeat(bytes - text.len()))
}

/// A worker that has heard this from the file of this name, and nothing of the other.
fn having_heard(file: &str, document: &str) -> Worker {
    let mut worker = Worker::start(&following(&json!({})));
    for own in worker.pass(250) {
        if path(&own) == file {
            worker.reply(&own, "200", document);
        } else {
            worker.reply(&own, "404", "");
        }
    }
    worker.pass(250);
    worker
}

#[test]
fn bytes_of_a_reply() {
    for (bytes, told) in [
        (
            MAX_REPLY_BYTES,
            "policy refused: policy: has 6291456 bytes, above 4194304",
        ),
        (
            MAX_REPLY_BYTES + 1,
            "http /policy.json: answers with 6291457 bytes, above 6291456; no document is so large",
        ),
    ] {
        let worker = having_heard("/policy.json", &padded("{}", bytes));
        assert!(worker.has_logged(told), "{:?}", worker.log);
    }
}

#[test]
fn bytes_of_a_policy() {
    let policy = everybody_to("v2").to_string();
    for (bytes, version) in [(MAX_POLICY_BYTES, "v2"), (MAX_POLICY_BYTES + 1, "v1")] {
        let mut worker = having_heard("/policy.json", &padded(&policy, bytes));
        assert_eq!(worker.version(), version, "{bytes}");
    }
}

#[test]
fn bytes_of_switches() {
    let mut policy = following(&json!({}));
    policy["services"][0]["rules"][0]["use"] = json!("v2");
    for (bytes, version) in [(MAX_SWITCHES_BYTES, "v1"), (MAX_SWITCHES_BYTES + 1, "v2")] {
        let mut worker = Worker::start(&policy);
        let switches = padded(r#"{"checkout/v2": "closed"}"#, bytes);
        for own in worker.pass(250) {
            match path(&own) {
                "/switches.json" => worker.reply(&own, "200", &switches),
                _ => worker.reply(&own, "404", ""),
            }
        }
        worker.pass(250);
        assert_eq!(worker.version(), version, "{bytes}: {:?}", worker.log);
    }
}

#[test]
fn bytes_of_a_tag() {
    for (bytes, is_sent) in [(256, true), (257, false)] {
        let mut worker = Worker::start(&following(&json!({})));
        let tag = format!("\"{}\"", "x".repeat(bytes - 2));
        for own in worker.pass(250) {
            let policy = everybody_to("v2").to_string();
            let headers = [(":status", "200"), ("etag", &tag)];
            worker.vm.reply(&own, &headers, policy.as_bytes());
        }
        let again = worker.pass(6_000);
        let tags = again[0].headers.values("if-none-match").concat();
        assert_eq!(tags == tag.as_bytes(), is_sent, "{bytes}");
        assert_eq!(tags.is_empty(), !is_sent, "{bytes}");
    }
}

/// Another plugin of the same `vm_id` has the same keys to write to. Whatever it writes, requests go
/// on, and what was heard is heard again.
#[test]
fn what_somebody_else_has_written() {
    let mut policy = following(&json!({}));
    policy["services"][0]["versions"][2]["guard"] = json!({ "consecutive_failures": 3 });
    for garbage in [
        Vec::new(),
        vec![0],
        vec![0xff; 1_000],
        vec![b'x'; 1_000],
        vec![0; 1 << 20],
        b"{\"schema\": \"graylane/v1\"}".to_vec(),
    ] {
        let mut worker = Worker::start(&policy);
        let sent = worker.pass(250);
        let mut guarded = everybody_to("v3");
        guarded["services"][0]["versions"][2]["guard"] = json!({ "consecutive_failures": 3 });
        worker.answer(&sent, &guarded.to_string());
        assert_eq!(worker.version(), "v3");
        let keys: Vec<_> = worker.vm.shared().into_keys().collect();
        assert!(keys.len() >= 6, "{keys:?}");
        for key in &keys {
            assert!(key.starts_with(b"graylane/1/"));
            worker.vm.share(key, &garbage);
        }
        worker.pass(1_000);
        let version = worker.version();
        assert!(["v1", "v3"].contains(&&*version), "{version}");
        // Nothing of it stays: the centre is asked, and a verdict is passed.
        for own in worker.pass(70_000) {
            match path(&own) {
                "/policy.json" => worker.reply(&own, "200", &guarded.to_string()),
                _ => worker.reply(&own, "404", ""),
            }
        }
        worker.pass(1_000);
        assert_eq!(
            worker.version(),
            "v3",
            "{} bytes: {:?}",
            garbage.len(),
            worker.log
        );
        for _ in 0..3 {
            let (vm, root) = (&mut worker.vm, worker.root);
            vm.serve_to(root, &Sent::default(), &Ended::with(500));
        }
        worker.pass(1_000);
        assert_eq!(
            worker.version(),
            "v1",
            "{} bytes: {:?}",
            garbage.len(),
            worker.log
        );
    }
}
