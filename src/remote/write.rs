//! Writing a document to a centre, which only the command line does.

use super::{Call, Centre, Refused, Reply};

impl Centre {
    /// The requests that write the document, one after the other: each has to be answered as
    /// [`Centre::wrote`] wants before the next is sent. Most centres need one; Apollo two, the item
    /// and its release, both to its portal.
    ///
    /// `seen` is the cursor of what was read: if there is something else by now, the centre is to
    /// refuse. Empty, or the cursor of a document that was gone: it must not be there. `None`:
    /// whatever is there. Apollo, a Nacos before 2.0 and one where there was nothing write all the
    /// same; who reads again sees what became of it.
    ///
    /// # Errors
    ///
    /// A sentence: an Apollo without a portal; a web server whose document had no strong `ETag`,
    /// and so no way to tell whether it has changed.
    pub fn write(
        &self,
        name: &str,
        document: &[u8],
        seen: Option<&str>,
        token: Option<&str>,
    ) -> Result<Vec<Call>, String> {
        let _ = (name, document, seen, token);
        todo!()
    }

    /// Reads the reply to one of [`Centre::write`].
    ///
    /// # Errors
    ///
    /// It was not written; [`Refused::Changed`]: somebody was first.
    pub fn wrote(&self, reply: &Reply) -> Result<(), Refused> {
        let _ = reply;
        todo!()
    }

    /// Bytes that a document may have there as the centre comes, and what says so.
    #[must_use]
    pub fn most(&self) -> (usize, &'static str) {
        todo!()
    }
}
