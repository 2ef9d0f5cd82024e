//! A proxy of several workers that follows a config centre: in simulated time, with a server that
//! speaks plain HTTP.

mod support;

use std::rc::Rc;

use graylane::policy::Policy;
use graylane::remote::{Call, Event, Poller, Purpose, Reply, Subject, Tick};
use graylane::rules::{Remote, Rules};
use graylane::{Node, Shared};
use serde_json::json;
use support::memory::Memory;

/// As the module's ticks.
const TICK: u64 = 250;

/// 2026-11-22, in the morning.
const BEGIN: u64 = 1_795_320_000_000;

fn remote() -> Remote {
    let policy = json!({
        "schema": "graylane/v1",
        "remote": { "cluster": "files", "http": {}, "policy": "/policy", "every": "5s" },
        "services": [{ "name": "checkout", "baseline": "v1", "versions": [{ "name": "v1" }] }],
    });
    let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
    let mut rules = Rules::compile(policy, &Node::default()).unwrap();
    *rules.take_remote().unwrap()
}

/// A web server with one file.
#[derive(Default)]
struct Server {
    /// The file and its tag, if there is one.
    file: Option<(String, u32)>,
    tags: u32,
    /// How it fails, while it does.
    trouble: Option<&'static str>,
    /// When it was asked, and what it said.
    said: Vec<(u64, u16)>,
}

impl Server {
    fn put(&mut self, file: &str) {
        self.tags += 1;
        self.file = Some((file.to_owned(), self.tags));
    }

    fn answer(&mut self, call: &Call, now: u64) -> Result<Reply, String> {
        assert_eq!((call.method, &*call.path), ("GET", "/policy"));
        let given = call
            .headers
            .iter()
            .find(|(name, _)| *name == "if-none-match");
        let (status, body, tag) = match &self.file {
            _ if self.trouble == Some("500") => (500, "out of order", String::new()),
            Some((file, tag)) => {
                let tag = format!("\"{tag}\"");
                let same = given.is_some_and(|(_, given)| *given == tag);
                (
                    if same { 304 } else { 200 },
                    if same { "" } else { &**file },
                    tag,
                )
            }
            None => (404, "no such file", String::new()),
        };
        let status = if self.trouble == Some("cut") {
            0
        } else {
            status
        };
        self.said.push((now, status));
        match status {
            0 => Err("gave no answer: the connection broke off".to_owned()),
            _ => Ok(Reply {
                status,
                headers: vec![("etag".to_owned(), tag.into_bytes())],
                body: body.into(),
            }),
        }
    }

    fn said(&self, status: u16) -> usize {
        self.said.iter().filter(|(_, own)| *own == status).count()
    }

    /// How long it was between two requests, in milliseconds.
    fn pauses(&self) -> Vec<u64> {
        let both = self.said.iter().zip(self.said.iter().skip(1));
        both.map(|((one, _), (other, _))| other - one).collect()
    }
}

/// A proxy, and the centre that it follows.
struct Site {
    shared: Memory,
    server: Server,
    pollers: Vec<Poller>,
    now: u64,
    workers: u64,
    events: Vec<Event>,
    /// Replies are lost: the host never tells of any.
    deaf: bool,
}

impl Site {
    fn new(workers: u64) -> Self {
        let mut site = Self {
            shared: Memory::default(),
            server: Server::default(),
            pollers: Vec::new(),
            now: BEGIN,
            workers: 0,
            events: Vec::new(),
            deaf: false,
        };
        (0..workers).for_each(|_| site.start());
        site
    }

    fn start(&mut self) {
        self.workers += 1;
        let id = 1_000 + self.workers;
        self.pollers
            .push(Poller::new(Rc::new(remote()), b"graylane", id));
    }

    fn run(&mut self, milliseconds: u64) {
        let until = self.now + milliseconds;
        while self.now < until {
            self.now += TICK;
            for at in 0..self.pollers.len() {
                self.tick(at);
            }
            let asking = self.pollers.iter().filter(|poller| poller.asks()).count();
            assert!(asking <= 1, "{asking} ask");
        }
    }

    fn tick(&mut self, at: usize) {
        let tick = Tick {
            now: self.now,
            // Neither early nor late.
            draw: u32::MAX / 2,
            proxy: "edge",
            verdict: None,
        };
        let poller = &mut self.pollers[at];
        while let Some(lost) = poller.lost(self.now) {
            let reply = Err("gave no answer in time".to_owned());
            let events = poller.heard(
                &self.shared,
                (lost, self.now),
                reply,
                tick,
                |_, _, _| Ok(()),
            );
            self.events.extend(events);
        }
        for (purpose, call) in poller.due(&self.shared, tick, || None) {
            assert_eq!(purpose, Purpose::Hear(Subject::Policy));
            poller.sent(7, purpose, call.hold, self.now);
            let reply = self.server.answer(&call, self.now);
            if self.deaf {
                continue;
            }
            let asked = poller.take(7).unwrap();
            let events = poller.heard(&self.shared, asked, reply, tick, |_, _, document| {
                if document.starts_with(b"bad") {
                    Err("is bad".to_owned())
                } else {
                    Ok(())
                }
            });
            self.events.extend(events);
        }
    }

    /// What all workers hold for the policy, and how often it has changed.
    fn policy(&self) -> (String, u64) {
        let kept = self.pollers[0].kept();
        let document = kept.document(&self.shared, Subject::Policy);
        let state = kept.state(&self.shared, Subject::Policy);
        (String::from_utf8(document).unwrap(), state.change)
    }

    fn asking(&self) -> usize {
        self.pollers.iter().position(Poller::asks).unwrap()
    }
}

#[test]
fn one_of_many_workers_asks_and_all_know() {
    let mut site = Site::new(17);
    site.server.put("one");
    site.run(60_000);
    assert_eq!(site.policy(), ("one".to_owned(), 1));
    assert_eq!((site.server.said(200), site.server.said(304)), (1, 11));
    site.server.put("two");
    site.run(5_250);
    assert_eq!(site.policy(), ("two".to_owned(), 2));
    assert_eq!(site.events, []);
}

#[test]
fn another_goes_on_where_one_was_lost() {
    let mut site = Site::new(3);
    site.server.put("one");
    for _ in 0..10 {
        site.run(20_000);
        // Its VM is gone, and has said nothing.
        let lost = site.asking();
        site.pollers.remove(lost);
        site.start();
    }
    site.run(20_000);
    // Nothing is fetched anew, and nothing is asked more often than it is due.
    assert_eq!(site.server.said(200), 1);
    let pauses = site.server.pauses();
    assert!(
        pauses.iter().all(|pause| (5_000..=9_000).contains(pause)),
        "{pauses:?}"
    );
}

#[test]
fn who_goes_in_order_is_followed_at_once() {
    let mut site = Site::new(3);
    site.server.put("one");
    for _ in 0..10 {
        site.run(20_000);
        let at = site.asking();
        let mut poller = site.pollers.remove(at);
        poller.release(&site.shared);
        site.start();
    }
    assert_eq!(site.server.said(200), 1);
    let pauses = site.server.pauses();
    assert!(
        pauses.iter().all(|pause| (5_000..=5_500).contains(pause)),
        "{pauses:?}"
    );
}

#[test]
fn what_is_no_good_is_refused_once_and_the_last_good_one_stays() {
    let mut site = Site::new(3);
    site.server.put("one");
    site.run(10_000);
    site.server.put("bad");
    site.run(60_000);
    assert_eq!(site.policy(), ("one".to_owned(), 1));
    let refused = Event::Refused(Subject::Policy, "is bad".to_owned());
    assert_eq!(site.events, [refused]);
    // The same as before, after what was no good.
    site.server.put("one");
    site.run(10_000);
    assert_eq!(site.policy(), ("one".to_owned(), 1));
    site.server.put("two");
    site.run(10_000);
    assert_eq!(site.policy(), ("two".to_owned(), 2));
}

#[test]
fn what_is_deleted_is_kept_and_told() {
    let mut site = Site::new(3);
    site.run(20_000);
    assert_eq!(site.policy(), (String::new(), 1), "there was none");
    site.server.put("one");
    site.run(10_000);
    site.server.file = None;
    site.run(60_000);
    assert_eq!(site.policy(), ("one".to_owned(), 3));
    let gone = || Event::Gone(Subject::Policy);
    assert_eq!(site.events, [gone(), gone()]);
    let state = site.pollers[0].kept().state(&site.shared, Subject::Policy);
    assert!(state.gone);
    site.server.put("one");
    site.run(10_000);
    assert_eq!(site.policy(), ("one".to_owned(), 4));
}

#[test]
fn a_centre_that_fails_is_asked_less_and_less_and_by_turns() {
    for trouble in ["500", "cut"] {
        let mut site = Site::new(4);
        site.server.put("one");
        site.run(20_000);
        site.server.trouble = Some(trouble);
        site.server.said.clear();
        site.run(600_000);
        let pauses = site.server.pauses();
        let doubling = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000];
        for (own, expected) in pauses.iter().zip(doubling) {
            assert!(
                (expected..=expected + 1_000).contains(own),
                "{trouble}: {pauses:?}"
            );
        }
        assert!(pauses.iter().all(|pause| *pause <= 61_000), "{pauses:?}");
        assert_eq!(site.policy(), ("one".to_owned(), 1));
        let state = site.pollers[0].kept().state(&site.shared, Subject::Policy);
        assert!(site.now - state.contact > 595_000, "its age is told");

        site.server.put("two");
        site.server.trouble = None;
        site.run(62_000);
        assert_eq!(site.policy(), ("two".to_owned(), 2));
        let state = site.pollers[0].kept().state(&site.shared, Subject::Policy);
        assert_eq!(state.failures, 0);
    }
}

/// One configuration may be of the past, with a token of the past.
#[test]
fn a_worker_that_fails_leaves_it_to_another() {
    let mut site = Site::new(2);
    site.server.put("one");
    site.server.trouble = Some("500");
    let mut asked = std::collections::BTreeSet::new();
    for _ in 0..240 {
        site.run(1_000);
        asked.extend(site.pollers.iter().position(Poller::asks));
    }
    assert_eq!(asked.len(), 2);
}

#[test]
fn replies_that_never_come_are_given_up() {
    let mut site = Site::new(1);
    site.server.put("one");
    site.deaf = true;
    site.run(60_000);
    assert!(site.server.said.len() > 2);
    assert!(!site.events.is_empty());
    site.deaf = false;
    site.run(62_000);
    assert_eq!(site.policy(), ("one".to_owned(), 1));
}

#[test]
fn a_clock_that_is_set_back_stops_nothing_for_long() {
    let mut site = Site::new(3);
    site.server.put("one");
    site.run(20_000);
    site.now -= 3_600_000;
    site.server.put("two");
    site.run(20_000);
    assert_eq!(site.policy(), ("two".to_owned(), 2));
}

/// A server that was set up anew may give another file the tag that the one before had.
#[test]
fn what_a_server_takes_for_the_same_is_read_anew_in_time() {
    let mut site = Site::new(3);
    site.server.put("one");
    site.run(20_000);
    site.server.file = Some(("two".to_owned(), 1));
    site.run(310_000);
    assert_eq!(site.policy(), ("two".to_owned(), 2));
    // And nothing changes where it is the same.
    site.run(900_000);
    assert_eq!(site.policy(), ("two".to_owned(), 2));
    assert_eq!(site.server.said(200), 5);
}

#[test]
fn another_place_is_another_matter() {
    let mut site = Site::new(1);
    site.server.put("one");
    site.run(10_000);
    let mut other = remote();
    other.policy = Some("/other".into());
    for (plugin, remote) in [(&b"graylane"[..], other), (b"another", remote())] {
        let poller = Poller::new(Rc::new(remote), plugin, 1);
        let kept = poller.kept().document(&site.shared, Subject::Policy);
        assert_eq!(kept, b"");
    }
    let same = Poller::new(Rc::new(remote()), b"graylane", 1);
    assert_eq!(same.kept().document(&site.shared, Subject::Policy), b"one");
    assert_eq!(site.shared.get("nothing").0, b"");
}

/// An etcd that gives tokens, and takes none of them.
#[test]
fn tokens_that_are_refused_as_soon_as_given_are_not_asked_for_again_and_again() {
    let policy = json!({
        "schema": "graylane/v1",
        "remote": {
            "cluster": "etcd",
            "etcd": { "user": "gray", "password": "open-sesame" },
            "announce": { "under": "fleet" },
        },
        "services": [{ "name": "checkout", "baseline": "v1", "versions": [{ "name": "v1" }] }],
    });
    let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
    let mut rules = Rules::compile(policy, &Node::default()).unwrap();
    let remote = Rc::new(*rules.take_remote().unwrap());
    let (shared, mut logins, mut told) = (Memory::default(), 0, Vec::new());
    let mut poller = Poller::new(remote, b"graylane", 1);
    for now in (BEGIN..BEGIN + 600_000).step_by(250) {
        let tick = Tick {
            now,
            draw: u32::MAX / 2,
            proxy: "edge",
            verdict: None,
        };
        for (purpose, call) in poller.due(&shared, tick, || Some("{\"at\":1}".to_owned())) {
            let logs_in = purpose == Purpose::LogIn;
            logins += u32::from(logs_in);
            let (status, body) = if logs_in {
                (200, r#"{"token":"of-today"}"#)
            } else {
                (
                    401,
                    r#"{"error":"etcdserver: invalid auth token","message":"etcdserver: invalid auth token","code":16}"#,
                )
            };
            poller.sent(7, purpose, call.hold, now);
            let asked = poller.take(7).unwrap();
            let reply = Reply {
                status,
                headers: Vec::new(),
                body: body.into(),
            };
            let events = poller.heard(&shared, asked, Ok(reply), tick, |_, _, _| Ok(()));
            told.extend(events);
        }
    }
    // As often as a centre is asked that fails, and once more each time.
    assert!((2..=60).contains(&logins), "{logins}");
    assert!(!told.is_empty());
    let sentence = "refuses the token that it has just given; see what its user may do";
    for event in told {
        assert_eq!(event, Event::Failed(Subject::Fleet, sentence.to_owned()));
    }
}
