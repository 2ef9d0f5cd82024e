//! The ways in which a canary fails, and which requests are rescued from each.

use std::fmt;
use std::ops::RangeInclusive;

use crate::client::{Reply, Visit};

/// A kind of request.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) method: &'static str,
    /// Its body's length.
    pub(super) length: usize,
}

/// Fits into what the sample keeps of a request.
const SMALL: usize = 1_000;
/// Does not.
const LARGE: usize = 1_000_000;

pub(super) const ASKS: [Ask; 5] = [
    Ask::GET,
    Ask::of("PUT", SMALL),
    Ask::of("PUT", LARGE),
    Ask::of("POST", SMALL),
    Ask::of("POST", LARGE),
];

impl Ask {
    pub(super) const GET: Self = Self::of("GET", 0);

    const fn of(method: &'static str, length: usize) -> Self {
        Self { method, length }
    }

    fn is_repeatable(&self) -> bool {
        self.method != "POST" && self.length < LARGE
    }

    /// Whether the backend got every byte; it answers only once it has what was announced.
    pub(super) fn arrived_whole(&self, reply: &Reply) -> bool {
        let announced = reply.seen("content-length");
        self.length == 0 || announced == [self.length.to_string().as_bytes()]
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.length {
            0 => out.write_str(self.method),
            length => write!(out, "{} of {length} bytes", self.method),
        }
    }
}

/// How v2 fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It answers 503.
    Status,
    /// It breaks the connection once it has the request.
    Reset,
    /// It never answers.
    Hang,
    /// Nobody listens, and no health check has noticed.
    Refused,
    /// A health check has noticed.
    NoHealthyHost,
    /// Its cluster is not there.
    NoCluster,
    /// The policy names a cluster that nobody has.
    UnknownName,
}

impl Failure {
    /// The visit, and v2 fails it.
    pub(super) fn of(self, visit: Visit) -> Visit {
        let visit = visit.to(&self.path());
        match self {
            Self::Status => visit.with("x-backend-status", "v2=503"),
            Self::Reset => visit.with("x-backend-reset", "v2"),
            Self::Hang => visit.with("x-backend-delay-ms", "v2=60000"),
            Self::Refused | Self::NoHealthyHost | Self::NoCluster | Self::UnknownName => visit,
        }
    }

    /// What is asked for, so that logs tell one failure from another.
    pub(super) fn path(self) -> String {
        format!("/{self:?}")
    }

    /// How many requests of a kind fail although the sample rescues.
    pub(super) fn with_rescue(self, ask: &Ask) -> Failed {
        match self {
            Self::Status | Self::Reset | Self::Hang if ask.is_repeatable() => Failed::None,
            Self::Status | Self::Reset | Self::Hang => Failed::All,
            // Whether more has come than is kept when the refusal comes.
            Self::Refused if ask.length == LARGE => Failed::Some,
            Self::Refused | Self::NoHealthyHost | Self::NoCluster | Self::UnknownName => {
                Failed::None
            }
        }
    }

    /// What v2's guard counts of so many requests: all of them, rescued or not, but those that
    /// nobody waited for, or Envoy itself has answered.
    pub(super) fn counted(self, asked: usize) -> RangeInclusive<usize> {
        let each = asked / ASKS.len();
        let of = |gone: fn(&&Ask) -> bool| asked - each * ASKS.iter().filter(gone).count();
        match self {
            Self::Hang => {
                let waited = of(|ask| ask.method == "POST");
                waited..=waited
            }
            // Where the body outgrows what is kept amid the retry, Envoy answers 507 by itself.
            Self::Refused => of(|ask| ask.length == LARGE)..=asked,
            _ => asked..=asked,
        }
    }

    /// What reaches both backends, of so many requests with and as many without rescue: of what is
    /// rescued each once more, and nothing else twice.
    pub(super) fn made(self, asked: usize) -> Option<usize> {
        let rescued = ASKS.iter().filter(|ask| ask.is_repeatable()).count();
        let rescued = asked / ASKS.len() * rescued;
        match self {
            Self::Status | Self::Reset | Self::Hang => Some(2 * asked + rescued),
            Self::Refused => None,
            Self::NoHealthyHost | Self::NoCluster | Self::UnknownName => Some(asked),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Status => "503",
            Self::Reset => "reset",
            Self::Hang => "no answer",
            Self::Refused => "refused",
            Self::NoHealthyHost => "no healthy host",
            Self::NoCluster => "no cluster v2",
            Self::UnknownName => "an unknown name",
        })
    }
}

/// How many of the same requests fail.
#[derive(Clone, Copy, Debug)]
pub(super) enum Failed {
    None,
    Some,
    All,
}
