//! Which service has a host: the first in the policy's order, found without trying each.

use std::collections::BTreeMap;

use crate::error::{Error, Place};
use crate::limits::MAX_HOST_NAME_BYTES;
use crate::policy::Text;
use crate::request::{Request, host_only};

/// Every service's hosts. Positions are those of the services in the policy.
#[derive(Debug, Default)]
pub(super) struct HostIndex {
    exact: BTreeMap<Box<[u8]>, usize>,
    /// `*.example.com` as `.example.com`.
    suffixes: BTreeMap<Box<[u8]>, usize>,
    /// The first service that has every host.
    every: Option<usize>,
}

impl HostIndex {
    /// Adds a service that has every host.
    pub(super) fn add_every(&mut self, service: usize) {
        self.every.get_or_insert(service);
    }

    /// Adds one host of a service. Where an earlier service has it, that one keeps it.
    pub(super) fn add(
        &mut self,
        place: &Place<'_>,
        Text(text): Text,
        service: usize,
    ) -> Result<(), Error> {
        let lower = text.to_ascii_lowercase();
        if lower == "*" {
            return Err(place.error("leave `hosts` out to match every host"));
        }
        let (index, host) = match lower.strip_prefix('*') {
            Some(suffix) if suffix.starts_with('.') => (&mut self.suffixes, suffix),
            _ => (&mut self.exact, lower.as_str()),
        };
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[:]".contains(&byte);
        let bare = *host_only(host.as_bytes()) == *host.as_bytes();
        if lower.starts_with('.')
            || host.len() > MAX_HOST_NAME_BYTES
            || host.trim_matches('.').is_empty()
            || !host.bytes().all(valid)
            || !bare
        {
            return Err(place.wrong(
                &text,
                format!(
                    "is not a host; write a name of at most {MAX_HOST_NAME_BYTES} bytes, without \
                     port, or `*.` before one"
                ),
            ));
        }
        match index.insert(host.as_bytes().into(), service) {
            Some(earlier) if earlier == service => {
                Err(place.wrong(&text, "stands twice; keep one"))
            }
            Some(earlier) => {
                index.insert(host.as_bytes().into(), earlier);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The first service that has the request's host.
    pub(super) fn find<'r>(&self, request: &impl Request<'r>) -> Option<usize> {
        // Nothing before the first service that has every host needs the host to be read.
        if self.every == Some(0) || (self.exact.is_empty() && self.suffixes.is_empty()) {
            return self.every;
        }
        let mut found = self.every;
        request.any_header(":authority", &mut |authority| {
            found = self.find_host(&host_only(authority));
            true
        });
        found
    }

    fn find_host(&self, host: &[u8]) -> Option<usize> {
        if host.len() > MAX_HOST_NAME_BYTES {
            return self.every;
        }
        let found = first(self.exact.get(host), self.every.as_ref());
        if self.suffixes.is_empty() {
            return found.copied();
        }
        let ends = (1..host.len()).filter_map(|at| host.get(at..));
        let suffixes = ends.filter(|end| end.starts_with(b"."));
        let suffixes = suffixes.filter_map(|end| self.suffixes.get(end));
        suffixes
            .fold(found, |found, at| first(found, Some(at)))
            .copied()
    }
}

/// The lesser of the two that are there.
fn first<'i>(one: Option<&'i usize>, other: Option<&'i usize>) -> Option<&'i usize> {
    one.into_iter().chain(other).min()
}
