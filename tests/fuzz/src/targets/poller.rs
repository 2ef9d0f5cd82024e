//! Following a config centre: whatever it answers, to whichever worker, what is kept is a policy that
//! compiles, what is refused changes nothing, and one worker asks at a time.

use std::rc::Rc;

use arbitrary::{Result, Unstructured};
use graylane::remote::{Event, Kept, Merged, Poller, Purpose, Reply, Sources, Subject, Tick};
use graylane::rules::Remote;
use graylane::{Node, Policy, Rules, revision};
use serde_json::{Value, json};

use crate::support::memory::Memory;
use crate::targets::replies::is_sent;
use crate::{sentence, support};

/// 2026-11-21, in the afternoon, in milliseconds since the Unix epoch.
const BEGIN: u64 = 1_795_269_600_000;

/// Steps of one life, so that a run is short.
const STEPS: usize = 40;

const STATUS: [u16; 10] = [200, 200, 200, 200, 304, 400, 401, 403, 404, 500];

pub(crate) fn run(data: &[u8]) {
    let _ = all(&mut Unstructured::new(data));
}

/// A policy that sends so much to `v2`.
fn policy(percent: u8) -> Value {
    let to = json!([{ "version": "v2", "percent": percent }]);
    let split = json!({ "by": [{ "header": "x-user-id" }], "to": to });
    json!({ "schema": "graylane/v1", "services": [{
        "name": "s",
        "baseline": "v1",
        "versions": [{ "name": "v1" }, { "name": "v2" }],
        "rules": [{ "name": "r", "split": split }],
    }] })
}

/// A centre that holds its answers, one that does not, and one that has a login and lists keys.
fn remote(which: u8) -> Value {
    match which {
        0 => json!({
            "cluster": "c", "http": {}, "policy": "/policy", "switches": "/switches",
        }),
        1 => json!({
            "cluster": "c", "consul": { "token": "t0p-s3cr3t" }, "policy": "gray/policy",
            "switches": "gray/switches", "announce": { "under": "gray/proxies" },
            "on_delete": "baseline",
        }),
        _ => json!({
            "cluster": "c", "etcd": { "user": "gray", "password": "p" }, "policy": "gray/policy",
            "announce": { "under": "gray/proxies" },
        }),
    }
}

fn all(bytes: &mut Unstructured<'_>) -> Result<()> {
    let mut own = policy(10);
    own["remote"] = remote(bytes.int_in_range(0..=2)?);
    let own = support::json(&own);
    let mut rules = support::load(&own).expect("it is right");
    let remote = rules.take_remote().expect("it names one");
    let mut proxy = Proxy::new(&own, Rc::new(*remote));
    for _ in 0..STEPS {
        if bytes.is_empty() {
            break;
        }
        proxy.step(bytes)?;
    }
    Ok(())
}

struct Proxy<'o> {
    own: &'o [u8],
    remote: Rc<Remote>,
    shared: Memory,
    workers: [Poller; 2],
    /// What is under way: whose, and under which number.
    under_way: Vec<(usize, u32)>,
    tickets: u32,
    now: u64,
}

impl<'o> Proxy<'o> {
    fn new(own: &'o [u8], remote: Rc<Remote>) -> Self {
        let worker = |id| Poller::new(remote.clone(), b"plugin", id);
        Self {
            own,
            workers: [worker(11), worker(12)],
            remote,
            shared: Memory::default(),
            under_way: Vec::new(),
            tickets: 0,
            now: BEGIN,
        }
    }

    fn step(&mut self, bytes: &mut Unstructured<'_>) -> Result<()> {
        match bytes.int_in_range(0..=9u8)? {
            0..=2 => self.tick(bytes)?,
            3..=7 => self.reply(bytes)?,
            8 => self.now = self.now.saturating_add(bytes.arbitrary::<u16>()?.into()),
            // A clock that is set, forwards or back; not to where it cannot go on.
            _ => self.now = bytes.arbitrary::<u64>()? / 2,
        }
        Ok(())
    }

    fn at<'t>(now: u64, draw: u32) -> Tick<'t> {
        Tick {
            now,
            draw,
            proxy: "proxy-1",
            verdict: Some(draw % 3),
        }
    }

    fn tick(&mut self, bytes: &mut Unstructured<'_>) -> Result<()> {
        let (now, draw) = (self.now, bytes.arbitrary()?);
        for (which, worker) in self.workers.iter_mut().enumerate() {
            while let Some(lost) = worker.lost(now) {
                let told = Err("gave no answer in time".to_owned());
                let tick = Self::at(now, draw);
                worker.heard(&self.shared, (lost, now), told, tick, |_, _, _| Ok(()));
            }
            let told = || Some(format!(r#"{{"at":{now},"versions":[]}}"#));
            for (purpose, call) in worker.due(&self.shared, Self::at(now, draw), told) {
                is_sent(&call);
                self.tickets += 1;
                worker.sent(self.tickets, purpose, call.hold, now);
                self.under_way.push((which, self.tickets));
            }
        }
        let asking = self.workers.iter().filter(|worker| worker.asks()).count();
        assert!(asking <= 1, "two workers ask");
        Ok(())
    }

    fn reply(&mut self, bytes: &mut Unstructured<'_>) -> Result<()> {
        if self.under_way.is_empty() {
            return Ok(());
        }
        let at = bytes.choose_index(self.under_way.len())?;
        let (which, ticket) = self.under_way.remove(at);
        let Some(asked) = self.workers[which].take(ticket) else {
            return Ok(());
        };
        let reply = answer(bytes, &self.remote, asked.0)?;
        let before = Subject::ALL.map(|subject| self.document(subject));
        let own = self.own;
        let shared = &self.shared;
        let check =
            |kept: &Kept, subject, document: &[u8]| check(own, kept, shared, subject, document);
        let tick = Self::at(self.now, 0);
        let events = self.workers[which].heard(shared, asked, Ok(reply), tick, check);
        let after = Subject::ALL.map(|subject| self.document(subject));
        let news = before != after || !events.is_empty();
        for event in events {
            let (subject, told) = match event {
                Event::Failed(subject, told) | Event::Refused(subject, told) => (subject, told),
                Event::Gone(subject) => (subject, "gone".to_owned()),
            };
            sentence::is_one_line(&told);
            let at = Subject::ALL
                .iter()
                .position(|own| *own == subject)
                .expect("one of them");
            assert_eq!(before[at], after[at], "{told}: what was heard last stays");
        }
        if news {
            self.is_in_force();
        }
        Ok(())
    }

    fn document(&self, subject: Subject) -> Vec<u8> {
        self.workers[0].kept().document(&self.shared, subject)
    }

    /// What is kept goes into force, on any worker.
    fn is_in_force(&self) {
        let kept = self.workers[1].kept();
        let [policy, switches, _] =
            Subject::ALL.map(|subject| kept.document(&self.shared, subject));
        let state = kept.state(&self.shared, Subject::Policy);
        let sources = Sources {
            policy: &policy,
            policy_gone: state.gone,
            switches: &switches,
        };
        let merged = Merged::new(self.own, &self.remote, sources, &Node::default());
        let merged = merged.expect("what is kept was checked");
        let document = if policy.is_empty() { self.own } else { &policy };
        assert_eq!(merged.revision, revision(document));
        assert_eq!(merged.centres, !policy.is_empty());
        merged
            .left_out
            .iter()
            .for_each(|told| sentence::is_one_line(told));
    }
}

/// As the module checks a document.
fn check(
    own: &[u8],
    kept: &Kept,
    shared: &Memory,
    subject: Subject,
    document: &[u8],
) -> std::result::Result<(), String> {
    let node = Node::default();
    let checked = match subject {
        Subject::Policy => Policy::parse_remote(document)
            .and_then(|policy| Rules::compile(policy, &node).map(|_| ())),
        Subject::Switches => {
            let policy = kept.document(shared, Subject::Policy);
            Merged::check_switches(own, &policy, document, &node)
        }
        Subject::Fleet => Ok(()),
    };
    checked.map_err(|error| error.to_string())
}

/// A reply: mostly one that the centre could give.
fn answer(bytes: &mut Unstructured<'_>, remote: &Remote, purpose: Purpose) -> Result<Reply> {
    let status = *bytes.choose(&STATUS)?;
    let index = bytes.int_in_range(1..=9u8)?;
    let mut headers = vec![("x-consul-index".to_owned(), index.to_string().into_bytes())];
    if bytes.arbitrary()? {
        headers.push(("etag".to_owned(), format!("\"{index}\"").into_bytes()));
    }
    let document = match bytes.int_in_range(0..=7u8)? {
        0..=2 => support::json(&policy(bytes.int_in_range(0..=101)?)),
        3 => support::wire(&policy(20)),
        4 => br#"{"s/v2":"closed"}"#.to_vec(),
        5 => br#"{"s/v2":101}"#.to_vec(),
        6 => Vec::new(),
        _ => raw(bytes)?,
    };
    if bytes.ratio(1, 6)? {
        return Ok(Reply {
            status,
            headers,
            body: raw(bytes)?,
        });
    }
    let text = base64(&document);
    let key = base64(b"gray/proxies/proxy-2");
    let body = match (purpose, remote.centre.kind()) {
        (Purpose::LogIn, _) => br#"{"token":"t.1"}"#.to_vec(),
        (_, "http") => document,
        (Purpose::Hear(_), "etcd") => format!(
            r#"{{"header":{{"revision":"{index}"}},"kvs":[{{"key":"Z3JheS9wb2xpY3k=","mod_revision":"{index}","value":"{text}"}}],"count":"1"}}"#
        )
        .into_bytes(),
        (Purpose::List, "etcd") => {
            let told = base64(format!(r#"{{"at":{BEGIN},"versions":[]}}"#).as_bytes());
            format!(
                r#"{{"header":{{"revision":"{index}"}},"kvs":[{{"key":"{key}","mod_revision":"{index}","value":"{told}"}}]}}"#
            )
            .into_bytes()
        }
        (_, "etcd") => format!(r#"{{"header":{{"revision":"{index}"}}}}"#).into_bytes(),
        (Purpose::Announce | Purpose::Forget, _) => b"true".to_vec(),
        _ => format!(
            r#"[{{"LockIndex":0,"Key":"gray/policy","Flags":0,"Value":"{text}","CreateIndex":1,"ModifyIndex":{index}}}]"#
        )
        .into_bytes(),
    };
    Ok(Reply {
        status,
        headers,
        body,
    })
}

fn raw(bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let length = bytes.int_in_range(0..=60usize)?.min(bytes.len());
    Ok(bytes.bytes(length)?.to_vec())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let part = |at: usize| u32::from(three.get(at).copied().unwrap_or_default());
        let bits = part(0) << 16 | part(1) << 8 | part(2);
        for digit in 0..4 {
            if digit <= three.len() {
                let at = bits >> (18 - 6 * digit) & 63;
                text.push(char::from(DIGITS[at as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}
