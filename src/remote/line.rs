//! One document of a centre, followed.

use super::{Call, Centre, Heard, Reply};

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
}

impl Line {
    /// Follows the document of this name.
    ///
    /// `cursor` is what another line's [`Line::cursor`] told, so that this one goes on from there
    /// without missing or fetching anything twice. Empty, or not a cursor of this centre's kind: it
    /// begins anew, and hears first what is there now.
    #[must_use]
    pub fn new(name: &str, cursor: &str) -> Self {
        Self {
            name: name.to_owned(),
            cursor: cursor.to_owned(),
        }
    }

    /// The document's name in the centre.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far it has heard: text without control characters, of less than 512 bytes. Empty: nothing yet.
    #[must_use]
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The next request. `token`: what [`Centre::token`] read, where [`Centre::login`] is `Some`.
    /// `now`: milliseconds since the Unix epoch, which Apollo's signature needs.
    pub fn ask(&mut self, centre: &Centre, token: Option<&str>, now: u64) -> Call {
        let _ = (centre, token, now);
        todo!()
    }

    /// Reads the reply to what was asked last.
    pub fn hear(&mut self, centre: &Centre, reply: &Reply) -> Heard {
        let _ = (centre, reply);
        todo!()
    }
}
