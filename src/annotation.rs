//! What a decision tells access logs and traces, which is no part of the request: it reaches no
//! application.

use crate::bucket::Bucket;
use crate::decision::Decision;
use crate::wire;

/// What a decision tells access logs and traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Annotation<'r> {
    /// The service that the request is for. `None` where no service has its host.
    pub service: Option<&'r str>,
    /// The version that answers. `None` just where there is no service.
    pub version: Option<&'r str>,
    /// The rule that decided, where one did.
    pub rule: Option<&'r str>,
    /// Why: [`crate::Reason::name`].
    pub reason: &'static str,
    /// The user's bucket, where a split has decided by one.
    pub bucket: Option<Bucket>,
    /// The version that would have answered, were nothing a dry run. `None` where that is no other
    /// question.
    pub dry_run: Option<&'r str>,
}

impl<'r> From<&Decision<'r>> for Annotation<'r> {
    fn from(decision: &Decision<'r>) -> Self {
        Self {
            service: decision.service(),
            version: decision.version(),
            rule: decision.rule(),
            reason: decision.reason().name(),
            bucket: decision.bucket(),
            // The first that was asked: it would have decided, and no other one been asked.
            dry_run: decision.dry_runs().first().map(|dry| dry.version),
        }
    }
}

impl Annotation<'_> {
    /// As a `google.protobuf.Struct`, which access logs show as an object. What is `None` is absent.
    #[must_use]
    pub fn to_struct(&self) -> Vec<u8> {
        let mut object = Vec::with_capacity(USUAL);
        if let Some(bucket) = self.bucket {
            entry(&mut object, "bucket", wire::DOUBLE);
            wire::double(&mut object, 2, bucket.number().into());
        }
        let texts = [
            ("dry_run", self.dry_run),
            ("reason", Some(self.reason)),
            ("rule", self.rule),
            ("service", self.service),
            ("version", self.version),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                entry(&mut object, name, wire::size(text.len()));
                wire::delimited(&mut object, 3, text.as_bytes());
            }
        }
        object
    }
}

/// Bytes that are mostly enough.
const USUAL: usize = 192;

/// Begins an entry of `message Struct { map<string, Value> fields = 1; }`, whose value takes so many
/// bytes.
fn entry(object: &mut Vec<u8>, name: &str, value: usize) {
    let size = wire::size(name.len()).saturating_add(wire::size(value));
    wire::head(object, 1, size);
    wire::delimited(object, 1, name.as_bytes());
    wire::head(object, 2, value);
}
