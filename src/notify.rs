//! Who is told of verdicts: what is posted, and what is posted again.

use std::collections::VecDeque;

use crate::policy::Shape;

/// Verdicts that wait to be told: beyond, the oldest is of the past.
const MAX_WAITING: usize = 32;

/// How often one is posted until it is given up.
const ATTEMPTS: u32 = 4;

/// Milliseconds until it is posted again, the first time.
const PAUSE: u64 = 2_000;

/// Verdicts that are to be told.
#[derive(Debug, Default)]
pub struct Notices {
    waiting: VecDeque<Notice>,
}

/// One of them.
#[derive(Debug)]
struct Notice {
    body: String,
    attempts: u32,
    /// When it is posted, in milliseconds since the Unix epoch.
    due: u64,
    /// The host's number for the request, while that is under way.
    ticket: Option<u32>,
}

/// What is posted of a verdict: `json`, as the log has it, or `text` as a chat takes it.
#[must_use]
pub fn body(shape: Shape, json: &str, text: &str) -> String {
    let text = quoted(text);
    match shape {
        Shape::Json => json.to_owned(),
        Shape::Slack => format!(r#"{{"text":{text}}}"#),
        Shape::Feishu => format!(r#"{{"msg_type":"text","content":{{"text":{text}}}}}"#),
        Shape::Dingtalk => format!(r#"{{"msgtype":"text","text":{{"content":{text}}}}}"#),
    }
}

/// As a string of JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            // None of them stands in a name.
            char if char.is_control() => quoted.push(' '),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

impl Notices {
    /// One more.
    pub fn add(&mut self, body: String) {
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Notice {
            body,
            attempts: 0,
            due: 0,
            ticket: None,
        });
    }

    /// Posts what is due, at a moment in milliseconds since the Unix epoch: `post` tells the host's
    /// number for the request, if it could be sent. Tells how many were given up.
    pub fn post(&mut self, now: u64, post: impl Fn(&str) -> Option<u32>) -> u32 {
        let due = |own: &&mut Notice| own.ticket.is_none() && own.due <= now;
        for own in self.waiting.iter_mut().filter(due) {
            own.ticket = post(&own.body);
            own.attempts = own.attempts.saturating_add(1);
            own.due = later(now, own.attempts);
        }
        self.give_up()
    }

    /// Whether a request under the host's number is under way.
    #[must_use]
    pub fn posts(&self, ticket: u32) -> bool {
        self.waiting.iter().any(|own| own.ticket == Some(ticket))
    }

    /// There is a reply under the host's number: whether the server took it. Tells how many were
    /// given up.
    pub fn heard(&mut self, ticket: u32, taken: bool) -> u32 {
        let own = |own: &Notice| own.ticket == Some(ticket);
        if taken {
            self.waiting.retain(|notice| !own(notice));
        }
        let heard = self.waiting.iter_mut().filter(|notice| own(notice));
        heard.for_each(|notice| notice.ticket = None);
        self.give_up()
    }

    fn give_up(&mut self) -> u32 {
        let before = self.waiting.len();
        self.waiting
            .retain(|own| own.ticket.is_some() || own.attempts < ATTEMPTS);
        u32::try_from(before.abs_diff(self.waiting.len())).unwrap_or(u32::MAX)
    }
}

fn later(now: u64, attempts: u32) -> u64 {
    now.saturating_add(PAUSE.saturating_mul(1 << attempts.min(ATTEMPTS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_what_each_chat_takes() {
        let of = |shape| body(shape, "{}", "checkout/v2: \"a\\b\"\n");
        let text = r#""checkout/v2: \"a\\b\" ""#;
        assert_eq!(of(Shape::Json), "{}");
        assert_eq!(of(Shape::Slack), format!(r#"{{"text":{text}}}"#));
        for shape in [Shape::Slack, Shape::Feishu, Shape::Dingtalk] {
            let value: serde_json::Value = serde_json::from_str(&of(shape)).unwrap();
            assert!(value.is_object());
        }
        assert_eq!(
            of(Shape::Feishu),
            format!(r#"{{"msg_type":"text","content":{{"text":{text}}}}}"#)
        );
        assert_eq!(
            of(Shape::Dingtalk),
            format!(r#"{{"msgtype":"text","text":{{"content":{text}}}}}"#)
        );
    }

    #[test]
    fn it_is_posted_until_it_is_taken() {
        let mut notices = Notices::default();
        notices.add("one".to_owned());
        assert_eq!(notices.post(0, |_| Some(7)), 0);
        assert_eq!(notices.post(100_000, |_| panic!("it is under way")), 0);
        assert_eq!(notices.heard(7, false), 0);
        assert_eq!(notices.post(1_000, |_| panic!("too early")), 0);
        assert_eq!(notices.post(10_000, |_| Some(8)), 0);
        assert!(notices.posts(8) && !notices.posts(9));
        assert_eq!(notices.heard(9, true), 0, "somebody else's");
        assert_eq!(notices.heard(8, true), 0);
        assert_eq!(notices.post(1_000_000, |_| panic!("it was taken")), 0);
    }

    #[test]
    fn it_is_given_up_in_the_end_and_that_is_told() {
        let mut notices = Notices::default();
        notices.add("one".to_owned());
        let mut posted = 0;
        let mut given_up = 0;
        for now in (0..600_000).step_by(250) {
            let count = std::cell::Cell::new(0);
            given_up += notices.post(now, |_| {
                count.set(count.get() + 1);
                None
            });
            posted += count.get();
        }
        assert_eq!((posted, given_up), (ATTEMPTS, 1));
        (0..100).for_each(|_| notices.add("many".to_owned()));
        assert_eq!(notices.waiting.len(), MAX_WAITING);
    }
}
