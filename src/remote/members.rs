//! What the proxies of a fleet tell each other by a centre, as the worker has it that asks.

use super::kept::{Kept, Subject};
use super::pace::{PACE, jittered};
use super::poller::Tick;
use super::purpose::Purpose;
use super::{Call, Refused, Reply};
use crate::guard::{Announcement, is_alive};
use crate::limits::{MAX_FLEET_BYTES, MAX_PROXIES};
use crate::rules::Remote;
use crate::shared::Shared;

/// What the proxies of a fleet tell each other.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// From where on others are listed.
    cursor: String,
    /// What the others tell, by their keys.
    others: Vec<(String, Vec<u8>)>,
    /// The number of the verdict that this proxy told last.
    verdict: Option<u32>,
    /// When it told that, in milliseconds since the Unix epoch.
    at: u64,
    /// A proxy that is gone, by its key.
    gone: Option<String>,
}

impl Members {
    /// Adds what is to be sent: what this proxy tells, and then what asks for the others, every so
    /// often; and the first at once where a verdict is new.
    pub(super) fn due(
        &mut self,
        remote: &Remote,
        token: Option<&str>,
        tick: Tick<'_>,
        is_due: bool,
        announcement: impl FnOnce() -> Option<String>,
        due: &mut Vec<(Purpose, Call)>,
    ) {
        let Some(announce) = &remote.announce else {
            return;
        };
        let late = tick.now.saturating_sub(self.at) >= PACE;
        let news = late && tick.verdict != self.verdict;
        if is_due || news {
            self.at = tick.now;
            self.verdict = tick.verdict;
            let key = key(&announce.under, tick.proxy);
            let call = announcement()
                .and_then(|told| remote.centre.announce(&key, told.as_bytes(), token));
            due.extend(call.map(|call| (Purpose::Announce, call)));
        }
        if is_due {
            let list = remote.centre.list(&announce.under, &self.cursor, token);
            due.extend(list.map(|call| (Purpose::List, call)));
            let gone = self.gone.take();
            let forget = gone.and_then(|key| remote.centre.forget(&key, token));
            due.extend(forget.map(|call| (Purpose::Forget, call)));
        }
    }

    /// Reads a reply to one of these, which went with this token.
    pub(super) fn heard(
        &mut self,
        remote: &Remote,
        kept: &Kept,
        shared: &impl Shared,
        token: Option<&str>,
        (purpose, reply): (Purpose, &Reply),
        tick: Tick<'_>,
    ) -> Result<(), Refused> {
        if purpose != Purpose::List {
            return remote.centre.announced(reply, token);
        }
        let (cursor, listed) = remote.centre.listed(&self.cursor, reply, token)?;
        if self.cursor.is_empty() || cursor.is_empty() {
            self.others.clear();
        }
        self.cursor = cursor;
        let own = remote.announce.as_ref();
        let own = own.map(|announce| key(&announce.under, tick.proxy));
        let others = listed.into_iter();
        let others = others.filter(|(key, _)| Some(key) != own.as_ref());
        // What is no announcement is somebody else's document.
        let others = others.filter(|(_, document)| Announcement::told_at(document).is_some());
        for (key, document) in others.take(MAX_PROXIES) {
            self.others.retain(|(own, _)| *own != key);
            self.others.push((key, document));
        }
        let mut bytes = 0usize;
        self.others.retain(|(key, document)| {
            let told = Announcement::told_at(document);
            let stays = told.is_some_and(|told| is_alive(told, tick.now, remote.every));
            if !stays {
                self.gone = Some(key.clone());
                return false;
            }
            let more = bytes.saturating_add(document.len());
            let fits = more <= MAX_FLEET_BYTES;
            bytes = if fits { more } else { bytes };
            fits
        });
        self.others.truncate(MAX_PROXIES);
        let mut state = kept.state(shared, Subject::Fleet);
        state.answered(tick.now, jittered(remote.every, tick.draw));
        let documents: Vec<_> = self.others.iter().map(|(_, own)| own.as_slice()).collect();
        let documents = documents.join(&b'\n');
        if kept.document(shared, Subject::Fleet) != documents {
            kept.set_document(shared, Subject::Fleet, &documents);
            state.change = state.change.saturating_add(1);
        }
        kept.set_state(shared, Subject::Fleet, &state);
        Ok(())
    }
}

fn key(under: &str, proxy: &str) -> String {
    format!("{under}/{proxy}")
}
