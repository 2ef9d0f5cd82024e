//! Sticky splits: who a user is, and how the user becomes a bucket.

use super::checks::{not_empty, one_of};
use super::keep::Keep;
use super::layout::{Hit, Layout, Slice};
use super::ramp::Ramp;
use super::source::Source;
use super::{Scope, Version, name};
use crate::bucket::{Bucket, Draw};
use crate::error::{Error, Place};
use crate::limits::MAX_KEYS;
use crate::moment::Moment;
use crate::policy::{Key as KeyDocument, Name, Text};
use crate::request::Request;

/// A sticky split.
#[derive(Debug)]
pub struct Split {
    by: Box<[Key]>,
    draw: Draw,
    layout: Layout,
    pub(crate) missing: Missing,
    pub(crate) keep: Option<Keep>,
}

/// What becomes of a request without a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It goes to the baseline.
    Baseline,
    /// The next rule is asked.
    Next,
    /// It draws.
    Random,
    /// It gets an id, in the cookie of this name.
    Mint(Box<str>),
}

#[derive(Debug)]
pub(super) enum Key {
    Text(Source),
    SourceIp,
}

impl Split {
    pub(super) fn new(
        by: Box<[Key]>,
        draw: Draw,
        layout: Layout,
        missing: Missing,
        keep: Option<Keep>,
    ) -> Self {
        Self {
            by,
            draw,
            layout,
            missing,
            keep,
        }
    }

    /// The bucket of the request's user: by the first key that is there and not empty.
    pub(crate) fn bucket<'r>(&'r self, request: &impl Request<'r>) -> Option<Bucket> {
        self.by.iter().find_map(|key| self.bucket_by(key, request))
    }

    /// The bucket by one key, if it is there and not empty.
    pub(super) fn bucket_by<'r>(&self, key: &'r Key, request: &impl Request<'r>) -> Option<Bucket> {
        let mut bucket = None;
        match key {
            Key::Text(source) => {
                source.any(request, &mut |value| {
                    bucket = (!value.is_empty()).then(|| self.bucket_of(value));
                    true
                });
            }
            Key::SourceIp => {
                let address = request.source_ip().map(|address| address.to_canonical());
                bucket = address.map(|ip| self.bucket_of(ip.to_string().as_bytes()));
            }
        }
        bucket
    }

    /// The bucket of a key.
    pub(crate) fn bucket_of(&self, key: &[u8]) -> Bucket {
        self.draw.bucket(key)
    }

    /// The version that has the bucket at a moment. `None`: it is the baseline's.
    pub(crate) fn hit(&self, bucket: Bucket, moment: Moment) -> Option<Hit<'_>> {
        self.layout.hit(bucket, moment)
    }

    /// How users become buckets.
    #[must_use]
    pub fn draw(&self) -> &Draw {
        &self.draw
    }

    /// The keys, in the order in which they are tried.
    #[cfg(feature = "tools")]
    pub(super) fn keys(&self) -> &[Key] {
        &self.by
    }

    /// The versions' parts at a moment, in milliseconds since the Unix epoch: shares in the policy's
    /// order, ranges from the bottom. What they leave is the baseline's.
    #[must_use]
    pub fn slices_at(&self, now: u64) -> Vec<Slice<'_>> {
        self.slices(Moment::at(now))
    }

    /// The same as the versions stand.
    pub(crate) fn slices(&self, moment: Moment) -> Vec<Slice<'_>> {
        self.layout.slices(moment)
    }

    /// The versions whose share moves with time.
    pub fn ramps(&self) -> impl Iterator<Item = (&Version, &Ramp)> {
        self.layout.ramps()
    }
}

/// Compiles `by`.
pub(super) fn keys(
    place: &Place<'_>,
    documents: Vec<KeyDocument>,
    scope: Scope<'_>,
) -> Result<Box<[Key]>, Error> {
    not_empty(
        place,
        &documents,
        "name at least one key, such as `header: x-user-id`",
    )?;
    if documents.len() > MAX_KEYS {
        return Err(place.error(format!(
            "has {} keys, above {MAX_KEYS}; leave some out",
            documents.len()
        )));
    }
    let keys = documents.into_iter().enumerate();
    keys.map(|(index, document)| key(&place.index(index), document, scope))
        .collect()
}

fn key(place: &Place<'_>, document: KeyDocument, scope: Scope<'_>) -> Result<Key, Error> {
    enum Choice {
        Header(Text),
        Cookie(Text),
        Query(Text),
        Claim(Name),
        SourceIp(bool),
    }
    let (field, choice) = one_of(
        place,
        [
            ("header", document.header.map(Choice::Header)),
            ("cookie", document.cookie.map(Choice::Cookie)),
            ("query", document.query.map(Choice::Query)),
            ("claim", document.claim.map(Choice::Claim)),
            ("source_ip", document.source_ip.map(Choice::SourceIp)),
        ],
    )?;
    let place = place.field(field);
    Ok(match choice {
        Choice::Header(text) => Key::Text(Source::Header(scope.header(&place, text)?)),
        Choice::Cookie(text) => Key::Text(Source::Cookie(name::key(&place, text)?)),
        Choice::Query(text) => Key::Text(Source::Query(name::key(&place, text)?)),
        Choice::Claim(name) => Key::Text(Source::Claim(scope.claim(&place, name)?)),
        Choice::SourceIp(true) => Key::SourceIp,
        Choice::SourceIp(false) => return Err(place.error("can only be `true`; leave it out")),
    })
}
