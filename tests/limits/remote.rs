//! A config centre, who is told of verdicts, and what a centre answers.

use graylane::limits::{
    MAX_HOST_BYTES, MAX_PATH_BYTES, MAX_POLICY_BYTES, MAX_SWITCHES_BYTES, REMOTE_EVERY,
};
use graylane::policy::Switches;
use graylane::remote::{Centre, Http, Line, Reply};
use graylane::{Policy, revision};
use serde_json::{Value, json};

use crate::support::{accept, refusal};
use crate::{bound, policy, service};

fn remote(fields: &Value) -> Value {
    let mut policy = policy(vec![service("checkout", vec![])]);
    policy["remote"] = json!({ "cluster": "files", "http": {}, "policy": "/policy.json" });
    let fields = fields.as_object().unwrap().clone();
    policy["remote"].as_object_mut().unwrap().extend(fields);
    policy
}

#[test]
fn how_often_a_centre_is_asked() {
    let every = |milliseconds: u64| remote(&json!({ "every": format!("{milliseconds}ms") }));
    let (least, most) = REMOTE_EVERY.into_inner();
    accept(&every(least));
    accept(&every(most));
    for outside in [least - 1, most + 1] {
        let sentence =
            format!("remote.every: \"{outside}ms\" is too often or too rare; use 1s to 1h");
        assert_eq!(refusal(&every(outside)), sentence);
    }
}

#[test]
fn bytes_of_a_server() {
    let quoted = format!("\"{}\"…", "x".repeat(80));
    bound(
        MAX_HOST_BYTES,
        |bytes| remote(&json!({ "host": "x".repeat(bytes) })),
        &format!(
            "remote.host: {quoted} is not a host; write it as etcd.example.com or \
             etcd.example.com:2379"
        ),
    );
}

#[test]
fn bytes_of_a_path_that_verdicts_are_posted_to() {
    let notify = |bytes: usize| {
        let mut policy = policy(vec![service("checkout", vec![])]);
        policy["notify"] =
            json!({ "cluster": "chat", "path": format!("/{}", "x".repeat(bytes - 1)) });
        policy
    };
    bound(
        MAX_PATH_BYTES,
        notify,
        "notify.path: is not a path; use up to 2048 visible ASCII characters that begin with /",
    );
}

#[test]
fn bytes_of_a_name_or_value_of_a_centre() {
    let path = |bytes: usize| remote(&json!({ "policy": format!("/{}", "x".repeat(bytes - 1)) }));
    bound(
        512,
        path,
        "remote.policy: has 513 bytes, above 512; shorten it",
    );
    let datacenter = |bytes: usize| {
        let mut policy = remote(&json!({
            "policy": "graylane",
            "consul": { "datacenter": "x".repeat(bytes) },
        }));
        policy["remote"].as_object_mut().unwrap().remove("http");
        policy
    };
    let sentence = "remote.consul.datacenter: has 513 bytes, above 512; shorten it";
    bound(512, datacenter, sentence);
}

#[test]
fn bytes_of_switches() {
    let switches = |bytes: usize| format!("{{}}{}", " ".repeat(bytes - 2));
    assert!(Switches::parse(switches(MAX_SWITCHES_BYTES).as_bytes()).is_ok());
    let error = Switches::parse(switches(MAX_SWITCHES_BYTES + 1).as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "switches: have 65537 bytes, above 65536; take out those that nothing needs"
    );
}

#[test]
fn bytes_of_a_policy_that_a_centre_has() {
    let mut text = policy(vec![service("checkout", vec![])]).to_string();
    text += &" ".repeat(MAX_POLICY_BYTES - text.len());
    assert!(Policy::parse_remote(text.as_bytes()).is_ok());
    text += " ";
    assert_eq!(
        Policy::parse_remote(text.as_bytes())
            .unwrap_err()
            .to_string(),
        "policy: has 4194305 bytes, above 4194304; split it among several filters"
    );
}

/// What a web server says of a file, with this tag: the cursor from then on.
fn cursor(tag: &str) -> String {
    let mut line = Line::new("/policy.json", "");
    let centre = Centre::Http(Http::new(None).unwrap());
    line.ask(&centre, None, 0);
    line.hear(
        &centre,
        &Reply {
            status: 200,
            headers: vec![("etag".to_owned(), tag.into())],
            body: b"{}".to_vec(),
        },
    );
    line.cursor().to_owned()
}

#[test]
fn bytes_of_a_tag_of_a_file() {
    let own = format!("{:08x}", revision(b"{}"));
    let tag = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert_eq!(cursor(&tag(256)), format!("{own} {}", tag(256)));
    assert_eq!(cursor(&tag(257)), own);
}

#[test]
fn bytes_of_a_cursor() {
    let cursor = |bytes: usize| format!("{:08x} {}", 7, "x".repeat(bytes - 9));
    assert_eq!(Line::new("/a", &cursor(512)).cursor(), cursor(512));
    assert_eq!(Line::new("/a", &cursor(513)).cursor(), "");
}
