//! A configuration that follows a config centre: what it asks, and what holds by the answers.

mod bounds;
mod told;

use serde_json::{Value, json};

use crate::host::{DEAD, Dispatched, ERROR, Root, UNKNOWN, Vm};
use crate::support::{self, Sent};

/// 2026-11-22, in the morning, in milliseconds.
const BEGIN: u64 = 1_795_320_000_000;

const SECRET: &str = "open-sesame";

/// A policy that sends everybody to this version.
fn everybody_to(version: &str) -> Value {
    json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [{ "name": "v1" }, { "name": "v2" }, { "name": "v3" }],
            "rules": [{ "name": "everybody", "use": version }],
        }],
    })
}

fn following(remote: &Value) -> Value {
    let mut policy = everybody_to("v1");
    policy["remote"] = json!({
        "cluster": "files",
        "host": "files.example.com",
        "http": { "token": SECRET },
        "policy": "/policy.json",
        "switches": "/switches.json",
    });
    let remote = remote.as_object().unwrap().clone();
    policy["remote"].as_object_mut().unwrap().extend(remote);
    policy
}

/// A worker that follows, and a clock.
struct Worker {
    vm: Vm,
    root: Root,
    now: u64,
    log: Vec<(u32, String)>,
}

impl Worker {
    fn start(policy: &Value) -> Self {
        Self::of(Vm::start(), policy)
    }

    fn of(mut vm: Vm, policy: &Value) -> Self {
        vm.clock(BEGIN);
        let root = vm.accept(&support::json(policy));
        Self {
            vm,
            root,
            now: BEGIN,
            log: Vec::new(),
        }
    }

    /// So many milliseconds later; the requests that it sends meanwhile, in the order of their paths.
    fn pass(&mut self, milliseconds: u64) -> Vec<Dispatched> {
        for _ in 0..milliseconds / 250 {
            self.now += 250;
            self.vm.clock(self.now);
            let ticked = self.vm.tick(self.root);
            self.log.extend(ticked.log);
        }
        let mut sent = self.vm.dispatched();
        sent.sort_by(|one, other| path(one).cmp(path(other)));
        sent
    }

    /// Answers all requests with what is there: the policy, and no switches.
    fn answer(&mut self, sent: &[Dispatched], policy: &str) {
        for own in sent {
            match path(own) {
                "/policy.json" => self.reply(own, "200", policy),
                _ => self.reply(own, "404", "nothing"),
            }
        }
        self.pass(250);
    }

    fn reply(&mut self, to: &Dispatched, status: &str, body: &str) {
        let headers = [(":status", status), ("etag", "\"1\"")];
        self.vm.reply(to, &headers, body.as_bytes());
        self.log.extend(self.vm.logged());
    }

    fn version(&mut self) -> String {
        let served = self.vm.serve(self.root, &Sent::default());
        let version = served.after.values("x-gray-version").concat();
        String::from_utf8(version).unwrap()
    }

    fn errors(&self) -> Vec<&str> {
        let lines = self.log.iter().filter(|(level, _)| *level == ERROR);
        lines.map(|(_, line)| &**line).collect()
    }

    fn has_logged(&self, text: &str) -> bool {
        self.log.iter().any(|(_, line)| line.contains(text))
    }
}

fn path(sent: &Dispatched) -> &str {
    str::from_utf8(sent.headers.values(":path")[0]).unwrap()
}

#[test]
fn it_asks_and_does_what_it_hears() {
    let mut worker = Worker::start(&following(&json!({})));
    assert_eq!(worker.version(), "v1");
    let sent = worker.pass(250);
    assert_eq!(
        sent.iter().map(path).collect::<Vec<_>>(),
        ["/policy.json", "/switches.json"]
    );
    for own in &sent {
        assert!(own.is_by(worker.root));
        assert_eq!(own.cluster, "files");
        let header = |name| own.headers.values(name).concat();
        assert_eq!(header(":method"), b"GET");
        assert_eq!(header(":authority"), b"files.example.com");
        assert_eq!(
            header("authorization"),
            format!("Bearer {SECRET}").into_bytes()
        );
        assert_eq!((own.body.len(), own.timeout), (0, 5_000));
    }
    worker.answer(&sent, &everybody_to("v2").to_string());
    assert_eq!(worker.version(), "v2");
    let revision = graylane::revision(everybody_to("v2").to_string().as_bytes());
    let gauge = worker.vm.gauge("graylane_policy_revision");
    assert_eq!(gauge, Some(revision.into()));
    assert!(worker.has_logged(&format!("revision {revision:08x}, from http /policy.json")));

    let change = r#"policy changed: ~ services checkout › rules everybody › use: "v1" → "v2""#;
    assert!(worker.has_logged(change), "{:?}", worker.log);
    // Which is the configuration's, and goes on to hold.
    assert!(!worker.has_logged("- remote"));

    let again = worker.pass(6_000);
    let tags = again
        .iter()
        .map(|own| own.headers.values("if-none-match").concat());
    assert_eq!(tags.collect::<Vec<_>>(), [&b"\"1\""[..], b""]);
    worker.reply(&again[0], "304", "");
    worker.reply(
        &again[1],
        "200",
        r#"{"checkout/v2": "closed", "checkout/v9": 5}"#,
    );
    worker.pass(250);
    assert_eq!(worker.version(), "v1");
    assert!(worker.has_logged("switches.checkout/v9: is no version of the service"));
    let switched = "gray_service=.=checkout;.;gray_version=.=v2;.;graylane_switched";
    assert_eq!(worker.vm.gauge(switched), Some(1));
    assert!(worker.has_logged("policy changed: + switches: {\"checkout/v2\":\"closed\""));

    let again = worker.pass(6_000);
    worker.reply(&again[1], "404", "");
    worker.pass(250);
    assert_eq!(worker.version(), "v2");
    assert_eq!(worker.vm.gauge(switched), Some(0));
    assert_eq!(worker.errors(), [""; 0]);
}

#[test]
fn what_is_wrong_is_told_and_the_last_good_one_stays() {
    let mut worker = Worker::start(&following(&json!({})));
    let sent = worker.pass(250);
    worker.answer(&sent, &everybody_to("v2").to_string());
    let bad = [
        (
            everybody_to("v9").to_string(),
            r#"services[0].rules[0].use: "v9" is not one of the service's versions (v1, v2, v3)"#,
        ),
        (
            following(&json!({})).to_string(),
            "remote: stands in a policy that a config centre has",
        ),
        ("{".to_owned(), "policy: is not JSON"),
        (" ".repeat(5 * 1024 * 1024), "policy: is empty"),
    ];
    for (document, sentence) in bad {
        let sent = worker.pass(6_000);
        worker.log.clear();
        worker.answer(&sent, &document);
        assert!(
            worker.errors()[0].contains(sentence),
            "{:?}",
            worker.errors()
        );
        assert_eq!(worker.version(), "v2");
    }
    let sent = worker.pass(6_000);
    worker.log.clear();
    worker.answer(&sent, &" ".repeat(7 * 1024 * 1024));
    assert!(
        worker.has_logged("answers with 7340032 bytes, above 6291456"),
        "{:?}",
        worker.log
    );
    let counted = worker.vm.counted();
    let of = |name: &str| counted.get(&format!("gray_document=.=policy;.;graylane_remote_{name}"));
    assert_eq!(of("refused_total"), Some(&4));
    assert_eq!(of("failures_total"), Some(&1));
    assert_eq!(worker.version(), "v2");
}

#[test]
fn no_answer_stops_nothing() {
    for cluster in ["files", UNKNOWN, DEAD] {
        let mut worker = Worker::start(&following(&json!({ "cluster": cluster })));
        for _ in 0..20 {
            for own in worker.pass(5_000) {
                // The connection broke.
                worker.vm.reply(&own, &[], b"");
                worker.log.extend(worker.vm.logged());
            }
            assert_eq!(worker.version(), "v1");
        }
        let sentence = match cluster {
            UNKNOWN => "the proxy has no cluster \"unknown\"",
            DEAD => "cluster \"dead\" has no healthy endpoint",
            _ => "the connection broke off",
        };
        assert!(worker.has_logged(sentence), "{:?}", worker.log);
        assert!(!worker.has_logged(SECRET));
        let age = "gray_document=.=policy;.;graylane_remote_age_seconds";
        assert_eq!(worker.vm.gauge(age), Some(100));
    }
}

#[test]
fn a_configuration_that_comes_after_goes_on_from_what_was_heard() {
    let mut worker = Worker::start(&following(&json!({})));
    let sent = worker.pass(250);
    worker.answer(&sent, &everybody_to("v2").to_string());
    let asking = worker.pass(6_000);
    assert_eq!(asking.len(), 2);

    // The same centre, while its requests are under way.
    let mut policy = following(&json!({}));
    policy["stamp"] = json!("canary");
    let next = worker.vm.accept(&support::json(&policy));
    worker.vm.retire(worker.root);
    worker.root = next;
    assert_eq!(worker.version(), "v2", "from the first request on");
    let sent = worker.pass(250);
    // What was asked before is asked again, from where it was.
    let tags = sent
        .iter()
        .map(|own| own.headers.values("if-none-match").concat());
    assert_eq!(tags.collect::<Vec<_>>(), [&b"\"1\""[..], b""]);
    worker.answer(&sent, &everybody_to("v3").to_string());
    assert_eq!(worker.version(), "v3");
}

#[test]
fn another_worker_knows_without_asking_and_asks_when_the_first_is_gone() {
    let mut first = Worker::start(&following(&json!({})));
    let sent = first.pass(250);
    first.answer(&sent, &everybody_to("v2").to_string());
    let mut second = Worker::of(Vm::start_beside(&first.vm), &following(&json!({})));
    second.now = first.now;
    assert_eq!(second.version(), "v2");
    assert_eq!(second.pass(250).len(), 0);
    // Its VM has trapped; nothing of it is left but what it shared.
    drop(first);
    let sent = second.pass(10_000);
    assert_eq!(sent.len(), 2);
    second.answer(&sent, &everybody_to("v3").to_string());
    assert_eq!(second.version(), "v3");
}

#[test]
fn a_policy_that_is_gone_stays_or_gives_way() {
    for (on_delete, version) in [("keep", "v2"), ("baseline", "v1")] {
        let mut worker = Worker::start(&following(&json!({ "on_delete": on_delete })));
        let sent = worker.pass(250);
        worker.answer(&sent, &everybody_to("v2").to_string());
        assert_eq!(worker.version(), "v2");
        for own in worker.pass(6_000) {
            worker.reply(&own, "404", "");
        }
        worker.pass(250);
        assert_eq!(worker.version(), version, "{on_delete}");
    }
}

#[test]
fn following_frees_what_it_took() {
    let mut worker = Worker::start(&following(&json!({})));
    let turn = |worker: &mut Worker, times| {
        for at in 0..times {
            let sent = worker.pass(6_000);
            worker.answer(&sent, &everybody_to(["v2", "v3"][at % 2]).to_string());
            worker.log.clear();
        }
    };
    turn(&mut worker, 20);
    let before = worker.vm.pages();
    turn(&mut worker, 300);
    assert_eq!(worker.vm.pages(), before, "pages of 64 KiB");
}
