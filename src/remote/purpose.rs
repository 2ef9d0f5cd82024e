//! What is asked, and what comes of it.

use super::kept::Subject;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To log in.
    LogIn,
    /// To hear of a document.
    Hear(Subject),
    /// To tell other proxies what this one has seen.
    Announce,
    /// To hear what others tell.
    List,
    /// To remove what a proxy told that is gone.
    Forget,
}

/// What there is to be told of a reply.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Something went wrong with a request: a sentence.
    Failed(Subject, String),
    /// A document is no good: a sentence. The last good one stays.
    Refused(Subject, String),
    /// The centre has no document of that name.
    Gone(Subject),
}
