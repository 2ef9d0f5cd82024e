//! Following a config centre: what is asked, and what holds by what was heard.

use std::rc::Rc;

use log::{Level, info};
use proxy_wasm::types::Bytes;

use super::count::{self, About};
use super::policy::{Source, counts};
use super::{calls, host, shared, sparing};
use crate::guard::{self, Announcement, Fleet};
use crate::remote::{Event, Kept, Merged, Poller, Purpose, Reply, Sources, Subject, Tick};
use crate::rules::Remote;
use crate::{Policy, Rules};

/// A config centre that a configuration follows.
pub(super) struct Follow {
    poller: Poller,
    remote: Rc<Remote>,
    /// The configuration, whose policy holds until the centre has one.
    own: Bytes,
    /// How often each of [`Subject::ALL`] had changed when it was last read.
    known: [u64; 3],
    /// What other proxies tell.
    fleet: Option<Fleet>,
    /// Who this proxy is among others. Empty: not known yet.
    proxy: String,
    /// Whether this worker has told what is in force.
    told: bool,
    /// Since when it follows, in milliseconds since the Unix epoch.
    began: u64,
    /// When it last told how old what was heard is, in seconds since the Unix epoch.
    measured: u64,
}

impl Follow {
    pub(super) fn new(remote: Remote, own: Bytes) -> Self {
        let remote = Rc::new(remote);
        Self {
            poller: Poller::new(remote.clone(), &host::plugin(), shared::random()),
            remote,
            own,
            known: [0; 3],
            fleet: None,
            proxy: String::new(),
            told: false,
            began: host::now(),
            measured: 0,
        }
    }

    /// What other proxies tell, where this one listens.
    pub(super) fn fleet(&self) -> Option<&Fleet> {
        self.fleet.as_ref()
    }

    /// Asks what is due, and reads what others have heard. Gives the rules that hold and what they
    /// are from, where that is new; `announcement` is what other proxies are to know.
    pub(super) fn tick(
        &mut self,
        now: u64,
        announcement: impl FnOnce() -> Option<String>,
    ) -> Option<(Rules, Source)> {
        if self.proxy.is_empty() {
            self.proxy = shared::proxy(&host::node().id);
        }
        while let Some(lost) = self.poller.lost(now) {
            self.heard((lost, now), Err("gave no answer in time".to_owned()), now);
        }
        let tick = tick(&self.remote, &self.proxy, now);
        let due = self.poller.due(&shared::HostShared, tick, announcement);
        for (purpose, call) in due {
            match calls::send(&self.remote.server, &call) {
                Ok(ticket) => self.poller.sent(ticket, purpose, call.hold, now),
                Err(sentence) => self.heard((purpose, now), Err(sentence), now),
            }
        }
        let second = now.checked_div(1_000).unwrap_or_default();
        if self.poller.asks() && self.measured != second {
            self.measured = second;
            self.measure(now);
        }
        self.news()
    }

    /// There is a reply; tells whether it was to a request of this one's.
    pub(super) fn replied(&mut self, ticket: u32, headers: usize, body: usize) -> bool {
        let Some(asked) = self.poller.take(ticket) else {
            return false;
        };
        self.heard(asked, calls::reply(headers, body), host::now());
        true
    }

    fn heard(&mut self, asked: (Purpose, u64), reply: Result<Reply, String>, now: u64) {
        let own = &self.own;
        let check = |kept: &Kept, subject, document: &[u8]| check(own, kept, subject, document);
        let tick = tick(&self.remote, &self.proxy, now);
        let host = &shared::HostShared;
        let events = self.poller.heard(host, asked, reply, tick, check);
        for event in events {
            self.tell(event);
        }
    }

    fn tell(&self, event: Event) {
        let kind = self.remote.centre.kind();
        let name = |subject| self.remote.named(subject).unwrap_or_default();
        let place = |subject| format!("{kind} {}", name(subject));
        match event {
            Event::Failed(subject, sentence) => {
                count::about(About::Failures, subject, 1);
                let line = format!("remote: {}: {sentence}", place(subject));
                sparing::tell(Level::Warn, &line);
            }
            Event::Refused(subject, sentence) => {
                count::about(About::Refused, subject, 1);
                let what = subject.name();
                let place = place(subject);
                let line =
                    format!("remote: {place}: {what} refused: {sentence}; the last good one stays");
                sparing::tell(Level::Error, &line);
            }
            Event::Gone(subject) => {
                info!("remote: {}: there is no such document", place(subject));
            }
        }
    }

    fn measure(&self, now: u64) {
        let asked = |subject: &Subject| self.remote.named(*subject).is_some();
        for subject in Subject::ALL.into_iter().filter(asked) {
            let contact = self.kept().state(&shared::HostShared, subject).contact;
            let since = if contact > 0 { contact } else { self.began };
            let age = now.saturating_sub(since).checked_div(1_000);
            count::about(About::Age, subject, age.unwrap_or_default());
        }
        if let Some(fleet) = &self.fleet {
            count::proxies(fleet.recent(now));
        }
    }

    fn kept(&self) -> &Kept {
        self.poller.kept()
    }

    /// The rules that hold and what they are from, if what was heard has changed.
    pub(super) fn news(&mut self) -> Option<(Rules, Source)> {
        let changes = Subject::ALL.map(|subject| match self.remote.named(subject) {
            Some(_) => self.kept().state(&shared::HostShared, subject).change,
            None => 0,
        });
        if changes == self.known {
            return None;
        }
        let [policy, switches, fleet] = changes;
        let [known_policy, known_switches, known_fleet] = self.known;
        self.known = changes;
        if fleet != known_fleet {
            self.fleet = self.read_fleet();
        }
        if policy == known_policy && switches == known_switches {
            return None;
        }
        let host = &shared::HostShared;
        let [policy, switches] = [Subject::Policy, Subject::Switches].map(|subject| {
            let state = self.kept().state(host, subject);
            (self.kept().document(host, subject), state.gone)
        });
        let switches = if switches.1 { Vec::new() } else { switches.0 };
        let sources = Sources {
            policy: &policy.0,
            policy_gone: policy.1,
            switches: &switches,
        };
        match Merged::new(&self.own, &self.remote, sources, &host::node()) {
            Ok(merged) => Some(self.in_force(merged, policy.0, switches)),
            // It was checked before it was kept, unless another release has kept it.
            Err(error) => {
                let line = format!("remote: policy refused: {error}; the last good one stays");
                sparing::tell(Level::Error, &line);
                None
            }
        }
    }

    fn read_fleet(&self) -> Option<Fleet> {
        let announce = self.remote.announce.as_ref()?;
        let others = self.kept().document(&shared::HostShared, Subject::Fleet);
        Some(Fleet {
            close_when: announce.close_when,
            every: self.remote.every,
            others: Announcement::of_lines(&others),
        })
    }

    fn in_force(&mut self, merged: Merged, policy: Vec<u8>, switches: Vec<u8>) -> (Rules, Source) {
        let Merged {
            rules,
            revision,
            centres,
            off,
            left_out,
        } = merged;
        // Each says what it begins with, and then one says it for all.
        if !std::mem::replace(&mut self.told, true) || self.poller.asks() {
            for sentence in left_out {
                sparing::tell(Level::Warn, &format!("remote: {sentence}"));
            }
            let from = match &self.remote.policy {
                Some(name) if centres => format!(", from {} {name}", self.remote.centre.kind()),
                _ => String::new(),
            };
            info!(
                "policy in force: revision {revision:08x}{from}, {}",
                counts(&rules)
            );
        }
        let source = Source {
            revision,
            policy: if centres { policy } else { self.own.clone() },
            configuration: if centres {
                self.own.clone()
            } else {
                Vec::new()
            },
            switches,
            off,
        };
        (rules, source)
    }
}

impl Drop for Follow {
    /// Another worker, or the configuration that comes after this one, asks at once.
    fn drop(&mut self) {
        self.poller.release(&shared::HostShared);
    }
}

fn tick<'t>(remote: &Remote, proxy: &'t str, now: u64) -> Tick<'t> {
    // Only who tells others has to know when there is something to tell.
    let announces = remote.announce.is_some();
    Tick {
        now,
        #[expect(clippy::cast_possible_truncation, reason = "any bits do")]
        draw: shared::random() as u32,
        proxy,
        verdict: if announces {
            guard::last_verdict(&shared::HostShared)
        } else {
            None
        },
    }
}

/// What is wrong with a document, as a sentence.
fn check(own: &[u8], kept: &Kept, subject: Subject, document: &[u8]) -> Result<(), String> {
    let node = host::node();
    let checked = match subject {
        Subject::Policy => Policy::parse_remote(document)
            .and_then(|policy| Rules::compile(policy, &node).map(|_| ())),
        Subject::Switches => {
            let policy = kept.document(&shared::HostShared, Subject::Policy);
            Merged::check_switches(own, &policy, document, &node)
        }
        Subject::Fleet => Ok(()),
    };
    checked.map_err(|error| error.to_string())
}
