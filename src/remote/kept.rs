//! What the workers of a proxy keep of a centre together, so that nothing is lost with one of them:
//! neither with its VM, nor with a configuration.

use super::purpose::Event;
use super::{Centre, Heard, Refused};
use crate::hash::hash;
use crate::rules::Remote;
use crate::shared::{NOTHING_YET, Shared, bytes, words};

/// Milliseconds for which a worker that says nothing still is the one that asks.
const LEASE: u64 = 3_000;

/// What is asked of a centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The policy's document.
    Policy,
    /// The switches' document.
    Switches,
    /// What other proxies announce.
    Fleet,
}

impl Subject {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Policy, Self::Switches, Self::Fleet];

    /// Its name in metrics and in the log: `policy`, `switches` or `fleet`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Switches => "switches",
            Self::Fleet => "fleet",
        }
    }
}

impl Remote {
    /// What a subject is called in the centre; of the fleet the key that its own are below. `None`:
    /// it is not asked for.
    #[must_use]
    pub fn named(&self, subject: Subject) -> Option<&str> {
        match subject {
            Subject::Policy => self.policy.as_deref(),
            Subject::Switches => self.switches.as_deref(),
            Subject::Fleet => self.announce.as_ref().map(|own| &*own.under),
        }
    }
}

/// How far a subject is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// When the centre last answered as it should, in milliseconds since the Unix epoch; 0: never.
    pub contact: u64,
    /// How often it has changed; 0: nothing was ever heard.
    pub change: u64,
    /// Whether the centre has none. What it had last is kept all the same.
    pub gone: bool,
    /// How many requests in a row have gone wrong.
    pub failures: u64,
    /// When it is asked next, in milliseconds since the Unix epoch.
    pub due: u64,
    /// From where on it is asked, as [`super::Line::cursor`] tells.
    pub cursor: String,
}

impl State {
    fn to_bytes(&self) -> Vec<u8> {
        let gone = u64::from(self.gone);
        let mut all = bytes(&[self.contact, self.change, gone, self.failures, self.due]);
        all.extend_from_slice(self.cursor.as_bytes());
        all
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, cursor) = bytes.split_at_checked(NUMBERS)?;
        let numbers: Vec<_> = words(numbers).collect();
        let [contact, change, gone, failures, due] = numbers.try_into().ok()?;
        Some(Self {
            contact,
            change,
            gone: gone > 0,
            failures,
            due,
            cursor: str::from_utf8(cursor).ok()?.to_owned(),
        })
    }
}

/// Bytes of the numbers at the beginning of a [`State`].
const NUMBERS: usize = 5 * size_of::<u64>();

/// Where a centre's documents are kept: of one place in one centre, for one plugin.
#[derive(Debug)]
pub struct Kept {
    prefix: String,
}

impl Kept {
    /// Of a plugin, by its name.
    #[must_use]
    pub fn new(plugin: &[u8], remote: &Remote) -> Self {
        let mut about = plugin.to_vec();
        let names = Subject::ALL.map(|subject| remote.named(subject).unwrap_or_default());
        let server = [&*remote.server.cluster, &*remote.server.host];
        let parts = server.into_iter().chain(names);
        for part in parts.chain(remote.centre.place()) {
            about.push(0);
            about.extend_from_slice(part.as_bytes());
        }
        let half = |seed| hash(b"", &about, seed);
        Self {
            prefix: format!("graylane/1/remote/{:08x}{:08x}", half(0), half(1)),
        }
    }

    /// How far a subject is known.
    pub fn state(&self, shared: &impl Shared, subject: Subject) -> State {
        let (state, _) = shared.get(&self.key(subject, "/state"));
        State::of_bytes(&state).unwrap_or_default()
    }

    pub(super) fn set_state(&self, shared: &impl Shared, subject: Subject, state: &State) {
        shared.set(&self.key(subject, "/state"), &state.to_bytes(), None);
    }

    /// The last good document of a subject; of the fleet what each
    /// announces, on a line of its own.
    pub fn document(&self, shared: &impl Shared, subject: Subject) -> Vec<u8> {
        shared.get(&self.key(subject, "")).0
    }

    pub(super) fn set_document(&self, shared: &impl Shared, subject: Subject, document: &[u8]) {
        shared.set(&self.key(subject, ""), document, None);
    }

    /// Keeps what was heard of a document, with the cursor from which on it is asked again after a
    /// pause; `check` tells what is wrong with a document.
    pub(super) fn keep(
        &self,
        shared: &impl Shared,
        subject: Subject,
        heard: Heard,
        cursor: &str,
        (now, pause): (u64, u64),
        check: impl FnOnce(&Self, Subject, &[u8]) -> Result<(), String>,
    ) -> Result<Option<Event>, Refused> {
        let mut state = self.state(shared, subject);
        let mut event = None;
        let mut changed = false;
        match heard {
            Heard::Trouble(sentence) => return Err(Refused::Trouble(sentence)),
            Heard::Login => return Err(Refused::Login),
            Heard::Same => state.answered(now, pause),
            Heard::Next => state.answered(now, 0),
            Heard::Gone => {
                changed = !state.gone;
                state.gone = true;
                event = changed.then_some(Event::Gone(subject));
                state.answered(now, pause);
            }
            Heard::Document(document) => {
                if let Err(sentence) = check(self, subject, &document) {
                    event = Some(Event::Refused(subject, sentence));
                } else {
                    let never = state.change == 0;
                    changed = never || state.gone || self.document(shared, subject) != document;
                    state.gone = false;
                    if changed {
                        self.set_document(shared, subject, &document);
                    }
                }
                state.answered(now, pause);
            }
        }
        if changed {
            state.change = state.change.saturating_add(1);
        }
        cursor.clone_into(&mut state.cursor);
        self.set_state(shared, subject, &state);
        Ok(event)
    }

    fn key(&self, subject: Subject, what: &str) -> String {
        format!("{}/{}{what}", self.prefix, subject.name())
    }

    /// Whether this worker is the one that asks, at a moment in milliseconds since the Unix epoch.
    pub(super) fn hold(&self, shared: &impl Shared, worker: u64, now: u64) -> bool {
        let (lease, written) = shared.get(&self.lease());
        let mut lease = words(&lease);
        let (holder, until) = (lease.next(), lease.next().unwrap_or_default());
        let own = holder == Some(worker);
        // A clock that was set back leaves none from the future.
        let runs = until > now && until <= now.saturating_add(LEASE);
        if runs && (!own || until > now.saturating_add(LEASE / 2)) {
            return own;
        }
        let lease = bytes(&[worker, now.saturating_add(LEASE)]);
        shared.set(&self.lease(), &lease, Some(written.unwrap_or(NOTHING_YET)))
    }

    /// Lets another worker be the one that asks, if it is this one.
    pub(super) fn release(&self, shared: &impl Shared, worker: u64) {
        let (lease, written) = shared.get(&self.lease());
        if words(&lease).next() == Some(worker) {
            shared.set(&self.lease(), &bytes(&[worker, 0]), written);
        }
    }

    fn lease(&self) -> String {
        format!("{}/lease", self.prefix)
    }
}

impl Centre {
    /// What says where in the centre a document is, beside its name.
    fn place(&self) -> Vec<&str> {
        let kind = self.kind();
        match self {
            Self::Etcd(_) | Self::Http(_) => vec![kind],
            Self::Consul(own) => vec![kind, own.datacenter.as_deref().unwrap_or_default()],
            Self::Nacos(own) => {
                let namespace = own.namespace.as_deref().unwrap_or_default();
                vec![kind, &own.group, namespace]
            }
            Self::Apollo(own) => vec![kind, &own.app, &own.cluster],
        }
    }
}
