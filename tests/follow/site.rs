//! A proxy of several workers and the web server that it follows.

use std::rc::Rc;

use graylane::Node;
use graylane::policy::Policy;
use graylane::remote::{Call, Event, Poller, Purpose, Reply, Subject, Tick};
use graylane::rules::{Remote, Rules};
use serde_json::json;

use crate::memory::Memory;

/// As the module's ticks.
const TICK: u64 = 250;

/// 2026-11-22, in the morning.
pub(crate) const BEGIN: u64 = 1_795_320_000_000;

pub(crate) fn remote() -> Remote {
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
pub(crate) struct Server {
    /// The file and its tag, if there is one.
    pub(crate) file: Option<(String, u32)>,
    tags: u32,
    /// How it fails, while it does.
    pub(crate) trouble: Option<&'static str>,
    /// When it was asked, and what it said.
    pub(crate) said: Vec<(u64, u16)>,
}

impl Server {
    pub(crate) fn put(&mut self, file: &str) {
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

    pub(crate) fn said(&self, status: u16) -> usize {
        self.said.iter().filter(|(_, own)| *own == status).count()
    }

    /// How long it was between two requests, in milliseconds.
    pub(crate) fn pauses(&self) -> Vec<u64> {
        let both = self.said.iter().zip(self.said.iter().skip(1));
        both.map(|((one, _), (other, _))| other - one).collect()
    }
}

/// A proxy, and the centre that it follows.
pub(crate) struct Site {
    pub(crate) shared: Memory,
    pub(crate) server: Server,
    pub(crate) pollers: Vec<Poller>,
    pub(crate) now: u64,
    workers: u64,
    pub(crate) events: Vec<Event>,
    /// Replies are lost: the host never tells of any.
    pub(crate) deaf: bool,
}

impl Site {
    pub(crate) fn new(workers: u64) -> Self {
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

    pub(crate) fn start(&mut self) {
        self.workers += 1;
        let id = 1_000 + self.workers;
        self.pollers
            .push(Poller::new(Rc::new(remote()), b"graylane", id));
    }

    pub(crate) fn run(&mut self, milliseconds: u64) {
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
    pub(crate) fn policy(&self) -> (String, u64) {
        let kept = self.pollers[0].kept();
        let document = kept.document(&self.shared, Subject::Policy);
        let state = kept.state(&self.shared, Subject::Policy);
        (String::from_utf8(document).unwrap(), state.change)
    }

    pub(crate) fn asking(&self) -> usize {
        self.pollers.iter().position(Poller::asks).unwrap()
    }
}
