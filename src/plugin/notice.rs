//! Telling somebody of verdicts.

use std::rc::Rc;

use log::Level;

use super::{calls, count, sparing};
use crate::notify::{Notices, body};
use crate::remote::Call;
use crate::rules::Notify;

/// Who is told of verdicts, and what they have not been told yet.
#[derive(Default)]
pub(super) struct Notice {
    /// Whom the configuration names.
    own: Option<Rc<Notify>>,
    /// Whom the policy in force names, or else the configuration.
    to: Option<Rc<Notify>>,
    notices: Notices,
}

impl Notice {
    /// As the configuration has it.
    pub(super) fn configure(&mut self, notify: Option<Box<Notify>>) {
        self.own = notify.map(|notify| Rc::new(*notify));
    }

    /// As the policy has it that is in force now.
    pub(super) fn replace(&mut self, notify: Option<Box<Notify>>) {
        self.to = notify.map(|notify| Rc::new(*notify)).or(self.own.clone());
    }

    /// A verdict, as data and in words.
    pub(super) fn add(&mut self, json: &str, text: &str) {
        if let Some(to) = &self.to {
            self.notices.add(body(to.shape, json, text));
        }
    }

    /// Posts what has not been told, at a moment in milliseconds since the Unix epoch.
    pub(super) fn post(&mut self, now: u64) {
        let Some(to) = &self.to else { return };
        let given_up = self.notices.post(now, |body| {
            let call = Call {
                method: "POST",
                path: to.path.expose().to_owned(),
                headers: vec![("content-type", "application/json".to_owned())],
                body: body.as_bytes().to_vec(),
                hold: 0,
            };
            match calls::send(&to.server, &call) {
                Ok(ticket) => Some(ticket),
                Err(sentence) => {
                    sparing::tell(Level::Warn, &format!("notify: {sentence}"));
                    None
                }
            }
        });
        count::given_up(given_up);
    }

    /// There is a reply.
    pub(super) fn replied(&mut self, ticket: u32, headers: usize) {
        if !self.notices.posts(ticket) {
            return;
        }
        let status = calls::reply(headers, 0).map(|reply| reply.status);
        let taken = status
            .as_ref()
            .is_ok_and(|status| (200..300).contains(status));
        if !taken {
            let sentence = match status {
                Ok(status) => format!("was answered with {status}"),
                Err(sentence) => sentence,
            };
            sparing::tell(Level::Warn, &format!("notify: {sentence}"));
        }
        let given_up = self.notices.heard(ticket, taken);
        count::given_up(given_up);
    }
}
