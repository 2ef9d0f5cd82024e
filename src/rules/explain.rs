//! What a decision saw, for people: each condition and key, how it came out, and what the request
//! had there. The answers are those of the code that decides; only the looking is told here.

use super::condition::Condition;
use super::source::Source;
use super::split::Key;
use super::{Rule, Split};
use crate::moment::Moment;
use crate::request::Request;

/// How a condition came out.
#[derive(Debug)]
pub(crate) struct Trace {
    /// Whether it holds.
    pub(crate) holds: bool,
    /// What the request has at the place that it looks at; `None` where it looks at no place of its
    /// own.
    pub(crate) had: Option<Vec<String>>,
    /// The conditions in it, in the policy's order.
    pub(crate) parts: Vec<Trace>,
}

/// What a key found.
#[derive(Debug)]
pub(crate) struct KeyTrace {
    /// What the request has there; the first is what counts.
    pub(crate) had: Vec<String>,
    /// The user's bucket, if this key gives one.
    pub(crate) bucket: Option<u32>,
}

impl Rule {
    /// How its `when` came out. `None`: it concerns everybody.
    pub(crate) fn explain<'r>(
        &'r self,
        request: &impl Request<'r>,
        moment: Moment,
    ) -> Option<Trace> {
        self.when.as_ref().map(|when| when.explain(request, moment))
    }
}

impl Condition {
    fn explain<'r>(&'r self, request: &impl Request<'r>, moment: Moment) -> Trace {
        let of = |conditions: &'r [Self]| {
            conditions
                .iter()
                .map(|each| each.explain(request, moment))
                .collect()
        };
        let (had, parts) = match self {
            Self::Text { source, .. } => (Some(source.values(request)), Vec::new()),
            Self::SourceIp(_) => (Some(address(request)), Vec::new()),
            // What the wall clock and the proxy are is no part of the request.
            Self::Time(_) | Self::Proxy(_) => (None, Vec::new()),
            Self::All(conditions) | Self::Any(conditions) => (None, of(conditions)),
            Self::Not(condition) => (None, vec![condition.explain(request, moment)]),
        };
        Trace {
            holds: self.holds(request, moment),
            had,
            parts,
        }
    }
}

impl Split {
    /// What each key found, as far as they are tried.
    pub(crate) fn explain<'r>(&'r self, request: &impl Request<'r>) -> Vec<KeyTrace> {
        let mut found = false;
        let tried = self.keys().iter().map_while(|key| {
            let bucket = (!found).then(|| self.bucket_by(key, request))?;
            found = bucket.is_some();
            let had = match key {
                Key::Text(source) => source.values(request),
                Key::SourceIp => address(request),
            };
            Some(KeyTrace {
                had,
                bucket: bucket.map(crate::Bucket::number),
            })
        });
        tried.collect()
    }
}

impl Source {
    fn values<'r>(&'r self, request: &impl Request<'r>) -> Vec<String> {
        let mut values = Vec::new();
        self.any(request, &mut |value| {
            values.push(match str::from_utf8(value) {
                Ok(text) => text.to_owned(),
                Err(_) => value.escape_ascii().to_string(),
            });
            false
        });
        values
    }
}

fn address<'r>(request: &impl Request<'r>) -> Vec<String> {
    let address = request.source_ip().map(|address| address.to_canonical());
    address.iter().map(ToString::to_string).collect()
}
