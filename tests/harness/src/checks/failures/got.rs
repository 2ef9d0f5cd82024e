//! What a request got.

use std::fmt;

use crate::client::Reply;

/// What a request of a user got whom the policy has on v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Got {
    /// v2, and its tag: the module has decided.
    Canary,
    /// The baseline, without a tag: as if there was no module.
    Baseline,
    /// This status, of Envoy's own.
    Status(u16),
    /// No answer, or half of one.
    Broken,
    /// What nobody is to get.
    Other,
}

impl Got {
    /// Whether the module has decided, as the policy says.
    pub(super) fn is_canary(self) -> bool {
        self == Self::Canary
    }

    pub(super) fn of<E>(answer: &Result<Reply, E>) -> Self {
        let Ok(reply) = answer else {
            return Self::Broken;
        };
        let seen = reply.seen("x-gray-version");
        let tags: Vec<_> = seen.iter().map(Vec::as_slice).collect();
        match (reply.version(), &*tags) {
            (Some("v2"), [b"v2"]) if reply.is_success() => Self::Canary,
            (Some("v1"), []) if reply.is_success() => Self::Baseline,
            (None, _) if reply.status >= 400 => Self::Status(reply.status),
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Got {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canary => to.write_str("v2"),
            Self::Baseline => to.write_str("baseline"),
            Self::Status(status) => write!(to, "{status}"),
            Self::Broken => to.write_str("cut off"),
            Self::Other => to.write_str("something else"),
        }
    }
}
