//! How values are written into requests.

use base64ct::{Base64, Encoding};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what RFC 3986 calls unreserved.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// In a key, slashes stay.
const KEY: &AsciiSet = &VALUE.remove(b'/');

/// As a value of a query or a form, or as a part of a path.
pub(super) fn query(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// As a path of several parts.
pub(super) fn path(key: &str) -> String {
    utf8_percent_encode(key, KEY).to_string()
}

/// Pairs as a form or a query has them. Names are written as they are.
pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", query(value)))
        .collect();
    pairs.join("&")
}

/// As the JSON of etcd has bytes.
pub(super) fn base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}
