//! Names: of services, versions, rules, headers and clusters.

use crate::error::{Error, Place};
use crate::limits::{MAX_CLUSTER_BYTES, MAX_KEY_NAME_BYTES, MAX_NAME_BYTES};
use crate::policy::{Name, Text};

/// Headers that a policy may not take for its own: writing them, and dropping a client's, would break
/// the request, say that it is somebody else's, or confuse the proxy's own bookkeeping.
const RESERVED: [&str; 37] = [
    // Where a message ends, and what holds for one connection.
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // Who asks, and for whom.
    "authorization",
    "cookie",
    "forwarded",
    "host",
    "origin",
    "proxy-authorization",
    "referer",
    "user-agent",
    "via",
    "x-real-ip",
    // What is asked for.
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "range",
    "x-http-method-override",
    // Which trace it belongs to.
    "b3",
    "baggage",
    "traceparent",
    "tracestate",
    "x-cloud-trace-context",
    "x-ot-span-context",
    "x-request-id",
    // Who may set what in a browser.
    "set-cookie",
];

/// The same, by how they begin.
const RESERVED_BEGINNINGS: [&str; 8] = [
    "access-control-",
    "grpc-",
    "if-",
    "sec-",
    "x-b3-",
    "x-envoy-",
    "x-forwarded-",
    "x-istio-",
];

/// Whether it can be the name of a service, version, rule or lane.
pub(crate) fn is_name(text: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(valid)
}

/// The name of a service, version or rule: it stands in a header and in metrics.
pub(super) fn name(place: &Place<'_>, Text(text): Text) -> Result<String, Error> {
    if is_name(&text) {
        Ok(text)
    } else {
        Err(place.wrong(
            &text,
            format!("is not a name; use 1 to {MAX_NAME_BYTES} of A-Z a-z 0-9 _ . -"),
        ))
    }
}

/// The name of a header to read, in lower case.
pub(super) fn header(place: &Place<'_>, Text(text): Text) -> Result<Box<str>, Error> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !(1..=MAX_KEY_NAME_BYTES).contains(&text.len()) || !text.bytes().all(token) {
        return Err(place.wrong(
            &text,
            format!(
                "is not the name of a header; use 1 to {MAX_KEY_NAME_BYTES} letters, digits and -"
            ),
        ));
    }
    let name = text.to_ascii_lowercase();
    if name == "host" {
        return Err(place.error("Envoy keeps \"host\" elsewhere; use a `host` condition"));
    }
    Ok(name.into())
}

/// The name of a header to write, in lower case.
pub(super) fn own_header(place: &Place<'_>, text: Text) -> Result<Box<str>, Error> {
    let lower = text.0.to_ascii_lowercase();
    let begins = |own: &&str| lower.starts_with(own);
    if RESERVED.contains(&lower.as_str()) || RESERVED_BEGINNINGS.iter().any(begins) {
        return Err(place.error(format!(
            "{lower:?} has a meaning of its own; take a header that nothing else uses"
        )));
    }
    header(place, text)
}

/// The name of a cookie or query parameter.
pub(super) fn key(place: &Place<'_>, Text(text): Text) -> Result<Box<[u8]>, Error> {
    let valid = |byte: u8| byte.is_ascii_graphic() && !b"=;&#".contains(&byte);
    if (1..=MAX_KEY_NAME_BYTES).contains(&text.len()) && text.bytes().all(valid) {
        Ok(text.into_bytes().into())
    } else {
        Err(place.wrong(&text, format!("is not the name of a cookie or query parameter; use 1 to {MAX_KEY_NAME_BYTES} visible ASCII \
             characters other than = ; & #"
        )))
    }
}

/// One name on the way to a claim, or of a label.
pub(super) fn claim(place: &Place<'_>, Text(text): Text) -> Result<Box<str>, Error> {
    // The host separates the names by NUL.
    if (1..=MAX_KEY_NAME_BYTES).contains(&text.len()) && !text.contains('\0') {
        Ok(text.into())
    } else {
        Err(place.wrong(
            &text,
            format!("is not the name of a claim or label; use 1 to {MAX_KEY_NAME_BYTES} bytes, none of them NUL"),
        ))
    }
}

/// A name that is one text.
pub(super) fn single(place: &Place<'_>, Name(names): Name) -> Result<Text, Error> {
    let [name] = <[Text; 1]>::try_from(names)
        .map_err(|_| place.error("only a claim's name may be a list; write one name"))?;
    Ok(name)
}

/// The name of a cluster: whatever a header can carry, since Istio's hold `|`.
pub(super) fn cluster(place: &Place<'_>, Text(text): Text) -> Result<Box<str>, Error> {
    if (1..=MAX_CLUSTER_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.into())
    } else {
        Err(place.wrong(
            &text,
            format!(
                "cannot be a cluster's name; use 1 to {MAX_CLUSTER_BYTES} visible ASCII characters"
            ),
        ))
    }
}
