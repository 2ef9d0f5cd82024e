//! One document of a centre, followed.

use super::{Apollo, Call, Centre, Consul, Etcd, Heard, Http, Refused, Reply};
use crate::Secret;

/// The longest cursor: none of ours is as long, but an `ETag` is what a server likes.
const MAX_CURSOR_BYTES: usize = 512;

/// One document of a centre, followed from a cursor on.
///
/// Asks and hears in turn: each [`Line::ask`] gives a request, and [`Line::hear`] takes the reply to
/// that very one. A request without a reply (no connection, a timeout) is asked again.
///
/// A centre that holds its answers may answer at once all the same, again and again, as a server
/// under pressure does; so after [`Heard::Same`] wait a second at least.
#[derive(Clone, Debug)]
pub struct Line {
    /// The document's name in the centre.
    pub(super) name: String,
    /// What is known of it; each centre says what that is.
    pub(super) cursor: String,
    pub(super) step: Step,
    /// The token that was sent last: not to be shown.
    token: Secret,
    /// A login has brought nothing yet.
    logged_in: bool,
}

/// Where a centre that tells of changes by one request and gives the document by another stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is asked whether there is a change.
    Listen,
    /// There is one: it is asked for the document. Then the change has this number, where changes
    /// have some.
    Fetch(String),
    /// There seems to be none: so the document should be as it was.
    Compare,
}

impl Line {
    /// Follows the document of this name.
    ///
    /// `cursor` is what another line's [`Line::cursor`] told, so that this one goes on from there
    /// without missing or fetching anything twice. Empty, or not a cursor of this centre's kind: it
    /// begins anew, and hears first what is there now.
    #[must_use]
    pub fn new(name: &str, cursor: &str) -> Self {
        let usable = cursor.len() <= MAX_CURSOR_BYTES && !cursor.chars().any(char::is_control);
        Self {
            name: name.to_owned(),
            cursor: if usable { cursor } else { "" }.to_owned(),
            step: Step::Listen,
            token: Secret::default(),
            logged_in: false,
        }
    }

    /// The document's name in the centre.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far it has heard: text without control characters, at most 512 bytes. Empty: nothing yet.
    #[must_use]
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The next request. `token`: what [`Centre::token`] read, where [`Centre::login`] is `Some`.
    /// `now`: milliseconds since the Unix epoch, which Apollo's signature needs.
    pub fn ask(&mut self, centre: &Centre, token: Option<&str>, now: u64) -> Call {
        self.token = Secret::new(token.unwrap_or_default().to_owned());
        match centre {
            Centre::Etcd(_) => Etcd::ask(self, token),
            Centre::Consul(consul) => consul.ask(self),
            Centre::Nacos(nacos) => nacos.ask(self, token),
            Centre::Apollo(apollo) => apollo.ask(self, now),
            Centre::Http(http) => http.ask(self),
        }
    }

    /// Reads the reply to what was asked last.
    pub fn hear(&mut self, centre: &Centre, reply: &Reply) -> Heard {
        let token = self.token.clone();
        let secrets = centre.secrets_and(Some(token.expose()));
        let said = centre.said(reply, &secrets);
        let heard = match centre {
            Centre::Etcd(etcd) => etcd.hear(self, &said),
            Centre::Consul(_) => Consul::hear(self, &said),
            Centre::Nacos(nacos) => nacos.hear(self, &said),
            Centre::Apollo(_) => Apollo::hear(self, &said),
            Centre::Http(_) => Http::hear(self, &said),
        };
        match heard {
            Ok(heard) => {
                self.logged_in = false;
                heard
            }
            Err(Refused::Login) if !self.logged_in => {
                self.logged_in = true;
                Heard::Login
            }
            Err(Refused::Login) => {
                self.logged_in = false;
                let remedy =
                    "a login has not helped, so see `user`, `password` and what they may do";
                Heard::Trouble(said.denied(remedy))
            }
            // That is said of what is written.
            Err(Refused::Changed) => Heard::Same,
            Err(Refused::Trouble(sentence)) => Heard::Trouble(sentence),
        }
    }

    /// The document is what it is at this cursor.
    pub(super) fn is(&mut self, cursor: String, document: Vec<u8>) -> Heard {
        self.cursor = cursor;
        Heard::Document(document)
    }

    /// The document is not there, which this cursor says.
    pub(super) fn is_gone(&mut self, cursor: &str) -> Heard {
        if self.cursor == cursor {
            return Heard::Same;
        }
        cursor.clone_into(&mut self.cursor);
        Heard::Gone
    }
}
