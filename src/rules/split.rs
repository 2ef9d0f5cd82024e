//! Sticky splits: who a user is, and which part of the buckets each version has.

use std::ops::Range;
use std::sync::Arc;

use super::checks::{not_empty, one_of};
use super::source::Source;
use super::{Headers, Version, name};
use crate::bucket::{Bucket, SCALE};
use crate::error::{Error, Place};
use crate::limits::MAX_KEYS;
use crate::policy::{Key as KeyDocument, Missing, Number, Text};
use crate::request::Request;

/// A part of all users, in buckets: `0..=SCALE`, 0.001 % each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

/// The buckets of one version.
#[derive(Debug)]
pub struct Slice {
    version: Arc<Version>,
    share: Share,
    buckets: Range<u32>,
}

/// A sticky split.
#[derive(Debug)]
pub struct Split {
    by: Box<[Key]>,
    salt: Box<str>,
    slices: Box<[Slice]>,
    pub(crate) missing: Missing,
}

#[derive(Debug)]
pub(super) enum Key {
    Text(Source),
    SourceIp,
}

impl Share {
    /// Every user.
    pub const ALL: Self = Self(SCALE);

    /// The share of a percentage from 0 to 100 with at most three decimals.
    pub(super) fn from_percent(place: &Place<'_>, Number(percent): Number) -> Result<Self, Error> {
        if percent > 100.0 {
            return Err(place.error(format!("{percent} is above 100")));
        }
        if percent < 0.0 {
            return Err(place.error(format!("{percent} is below 0")));
        }
        // `-0` is 0.
        let percent = percent.abs();
        // Both the document's decimal and this quotient are the nearest double to the same number,
        // so they are equal just when the decimal has no more than three places.
        let thousandths = (percent * 1_000.0).round();
        if (thousandths / 1_000.0).to_bits() != percent.to_bits() {
            return Err(place.error(format!(
                "{percent} has more than three decimals; the smallest step is 0.001"
            )));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 100,000 by the checks above"
        )]
        Ok(Self(thousandths as u32))
    }

    /// The share in percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }

    /// How many buckets it has, in `0..=SCALE`.
    #[must_use]
    pub fn buckets(self) -> u32 {
        self.0
    }
}

impl Slice {
    /// Whose it is.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// How much of all users it has.
    #[must_use]
    pub fn share(&self) -> Share {
        self.share
    }

    /// Its buckets.
    #[must_use]
    pub fn buckets(&self) -> Range<u32> {
        self.buckets.clone()
    }
}

impl Split {
    pub(super) fn new(
        by: Box<[Key]>,
        salt: Box<str>,
        shares: Vec<(Arc<Version>, Share)>,
        missing: Missing,
    ) -> Self {
        Self {
            by,
            salt,
            slices: lay_out(shares),
            missing,
        }
    }

    /// The bucket of the request's user: by the first key that is there and not empty.
    pub(crate) fn bucket(&self, request: &impl Request) -> Option<Bucket> {
        self.by.iter().find_map(|key| self.bucket_by(key, request))
    }

    /// The bucket by one key, if it is there and not empty.
    pub(super) fn bucket_by(&self, key: &Key, request: &impl Request) -> Option<Bucket> {
        let mut bucket = None;
        match key {
            Key::Text(source) => {
                source.any(request, &mut |value| {
                    bucket = (!value.is_empty()).then(|| Bucket::of(&self.salt, value));
                    true
                });
            }
            Key::SourceIp => {
                let address = request.source_ip().map(|address| address.to_canonical());
                bucket = address.map(|ip| Bucket::of(&self.salt, ip.to_string().as_bytes()));
            }
        }
        bucket
    }

    /// The version that has the bucket. `None`: it is the baseline's.
    pub(crate) fn version(&self, bucket: Bucket) -> Option<&Version> {
        let slice = |slice: &&Slice| slice.buckets.contains(&bucket.number());
        self.slices.iter().find(slice).map(Slice::version)
    }

    /// The keys, in the order in which they are tried.
    #[cfg(feature = "cli")]
    pub(super) fn keys(&self) -> &[Key] {
        &self.by
    }

    /// What makes the split independent of others.
    #[must_use]
    pub fn salt(&self) -> &str {
        &self.salt
    }

    /// The versions' parts, in the policy's order. What they leave is the baseline's.
    #[must_use]
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }
}

/// Gives each share its buckets: the first grows from the bottom, the second from the top, any
/// further one after the first. So with one or two canaries a change of percentage moves just the
/// users it must, and none from canary to canary.
fn lay_out(shares: Vec<(Arc<Version>, Share)>) -> Box<[Slice]> {
    let mut bottom = 0u32;
    let slices = shares
        .into_iter()
        .enumerate()
        .map(|(at, (version, share))| {
            let buckets = if at == 1 {
                SCALE.saturating_sub(share.0)..SCALE
            } else {
                let start = bottom;
                bottom = bottom.saturating_add(share.0);
                start..bottom
            };
            Slice {
                version,
                share,
                buckets,
            }
        });
    slices.collect()
}

/// Compiles `by`.
pub(super) fn keys(
    place: &Place<'_>,
    documents: Vec<KeyDocument>,
    headers: &Headers,
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
    keys.map(|(index, document)| key(&place.index(index), document, headers))
        .collect()
}

fn key(place: &Place<'_>, document: KeyDocument, headers: &Headers) -> Result<Key, Error> {
    enum Choice {
        Header(Text),
        Cookie(Text),
        Query(Text),
        SourceIp(bool),
    }
    let (field, choice) = one_of(
        place,
        [
            ("header", document.header.map(Choice::Header)),
            ("cookie", document.cookie.map(Choice::Cookie)),
            ("query", document.query.map(Choice::Query)),
            ("source_ip", document.source_ip.map(Choice::SourceIp)),
        ],
    )?;
    let place = place.field(field);
    Ok(match choice {
        Choice::Header(text) => Key::Text(Source::Header(headers.readable(&place, text)?)),
        Choice::Cookie(text) => Key::Text(Source::Cookie(name::key(&place, text)?)),
        Choice::Query(text) => Key::Text(Source::Query(name::key(&place, text)?)),
        Choice::SourceIp(true) => Key::SourceIp,
        Choice::SourceIp(false) => return Err(place.error("can only be `true`; leave it out")),
    })
}
