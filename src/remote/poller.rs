//! One worker's part in following a centre: it asks while it is the one that does, and keeps what
//! is heard for all.

use std::rc::Rc;

use super::kept::{Kept, Subject};
use super::members::Members;
use super::pace::{PACE, jittered, patience};
use super::purpose::{Event, Purpose};
use super::{Call, Line, Refused, Reply};
use crate::rules::Remote;
use crate::shared::Shared;

/// So many failures in a row, and another worker tries: this one's configuration may be of the
/// past, and so may its token.
const PATIENT: u64 = 3;

/// Milliseconds after which a document is read whatever the centre's numbers say. They tell a change
/// from none as long as it keeps count: one that was restored may have counted up to the same.
const READ_ANEW: u64 = 300_000;

/// A request that is under way.
#[derive(Debug)]
struct Asked {
    /// The host's number for it.
    ticket: u32,
    purpose: Purpose,
    /// When it was sent, and when there will be no reply any more, in milliseconds since the Unix
    /// epoch.
    at: u64,
    until: u64,
}

/// One worker's part in following a centre.
#[derive(Debug)]
pub struct Poller {
    remote: Rc<Remote>,
    kept: Kept,
    /// Who it is, among workers and configurations.
    id: u64,
    /// What it follows, while it is the one that asks.
    following: Option<Following>,
    asked: Vec<Asked>,
}

/// What there is only while a worker is the one that asks.
#[derive(Debug)]
struct Following {
    /// Each with when it began, in milliseconds since the Unix epoch.
    lines: Vec<(Subject, Line, u64)>,
    members: Option<Members>,
    token: Option<String>,
    /// Whether the last token was refused, and nothing was answered since.
    refused: bool,
}

/// What a worker knows at a tick.
#[derive(Clone, Copy, Debug)]
pub struct Tick<'t> {
    /// When it is, in milliseconds since the Unix epoch.
    pub now: u64,
    /// Random bits.
    pub draw: u32,
    /// Who this proxy is among those that announce.
    pub proxy: &'t str,
    /// The number of the last verdict: where it moves, others are told at once.
    pub verdict: Option<u32>,
}

impl Poller {
    /// A worker, by an id that no other has: a random one.
    #[must_use]
    pub fn new(remote: Rc<Remote>, plugin: &[u8], id: u64) -> Self {
        Self {
            kept: Kept::new(plugin, &remote),
            remote,
            id,
            following: None,
            asked: Vec::new(),
        }
    }

    /// What all workers keep.
    #[must_use]
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The centre that it follows.
    #[must_use]
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// Whether it is the one that asks.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.following.is_some()
    }

    /// The requests to send now, each to be told of by [`Self::sent`] or [`Self::heard`].
    /// `announcement` is what other proxies are to know.
    pub fn due(
        &mut self,
        shared: &impl Shared,
        tick: Tick<'_>,
        announcement: impl FnOnce() -> Option<String>,
    ) -> Vec<(Purpose, Call)> {
        let Tick { now, .. } = tick;
        if !self.kept.hold(shared, self.id, now) {
            self.leave();
            return Vec::new();
        }
        let (remote, kept) = (&self.remote, &self.kept);
        let following = self
            .following
            .get_or_insert_with(|| Following::begin(remote, kept, shared, now));
        let mut due = Vec::new();
        let asked = &self.asked;
        let is_asked = |purpose| asked.iter().any(|own| own.purpose == purpose);
        let is_due = |subject| kept.state(shared, subject).is_due(now, remote.every);
        if following.token.is_none()
            && let Some(call) = remote.centre.login()
        {
            if !is_asked(Purpose::LogIn) && following.subjects().any(is_due) {
                due.push((Purpose::LogIn, call));
            }
            return due;
        }
        let token = following.token.as_deref();
        for (subject, line, read) in &mut following.lines {
            let purpose = Purpose::Hear(*subject);
            if !is_asked(purpose) && is_due(*subject) {
                if now.saturating_sub(*read) >= READ_ANEW {
                    *read = now;
                    *line = Line::new(line.name(), "");
                }
                due.push((purpose, line.ask(&remote.centre, token, now)));
            }
        }
        if let Some(members) = &mut following.members {
            let busy = [Purpose::Announce, Purpose::List, Purpose::Forget];
            if !busy.into_iter().any(is_asked) {
                let is_due = is_due(Subject::Fleet);
                members.due(remote, token, tick, is_due, announcement, &mut due);
            }
        }
        due
    }

    /// A request has been sent, under the host's number for it.
    pub fn sent(&mut self, ticket: u32, purpose: Purpose, hold: u64, now: u64) {
        self.asked.push(Asked {
            ticket,
            purpose,
            at: now,
            until: now.saturating_add(patience(hold)),
        });
    }

    /// What has no reply and will have none.
    pub fn lost(&mut self, now: u64) -> Option<Purpose> {
        // The host answers in time, unless the request went with what had sent it.
        let lost = |own: &Asked| now > own.until.saturating_add(PACE);
        let at = self.asked.iter().position(lost)?;
        Some(self.asked.remove(at).purpose)
    }

    /// What the reply under that number is for, and when it was asked for.
    pub fn take(&mut self, ticket: u32) -> Option<(Purpose, u64)> {
        let at = self.asked.iter().position(|own| own.ticket == ticket)?;
        let asked = self.asked.remove(at);
        Some((asked.purpose, asked.at))
    }

    /// There is a reply, or a sentence why there is none; `since` it was asked for. `check` tells
    /// what is wrong with a document.
    pub fn heard(
        &mut self,
        shared: &impl Shared,
        (purpose, since): (Purpose, u64),
        reply: Result<Reply, String>,
        tick: Tick<'_>,
        check: impl FnOnce(&Kept, Subject, &[u8]) -> Result<(), String>,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        // Another asks by now, and goes on from what was kept.
        if !self.kept.hold(shared, self.id, tick.now) {
            self.leave();
        }
        let Some(following) = &mut self.following else {
            return events;
        };
        let (remote, kept) = (&*self.remote, &self.kept);
        let done = match (purpose, reply) {
            (_, Err(sentence)) => Err(Refused::Trouble(sentence)),
            (Purpose::LogIn, Ok(reply)) => {
                let token = remote.centre.token(&reply);
                token
                    .map(|token| following.token = Some(token))
                    .map_err(Refused::Trouble)
            }
            (Purpose::Hear(subject), Ok(reply)) => {
                let line = following.lines.iter_mut().find(|(own, ..)| *own == subject);
                let Some((_, line, _)) = line else {
                    return events;
                };
                let heard = line.hear(&remote.centre, &reply);
                let pause = if remote.centre.holds() {
                    PACE.saturating_sub(tick.now.saturating_sub(since))
                } else {
                    jittered(remote.every, tick.draw)
                };
                let event = kept.keep(
                    shared,
                    subject,
                    heard,
                    line.cursor(),
                    (tick.now, pause),
                    check,
                );
                event.map(|event| events.extend(event))
            }
            (Purpose::Announce | Purpose::List | Purpose::Forget, Ok(reply)) => {
                let token = following.token.as_deref();
                let members = following.members.as_mut();
                members.map_or(Ok(()), |members| {
                    members.heard(remote, kept, shared, token, (purpose, &reply), tick)
                })
            }
        };
        let sentence = match done {
            Ok(()) => {
                following.refused &= purpose == Purpose::LogIn;
                return events;
            }
            // Of several requests under way each is refused.
            Err(Refused::Login) if following.token.is_none() => return events,
            Err(Refused::Login) if !following.refused => {
                following.refused = true;
                following.token = None;
                return events;
            }
            Err(Refused::Login | Refused::Changed) => {
                "refuses the token that it has just given; see what its user may do".to_owned()
            }
            Err(Refused::Trouble(sentence)) => sentence,
        };
        let failed: Vec<_> = match purpose {
            Purpose::LogIn => following.subjects().collect(),
            Purpose::Hear(subject) => vec![subject],
            Purpose::Announce | Purpose::List | Purpose::Forget => vec![Subject::Fleet],
        };
        let mut gives_up = false;
        for subject in failed {
            let mut state = kept.state(shared, subject);
            state.failed(tick);
            gives_up |= state.failures.is_multiple_of(PATIENT);
            kept.set_state(shared, subject, &state);
            events.push(Event::Failed(subject, sentence.clone()));
        }
        if gives_up {
            self.release(shared);
        }
        events
    }

    /// Lets another worker be the one that asks.
    pub fn release(&mut self, shared: &impl Shared) {
        self.leave();
        self.kept.release(shared, self.id);
    }

    /// Is not the one that asks any more. What is under way was asked by lines that are gone, and
    /// the next ones have not asked for it.
    fn leave(&mut self) {
        self.following = None;
        self.asked.clear();
    }
}

impl Following {
    fn begin(remote: &Remote, kept: &Kept, shared: &impl Shared, now: u64) -> Self {
        let lines = [Subject::Policy, Subject::Switches].into_iter();
        let lines = lines.filter_map(|subject| {
            let name = remote.named(subject)?;
            let state = kept.state(shared, subject);
            Some((subject, Line::new(name, &state.cursor), now))
        });
        Self {
            lines: lines.collect(),
            members: remote.announce.as_ref().map(|_| Members::default()),
            token: None,
            refused: false,
        }
    }

    fn subjects(&self) -> impl Iterator<Item = Subject> {
        let lines = self.lines.iter().map(|(subject, ..)| *subject);
        lines.chain(self.members.as_ref().map(|_| Subject::Fleet))
    }
}
